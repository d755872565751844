"""Every query about reason codes."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.erp.reasons.models import ReasonCode
from server.http.paging import Keyset, Page


def reasons(
    session: Session, *, kind: str | None, active: bool | None, after: str | None, limit: int
) -> Page[ReasonCode]:
    """A page of reason codes, by age."""
    statement = select(ReasonCode)
    if kind is not None:
        statement = statement.where(ReasonCode.kind == kind)
    if active is not None:
        statement = statement.where(ReasonCode.active == active)
    return Keyset(ReasonCode.id, ReasonCode.code).page(session, statement, after=after, limit=limit)


def all_reasons(session: Session) -> Sequence[ReasonCode]:
    """Every reason code, by kind and age."""
    return session.scalars(select(ReasonCode).order_by(ReasonCode.kind, ReasonCode.id)).all()


def reasons_in_use(session: Session, kind: str | None = None) -> Sequence[ReasonCode]:
    """The reasons to choose from, by age."""
    statement = select(ReasonCode).where(ReasonCode.active).order_by(ReasonCode.kind, ReasonCode.id)
    return session.scalars(statement if kind is None else statement.where(ReasonCode.kind == kind)).all()


def reason(session: Session, code: str, *, lock: bool = False) -> ReasonCode | None:
    """The reason of this code."""
    statement = select(ReasonCode).where(ReasonCode.code == code)
    return session.scalars(statement.with_for_update() if lock else statement).one_or_none()
