"""Every query about reels."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from server.erp.production.models import IN_USE, Identifier
from server.erp.reels.models import ReelCode

#: A reel, how many places it had, and how many of them are still on it.
Counted = tuple[str, int, int]


def reels(
    session: Session, *, free: bool = False, after: str | None = None, limit: int = 200
) -> tuple[list[Counted], bool]:
    """Reels by name, and whether more follow; with `free`, those alone that hold codes still."""
    left = func.count(ReelCode.place.distinct()).filter(ReelCode.unit_id.is_(None))
    statement = select(ReelCode.reel, func.count(ReelCode.place.distinct()), left).group_by(ReelCode.reel)
    if free:
        statement = statement.having(left > 0)
    if after is not None:
        statement = statement.where(ReelCode.reel > after)
    rows = [
        (reel, codes, rest) for reel, codes, rest in session.execute(statement.order_by(ReelCode.reel).limit(limit + 1))
    ]
    return rows[:limit], len(rows) > limit


def exists(session: Session, reel: str) -> bool:
    """Whether a code was ever on this reel."""
    return session.scalar(select(ReelCode.id).where(ReelCode.reel == reel).limit(1)) is not None


def last_place(session: Session, reel: str) -> int:
    """The last place that is taken, 0 on a new reel."""
    return session.scalar(select(func.max(ReelCode.place)).where(ReelCode.reel == reel)) or 0


def reels_of(session: Session, values: Collection[str]) -> Mapping[str, str]:
    """The reels of those of the values that are on one."""
    statement = select(ReelCode.value, ReelCode.reel).where(ReelCode.value.in_(values))
    return dict(iter(session.execute(statement)))


def lock_free(session: Session, reel: str) -> list[list[tuple[int, str]]]:
    """The codes that are on the reel still, place by place, with their ids; others wait until this is through.

    A place of which a code names a unit already, by the inbox or a table, is passed over.
    """
    free = (ReelCode.reel == reel) & ReelCode.unit_id.is_(None)
    statement = select(ReelCode.place, ReelCode.id, ReelCode.value).where(free).order_by(ReelCode.place, ReelCode.id)
    found: dict[int, list[tuple[int, str]]] = {}
    for place, code_id, value in session.execute(statement.with_for_update()):
        found.setdefault(place, []).append((code_id, value))
    bound = select(ReelCode.place).join(Identifier, (Identifier.value == ReelCode.value) & IN_USE).where(free)
    taken = set(session.scalars(bound))
    return [codes for place, codes in found.items() if place not in taken]


def take_off(session: Session, dealt: Sequence[tuple[int, int]]) -> None:
    """Note to which unit each of these codes went, by their ids."""
    if dealt:
        session.execute(update(ReelCode), [{"id": code_id, "unit_id": unit_id} for code_id, unit_id in dealt])
