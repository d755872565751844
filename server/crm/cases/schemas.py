"""What programs send and get about cases."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import StringConstraints

from server.crm.cases.models import Case, CaseMessage
from server.crm.cases.rules import CasePriority
from server.http.fields import Name, Note, Patch, Shown, Strict

RecordNumber = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")]
Login = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class CaseIn(Strict):
    """A new case. A customer opens his own; our people say whose it is, or name the order."""

    subject: Name
    body: Note
    customer: RecordNumber | None = None
    order: RecordNumber | None = None
    unit: RecordNumber | None = None
    priority: CasePriority = CasePriority.NORMAL


class CasePatch(Patch):
    """What our people may change."""

    emptyable = frozenset({"assigned_to"})

    subject: Name | None = None
    priority: CasePriority | None = None
    assigned_to: Login | None = None


class ReplyBody(Strict):
    """What is said; `ask` tells that the customer's answer is waited for."""

    body: Note
    ask: bool = False


class ResolveBody(Strict):
    """What was done about it, in words for the customer."""

    body: Note


class CaseMessageOut(Shown):
    """One message; a customer is told which side wrote it, and not the names of our people."""

    id: int
    side: str
    author: str | None
    body: str
    at: datetime

    @classmethod
    def of(cls, row: CaseMessage, *, internal: bool) -> Self:
        """The answer for a row."""
        author = row.author if internal or row.side == "customer" else None
        return cls(id=row.id, side=row.side, author=author, body=row.body, at=row.created_at)


class CaseRow(Shown):
    """A case in a list."""

    internal = frozenset({"priority", "assigned_to"})

    number: str
    customer: str
    order: str | None
    unit: str | None
    subject: str
    state: str
    priority: str | None
    assigned_to: str | None
    created_at: datetime
    moved_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None
    row_version: int

    @classmethod
    def of(cls, case: Case, *, internal: bool) -> Self:
        """The case as its reader may see it; it is wholly loaded."""
        return cls(
            number=case.number,
            customer=case.customer.number,
            order=case.order.number if case.order is not None else None,
            unit=case.unit.number if case.unit is not None else None,
            subject=case.subject,
            state=case.state,
            priority=case.priority if internal else None,
            assigned_to=case.assigned_to if internal else None,
            created_at=case.created_at,
            moved_at=case.moved_at,
            resolved_at=case.resolved_at,
            closed_at=case.closed_at,
            row_version=case.row_version,
        )


class CaseOut(CaseRow):
    """A case with what was said."""

    messages: list[CaseMessageOut] = []


class CaseList(Shown):
    """A page of cases."""

    items: Sequence[CaseRow]
    next: str | None = None
