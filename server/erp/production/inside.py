"""Units with numbers of their own that are built into a lot: which of them go along with a part of it."""

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.catalog.models import Product
from server.erp.production.models import Identifier, Unit
from server.erp.production.resolve import identifier_values
from server.erp.stock.genealogy import NET, USED
from server.erp.stock.models import StockMove
from server.errors import Refused
from server.http.fields import plain
from server.messages import translate as _
from server.tracking.states import UnitState

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a unit is meant, None for all, and the numbers or codes of the units inside that go along.

    None says nothing about them, which is refused where there are any; an empty list says that none goes along.
    """

    quantity: Decimal | None = None
    inside: Collection[str] | None = None


ALL = Share()


def going_along(session: Session, lot: Unit, share: Share) -> Sequence[Unit]:
    """The units inside that go along with this part of the lot, locked; raises Refused when they do not fit."""
    inside = _inside(session, lot)
    values = {"unit": lot.number, "quantity": plain(share.quantity or _ONE)}
    if share.inside is None:
        if not inside:
            return ()
        message = _(
            "{unit} holds units with numbers of their own. Scan those that go along with the {quantity} on its page."
        )
        raise Refused(message.format(**values), reason="holds_units")
    chosen = _named(session, lot, inside, share.inside)
    _require_fitting(session, lot, share, (inside, chosen))
    return chosen


def _inside(session: Session, lot: Unit) -> Sequence[Unit]:
    statement = select(Unit).where(Unit.parent_id == lot.id, Unit.state == UnitState.CONSUMED.value)
    return session.scalars(statement.order_by(Unit.id).with_for_update()).all()


def _named(session: Session, lot: Unit, inside: Sequence[Unit], codes: Collection[str]) -> Sequence[Unit]:
    """Those of the units inside that these numbers or codes mean, by one query."""
    by_number = {unit.number: unit for unit in inside}
    by_id = {unit.id: unit for unit in inside}
    statement = select(Identifier.value, Identifier.unit_id).where(Identifier.unit_id.in_(by_id), Identifier.active)
    by_value = {value: by_id[unit_id] for value, unit_id in session.execute(statement)} if by_id else {}
    chosen: dict[int, Unit] = {}
    for code in codes:
        meant = [by_value[value] for value in identifier_values(code) if value in by_value]
        found = by_number.get(code.strip().upper()) or next(iter(meant), None)
        if found is None:
            message = _("{code} is not built into {unit}. Scan what goes along with the part, nothing else.")
            raise Refused(message.format(code=code, unit=lot.number), reason="not_inside")
        chosen[found.id] = found
    return [chosen[unit_id] for unit_id in sorted(chosen)]


def _require_fitting(session: Session, lot: Unit, share: Share, units: tuple[Sequence[Unit], Sequence[Unit]]) -> None:
    """Neither the part nor the rest holds more units of a product than its pieces took of that product."""
    inside, chosen = (Counter(unit.product_id for unit in found) for found in units)
    whole, part = lot.quantity or _ONE, share.quantity or _ONE
    for product_id, took, name in _taken(session, lot, inside):
        here, there = chosen[product_id], inside[product_id] - chosen[product_id]
        most, rest = math.ceil(took * part / whole), math.ceil(took * (whole - part) / whole)
        if here <= most and there <= rest:
            continue
        message = _(
            "{quantity} of {unit} take {least} to {most} of {product} along; {count} were named. Scan each that goes."
        )
        values = {"quantity": plain(part), "unit": lot.number, "product": name, "count": here}
        least = max(0, inside[product_id] - rest)
        raise Refused(message.format(**values, least=least, most=most), reason="wrong_units")


def _taken(session: Session, lot: Unit, products: Collection[int | None]) -> list[tuple[int, Decimal, str]]:
    """How much the lot took of each of these products, with its name."""
    statement = (
        select(Product.id, func.coalesce(NET, 0), Product.name)
        .outerjoin(StockMove, (StockMove.product_id == Product.id) & (StockMove.unit_id == lot.id) & USED)
        .where(Product.id.in_(found for found in products if found is not None))
        .group_by(Product.id, Product.name)
        .order_by(Product.id)
    )
    return [(product_id, Decimal(took), name) for product_id, took, name in session.execute(statement)]
