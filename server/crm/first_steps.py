"""How far a newcomer has come with his own factory: what exists, in the order in which it is needed."""

from dataclasses import dataclass

from sqlalchemy import SQLColumnExpression, exists, func, literal, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import Select

from server.catalog.models import Product, RoutingOperation, WorkCenter
from server.db import Base
from server.erp.floor.models import ReadPoint, Station
from server.erp.orders.models import SalesOrder
from server.journal.models import EventRecord, Gateway
from server.parties.models import Customer, Site
from server.tracking.states import Status

#: Nobody who has more of a thing needs to know here how many there are, and so the database does not count on.
COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Step:
    """One step by its name, and how many of its things there are, counted up to `COUNTED` and one more."""

    key: str
    count: int

    @property
    def is_counted(self) -> bool:
        """Whether there are just as many as `count` says; else there are more than `COUNTED`."""
        return self.count <= COUNTED

    @property
    def done(self) -> bool:
        """Whether it was taken."""
        return self.count > 0


def first_steps(session: Session) -> list[Step]:
    """The steps in order, from the name of the site to the first scan that moved something."""
    return [Step(key, session.execute(statement).scalar_one()) for key, statement in _STATEMENTS]


def _count(table: type[Base], *conditions: SQLColumnExpression[bool]) -> Select[int]:
    some = select(literal(1)).select_from(table).where(*conditions).limit(COUNTED + 1)
    return select(func.count()).select_from(some.subquery())


_MADE_BY_A_ROUTING = exists().where(RoutingOperation.product_id == Product.id)
#: The first rows say as much as all of them, and a busy table is not counted through.
_APPLIED = select(EventRecord.id).where(EventRecord.status == Status.APPLIED.value).limit(1).subquery()

_STATEMENTS: tuple[tuple[str, Select[int]], ...] = (
    ("site", _count(Site)),
    ("work_center", _count(WorkCenter)),
    ("product", _count(Product, Product.made, _MADE_BY_A_ROUTING)),
    ("station", _count(Station, Station.active)),
    ("read_point", _count(ReadPoint, ReadPoint.active)),
    ("gateway", _count(Gateway, Gateway.retired_at.is_(None))),
    ("customer", _count(Customer)),
    ("order", _count(SalesOrder)),
    ("release", _count(SalesOrder, SalesOrder.released_at.is_not(None))),
    ("scan", select(func.count()).select_from(_APPLIED)),
)
