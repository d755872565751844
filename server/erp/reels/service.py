"""Codes come on a reel by a table, and go from it to the units of a work order: the first to the first unit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from orderlight.autoid import identify_epc
from server.catalog.models import Product
from server.erp.production.models import Identifier, WorkOrder
from server.erp.production.resolve import scheme_of
from server.erp.reels import repository
from server.erp.reels.models import ReelCode
from server.erp.reels.places import places
from server.errors import FieldError, Invalid, Refused
from server.journal.audit import write_audit
from server.messages import translate as _


@dataclass(frozen=True, slots=True)
class Dealing:
    """A work order that is being released, and the reel that its units take codes from."""

    reel: str
    work_order: WorkOrder
    product: Product


def deal(session: Session, dealing: Dealing, *, actor: str, now: datetime) -> int:
    """Let the next codes of the reel name the units, which are stored; answers how many.

    Raises Invalid where there is no such reel, Refused where it has too few codes or those of another product.
    """
    reel, product = dealing.reel, dealing.product
    if not repository.exists(session, reel):
        message = _("There is no reel {reel}. Import its codes first.").format(reel=reel)
        raise Invalid(message, errors=[FieldError("reel", message, "unknown")], reason="unknown_reel")
    units = [place for place in places(session, dealing.work_order.number) if not place.has_code]
    free = repository.lock_free(session, reel)
    if len(free) < len(units):
        message = _(
            "Codes left on the reel {reel}: {codes}. Units of {product} that want one: {units}. Take a longer reel."
        )
        values = {"reel": reel, "codes": len(free), "units": len(units), "product": product.sku}
        raise Refused(message.format(**values), reason="reel_short")
    dealt = [(code, value, unit.id) for unit, codes in zip(units, free, strict=False) for code, value in codes]
    _require_product(reel, product, (value for _code, value, _unit in dealt))
    rows = [
        {"scheme": scheme_of(value), "value": value, "unit_id": unit, "active": True} for _code, value, unit in dealt
    ]
    if rows:
        session.connection().execute(insert(Identifier), rows)
    repository.take_off(session, [(code, unit) for code, _value, unit in dealt])
    detail = {"reel": reel, "units": len(units)}
    subject = f"work_order:{dealing.work_order.number}"
    write_audit(session, at=now, actor=actor, action="reel_dealt", subject=subject, detail=detail)
    return len(units)


def store(session: Session, found: Mapping[str, Iterable[Iterable[str]]]) -> None:
    """Put new codes behind the last on their reels: for each reel its places, for each place its values."""
    rows = []
    for reel, labels in found.items():
        last = repository.last_place(session, reel)
        rows += [
            {"reel": reel, "place": place, "value": value}
            for place, values in enumerate(labels, last + 1)
            for value in values
        ]
    if rows:
        session.connection().execute(insert(ReelCode), rows)


def _require_product(reel: str, product: Product, values: Iterable[str]) -> None:
    """A label that says another trade item must not get onto the goods."""
    for value in values:
        gtin = _gtin_of(value)
        if gtin is not None and product.gtin is not None and gtin != product.gtin:
            message = _("The reel {reel} holds codes of {other}, and {product} is {gtin}. Take another.")
            told = message.format(reel=reel, other=gtin, product=product.sku, gtin=product.gtin)
            raise Refused(told, reason="reel_of_another")


def _gtin_of(value: str) -> str | None:
    if value.startswith("epc:"):
        return identify_epc(value.removeprefix("epc:")).keys.get("gtin")
    return value[3:17] if value.startswith("01/") else None
