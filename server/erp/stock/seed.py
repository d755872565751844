"""Stock of the demo factory: locations, what was delivered in lots, one count, and levels to order at."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from server.erp.seed import ACTOR
from server.erp.stock import repository, service
from server.erp.stock.rules import MoveKind
from server.erp.stock.schemas import ItemPatch, LocationIn, MoveIn

_LOCATIONS = (
    ("goods-in", "Goods in"),
    ("rack-1", "Tube rack"),
    ("rack-2", "Sheet rack"),
    ("line-side", "Line side"),
    ("paint-store", "Paint store"),
)
#: So many days ago: material, lot, quantity, where, delivery note.
_RECEIPTS = (
    (34, "TUBE-34", "T26-0412", "900", "rack-1", "LS 88120"),
    (9, "TUBE-34", "T26-0477", "1500", "rack-1", "LS 88341"),
    (27, "SHEET-2", "S-5521", "240", "rack-2", "4711/26"),
    (4, "SHEET-2", "S-5540", "120", "goods-in", "4790/26"),
    (41, "BOLT-M8", "B8-2209", "10000", "line-side", "90021"),
    (20, "CARTON-L", None, "180", "line-side", "K-1180"),
    (12, "ENAMEL", None, "100", "paint-store", "FL 2207"),
    (30, "RIM-28", "R28-11", "200", "goods-in", "RM 5512"),
)
_LEVELS = (("TUBE-34", 500), ("SHEET-2", 100), ("BOLT-M8", 4000), ("CARTON-L", 200), ("ENAMEL", 30), ("RIM-28", 80))


def seed_stock(session: Session, now: datetime) -> None:
    """Add stock to a seeded factory; the edge commits."""
    for key, name in _LOCATIONS:
        service.create_location(session, LocationIn(key=key, name=name), actor=ACTOR, now=now)
    for days, product, lot, quantity, target, reference in sorted(_RECEIPTS, key=lambda row: -row[0]):
        receipt = MoveIn(
            product=product, kind=MoveKind.RECEIPT, lot=lot, quantity=Decimal(quantity), target=target,
            reference=reference,
        )  # fmt: skip
        service.move_stock(session, receipt, actor=ACTOR, now=now - timedelta(days=days))
    counted = MoveIn(
        product="CARTON-L", kind=MoveKind.COUNT, quantity=Decimal(172), target="line-side", cause="Monthly count"
    )
    service.move_stock(session, counted, actor=ACTOR, now=now - timedelta(days=2))
    for sku, level in _LEVELS:
        found = repository.item(session, sku)
        assert found is not None
        body = ItemPatch(reorder_level=Decimal(level))
        service.edit_item(session, found[0], body, sku=sku, actor=ACTOR, now=now)
