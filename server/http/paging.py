"""Pages of a list by keyset: the next page begins after the last thing of this one, whatever came meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.errors import FieldError, Invalid
from server.messages import translate as _

T = TypeVar("T")

#: Rows take longer to draw than to find, and nobody reads more at a glance.
DEFAULT_LIMIT = 25
MAX_LIMIT = 200

#: PostgreSQL takes no NUL in text, and a number has no control characters.
CLEAN = r"^[^\x00-\x1f\x7f]*$"
Number = Annotated[str, Path(max_length=160, pattern=CLEAN)]
Text = Annotated[str | None, Query(max_length=80, pattern=CLEAN)]
After = Annotated[str | None, Query(max_length=80, pattern=CLEAN, description="The number that ended the page before.")]
#: Lists that run from the newest backwards are cut at a row id, which is a signed 64-bit number.
Before = Annotated[int | None, Query(ge=0, le=2**63 - 1)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many at most.")]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a list, and whether more follows."""

    items: Sequence[T]
    more: bool


@dataclass(frozen=True, slots=True)
class Keyset:
    """How a list is cut: by rising row id, named at the outside by a number or key."""

    id: InstrumentedAttribute[int]
    name: InstrumentedAttribute[str]
    #: Rows that the caller may know of; a page cannot be asked for after any other.
    visible: ColumnElement[bool] | None = None

    def page(self, session: Session, statement: Select[T], *, after: str | None, limit: int) -> Page[T]:
        """One page of the statement; raises Invalid when `after` names nothing."""
        if after is not None:
            statement = statement.where(self.id > self.position(session, after))
        rows = session.scalars(statement.order_by(self.id).limit(limit + 1)).all()
        return Page(rows[:limit], more=len(rows) > limit)

    def position(self, session: Session, after: str) -> int:
        """The row id that `after` names; raises Invalid when it names nothing the caller may know of."""
        statement = select(self.id).where(self.name == after)
        if self.visible is not None:
            statement = statement.where(self.visible)
        position = session.scalar(statement)
        if position is None:
            message = _("The page after {after!r} cannot be found; expected the `next` of the page before.").format(
                after=after
            )
            raise Invalid(errors=[FieldError("after", message)])
        return position


def as_json(items: Sequence[dict[str, Any]], *, more: bool, name: str = "number") -> dict[str, Any]:
    """The body of a list; `next` names the last thing of the page, or is None on the last page."""
    return {"items": list(items), "next": items[-1][name] if more else None}
