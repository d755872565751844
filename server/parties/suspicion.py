"""Which customers look alike, kept by whoever writes their traits, so that nobody compares everybody with everybody."""

from typing import Final

from sqlalchemy import case, delete, func, insert, or_, select
from sqlalchemy.orm import Session, aliased

from server.parties.models import MatchKey, SuspectPair
from server.parties.weights import SUSPECT, WEIGHTS

#: A trait that so many share, such as the switchboard of an office building, tells nothing about any of them.
COMMON: Final = 12


def forget(session: Session, customer_id: int) -> None:
    """Nobody looks like this customer any more."""
    of_his = or_(SuspectPair.low_id == customer_id, SuspectPair.high_id == customer_id)
    session.execute(delete(SuspectPair).where(of_his).execution_options(synchronize_session=False))


def suspect(session: Session, customer_id: int) -> None:
    """Note anew whoever looks like this customer, whose traits are written."""
    forget(session, customer_id)
    own, other, counted = aliased(MatchKey), aliased(MatchKey), aliased(MatchKey)
    shared_by = (
        select(func.count())
        .where(counted.kind == own.kind, counted.value == own.value)
        .correlate(own)
        .scalar_subquery()
    )
    weight = func.sum(case(WEIGHTS, value=own.kind, else_=0))
    statement = (
        select(other.customer_id, weight.label("weight"))
        .join(own, (own.kind == other.kind) & (own.value == other.value))
        .where(own.customer_id == customer_id, other.customer_id != customer_id, shared_by <= COMMON)
        .group_by(other.customer_id)
        .having(weight >= SUSPECT)
    )
    rows = [
        {"low_id": min(customer_id, one), "high_id": max(customer_id, one), "weight": int(weight)}
        for one, weight in session.execute(statement)
    ]
    if rows:
        session.execute(insert(SuspectPair), rows)
