"""Codes of a reel dealt to the units of a work order: the first code to the first unit that has none, and so on."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from orderlight.autoid import identify_epc
from server.erp.imports.report import RowError
from server.erp.production.models import IN_USE, Identifier, Unit, WorkOrder
from server.http.numbers import body
from server.messages import translate as _
from server.tracking.naming import Named
from server.tracking.states import UnitState


@dataclass(frozen=True, slots=True)
class Wanted:
    """One code, and the number of the unit that it shall name, or of the work order whose unit it shall."""

    line: int
    column: str
    unit: str
    work_order: str
    named: Named


@dataclass(frozen=True, slots=True)
class _Place:
    """A unit of the work order, and whether a reel has given it a code before."""

    id: int
    number: str
    has_code: bool


def deal(
    session: Session, wanted: Sequence[Wanted], owners: Mapping[str, int], errors: list[RowError]
) -> tuple[list[Wanted], int]:
    """The codes with the units they go to, and how many stay on their reels; a reel too short is a mistake."""
    found, spare = [each for each in wanted if not each.work_order], 0
    for number in dict.fromkeys(each.work_order for each in wanted if each.work_order):
        reel = [each for each in wanted if each.work_order == number]
        places = _places(session, number)
        if not places:
            message = _("There is no work order {number} with units. Check the number, or release it first.")
            errors.append(RowError(reel[0].line, "work_order", message.format(number=number[:40])))
            continue
        known = _known(reel, places, owners)
        rest = [line for line in dict.fromkeys(each.line for each in reel) if line not in known]
        free = [place for place in places if not place.has_code and place.number not in known.values()]
        if len(rest) < len(free):
            message = _("{number} has {units} units without a code, and the reel holds {codes}. Take a longer one.")
            values = {"number": number[:40], "units": len(free), "codes": len(rest)}
            errors.append(RowError(reel[-1].line, "work_order", message.format(**values)))
            continue
        dealt = known | {line: place.number for line, place in zip(rest, free, strict=False)}
        found += [replace(each, unit=dealt[each.line]) for each in reel if each.line in dealt]
        spare += len(rest) - len(free)
    return found, spare


def _known(reel: Sequence[Wanted], places: Sequence[_Place], owners: Mapping[str, int]) -> dict[int, str]:
    """Lines whose codes name units of the work order already: a file that comes twice deals nothing anew."""
    numbers = {place.id: place.number for place in places}
    owned = [(each.line, owners.get(each.named.values[0])) for each in reel]
    return {line: numbers[owner] for line, owner in owned if owner in numbers}


def _places(session: Session, number: str) -> list[_Place]:
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
    return [_Place(unit_id, unit, _has_code(unit, found)) for (unit_id, unit), found in values.items()]


def _has_code(unit: str, values: Collection[str]) -> bool:
    """Whether one of the values is not of those that every unit gets at its release, which hold its own number."""
    serial = body(unit)
    return any(value and not _is_of_release(value, serial) for value in values)


def _is_of_release(value: str, serial: str) -> bool:
    if value.startswith("epc:"):
        return identify_epc(value.removeprefix("epc:")).keys.get("serial") == serial
    return value == f"ol:U{serial}" or value.endswith(f"/21/{serial}")
