"""Codes of a reel dealt to the units of a work order: the first code to the first unit that has none, and so on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from server.erp.imports.report import RowError
from server.erp.reels.places import Place, places
from server.messages import translate as _
from server.tracking.naming import Named


@dataclass(frozen=True, slots=True)
class Wanted:
    """One code, and the unit that it shall name, the work order whose unit it shall, or the reel it waits on."""

    line: int
    column: str
    unit: str
    work_order: str
    reel: str
    named: Named


def deal(
    session: Session, wanted: Sequence[Wanted], owners: Mapping[str, int], errors: list[RowError]
) -> tuple[list[Wanted], int]:
    """The codes with the units they go to, and how many stay on their reels; a reel too short is a mistake."""
    found, spare = [each for each in wanted if not each.work_order], 0
    for number in dict.fromkeys(each.work_order for each in wanted if each.work_order):
        reel = [each for each in wanted if each.work_order == number]
        units = places(session, number)
        if not units:
            message = _("There is no work order {number} with units. Check the number, or release it first.")
            errors.append(RowError(reel[0].line, "work_order", message.format(number=number[:40])))
            continue
        known = _known(reel, units, owners)
        rest = [line for line in dict.fromkeys(each.line for each in reel) if line not in known]
        free = [place for place in units if not place.has_code and place.number not in known.values()]
        if len(rest) < len(free):
            message = _("{number} has {units} units without a code, and the reel holds {codes}. Take a longer one.")
            values = {"number": number[:40], "units": len(free), "codes": len(rest)}
            errors.append(RowError(reel[-1].line, "work_order", message.format(**values)))
            continue
        dealt = known | {line: place.number for line, place in zip(rest, free, strict=False)}
        found += [replace(each, unit=dealt[each.line]) for each in reel if each.line in dealt]
        spare += len(rest) - len(free)
    return found, spare


def _known(reel: Sequence[Wanted], units: Sequence[Place], owners: Mapping[str, int]) -> dict[int, str]:
    """Lines whose codes name units of the work order already: a file that comes twice deals nothing anew."""
    numbers = {place.id: place.number for place in units}
    owned = [(each.line, owners.get(each.named.values[0])) for each in reel]
    return {line: numbers[owner] for line, owner in owned if owner in numbers}
