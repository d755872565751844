"""Codes of a reel that no work order has been chosen for yet: they wait until one is released from it."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from server.erp.imports.reels import Wanted
from server.erp.imports.report import Outcome, RowError
from server.erp.reels import repository, service
from server.erp.reels.models import ReelCode
from server.messages import translate as _

#: As the column of the table takes it.
_LONGEST: int = ReelCode.reel.type.length


def keep(
    session: Session, wanted: Sequence[Wanted], owners: Mapping[str, int], errors: list[RowError]
) -> list[Outcome]:
    """Put the codes on their reels in the order of the file; a file that comes twice changes nothing."""
    stored = repository.reels_of(session, {each.named.values[0] for each in wanted})
    seen: dict[str, str] = {}
    fresh: dict[str, dict[int, list[str]]] = {}
    outcomes: list[Outcome] = []
    for each in wanted:
        value = each.named.values[0]
        if stored.get(value) == each.reel and value not in seen:
            seen[value] = each.reel
            outcomes.append("unchanged")
            continue
        problem = _problem(each, seen.get(value) or stored.get(value), owners.get(value))
        if problem is not None:
            errors.append(problem)
            continue
        seen[value] = each.reel
        fresh.setdefault(each.reel, {}).setdefault(each.line, []).append(value)
        outcomes.append("created")
    if not errors:
        service.store(session, {reel: lines.values() for reel, lines in fresh.items()})
    return outcomes


def _problem(each: Wanted, on_reel: str | None, owner: int | None) -> RowError | None:
    if len(each.reel) > _LONGEST or not each.reel.isprintable():
        message = _("Expected at most {most} letters for the name of a reel, got {reel!r}.")
        return RowError(each.line, "reel", message.format(most=_LONGEST, reel=each.reel[:60]))
    if on_reel is not None:
        message = _("{code} is on the reel {reel} already. Check the label.")
        return RowError(each.line, each.column, message.format(code=each.named.shown, reel=on_reel))
    if owner is not None:
        message = _("{code} names a unit already. Check the label.")
        return RowError(each.line, each.column, message.format(code=each.named.shown))
    return None
