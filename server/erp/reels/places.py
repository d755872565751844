"""The units of a work order in their order, and which of them a reel has given a code."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from orderlight.autoid import identify_epc
from server.erp.production.models import IN_USE, Identifier, Unit, WorkOrder
from server.http.numbers import body
from server.tracking.states import UnitState


@dataclass(frozen=True, slots=True)
class Place:
    """A unit of the work order, and whether a reel has given it a code before."""

    id: int
    number: str
    has_code: bool


def places(session: Session, number: str) -> Sequence[Place]:
    """The units of a work order that are not scrap; none where there is no such work order."""
    # The lock holds off a second reel for the same units until this one is dealt.
    work_order = session.scalar(select(WorkOrder.id).where(WorkOrder.number == number).with_for_update())
    units = (
        select(Unit.id, Unit.number, Identifier.value)
        .outerjoin(Identifier, (Identifier.unit_id == Unit.id) & IN_USE)
        .where(Unit.work_order_id == work_order, Unit.state != UnitState.SCRAPPED)
        .order_by(Unit.position, Unit.id)
    )
    values: dict[tuple[int, str], list[str]] = {}
    for unit_id, unit, value in session.execute(units):
        values.setdefault((unit_id, unit), []).append(value or "")
    return [Place(unit_id, unit, _has_code(unit, found)) for (unit_id, unit), found in values.items()]


def _has_code(unit: str, values: Collection[str]) -> bool:
    """Whether one of the values is not of those that every unit gets at its release, which hold its own number."""
    serial = body(unit)
    return any(value and not _is_of_release(value, serial) for value in values)


def _is_of_release(value: str, serial: str) -> bool:
    if value.startswith("epc:"):
        return identify_epc(value.removeprefix("epc:")).keys.get("serial") == serial
    return value == f"ol:U{serial}" or value.endswith(f"/21/{serial}")
