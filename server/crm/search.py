"""Finding quotes and cases beside what lives in ERP, with one ranking for all."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.crm.cases.access import visible_cases
from server.crm.cases.models import Case
from server.crm.quotes.access import visible_quotes
from server.crm.quotes.models import Quote
from server.erp import search as erp
from server.erp.search import Hit
from server.erp.search_terms import Asked
from server.parties.models import Customer


def search(session: Session, principal: Principal, text: str, *, limit: int = 20) -> list[Hit]:
    """Everything that the caller may know of and the text means, exact matches first."""
    return erp.search(session, principal, text, limit=limit, more=(_quotes, _cases))


def _quotes(asked: Asked) -> Iterable[Hit]:
    begun, reference = asked.number(Quote.number, "Q"), asked.part(Quote.customer_reference, asked.text)
    ids = asked.ids(Quote, begun, reference, asked.named(Quote.customer_id), seen=visible_quotes(asked.principal))
    statement = (
        select(Quote.number, Customer.name)
        .join(Customer, Customer.id == Quote.customer_id)
        .where(Quote.id.in_(ids))
        .order_by(Quote.id.desc())
        .limit(asked.limit)
    )
    for number, name in asked.session.execute(statement):
        yield Hit("quote", number, number, name)


def _cases(asked: Asked) -> Iterable[Hit]:
    begun, subject = asked.number(Case.number, "CS"), asked.part(Case.subject, asked.text)
    ids = asked.ids(Case, begun, subject, seen=visible_cases(asked.principal))
    statement = select(Case.number, Case.subject).where(Case.id.in_(ids)).order_by(Case.id.desc()).limit(asked.limit)
    for number, about in asked.session.execute(statement):
        yield Hit("case", number, number, about)
