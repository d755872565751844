"""What somebody searches for, and the conditions by which it is found without reading every row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.elements import True_

from server.auth.principal import Principal
from server.db.texts import begins, holds
from server.erp.orders.access import of_orders
from server.erp.orders.models import SalesOrder
from server.http.text import fold
from server.parties.models import Customer


@dataclass(frozen=True, slots=True)
class Asked:
    """One search: whose, for what."""

    session: Session
    principal: Principal
    visible: ColumnElement[bool]
    text: str
    names: Sequence[str]
    limit: int

    @property
    def sees_all(self) -> bool:
        """Whether every order exists for the caller; what one customer has is little enough to be read through."""
        return isinstance(self.visible, True_)

    def number(self, column: InstrumentedAttribute[Any], prefix: str) -> ColumnElement[bool]:
        """The number begins with the text, or is the number behind a scanned code."""
        if not self.sees_all:
            return or_(column.icontains(self.text, autoescape=True), column.in_(self.names))
        texts = self.names or (self.text, f"{prefix}-{self.text}")
        return begins(self.session, column, *texts, most=self.limit)

    def part(self, column: InstrumentedAttribute[Any], text: str) -> ColumnElement[bool]:
        """The column of one of the newest rows holds the text."""
        if not self.sees_all:
            return column.icontains(text, autoescape=True)
        return holds(self.session, column, text, newest=self.limit)

    def ids(self, row: Any, *conditions: ColumnElement[bool], seen: ColumnElement[bool] | None = None) -> set[int]:
        """The newest visible rows that fulfil any condition, each asked for alone, for each has its own index."""
        if seen is None:
            seen = self.visible if row is SalesOrder else of_orders(row.order_id, self.visible)
        found: set[int] = set()
        for condition in conditions:
            statement = select(row.id).where(condition, seen).order_by(row.id.desc()).limit(self.limit)
            found |= set(self.session.scalars(statement))
        return found

    def customers(self) -> list[int]:
        """Customers whose name begins with the text or holds it."""
        name, text = Customer.search_name, fold(self.text)
        begun = select(Customer.id).where(begins(self.session, name, text, most=self.limit))
        held = select(Customer.id).where(holds(self.session, name, text, newest=self.limit))
        held = held.order_by(Customer.id.desc()).limit(self.limit)
        return [*self.session.scalars(begun), *self.session.scalars(held)]

    def named(self, owner: InstrumentedAttribute[int]) -> ColumnElement[bool]:
        """What belongs to such customers."""
        if self.sees_all:
            return owner.in_(self.customers())
        alike = Customer.search_name.contains(fold(self.text), autoescape=True)
        return exists().where(Customer.id == owner, alike)
