"""Finding quotes and cases beside what lives in ERP, with one ranking for all."""

from collections.abc import Iterable

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.crm.cases.access import visible_cases
from server.crm.cases.models import Case
from server.crm.quotes.access import visible_quotes
from server.crm.quotes.models import Quote
from server.erp import search as erp
from server.erp.search import Asked, Hit
from server.http.text import fold
from server.parties.models import Customer


def search(session: Session, principal: Principal, text: str, *, limit: int = 20) -> list[Hit]:
    """Everything that the caller may know of and the text means, exact matches first."""
    return erp.search(session, principal, text, limit=limit, more=(_quotes, _cases))


def _quotes(asked: Asked) -> Iterable[Hit]:
    named = Customer.search_name.contains(fold(asked.text), autoescape=True)
    reference = Quote.customer_reference.icontains(asked.text, autoescape=True)
    statement = (
        select(Quote.number, Customer.name)
        .join(Customer, Customer.id == Quote.customer_id)
        .where(visible_quotes(asked.principal), or_(asked.number(Quote.number), reference, named))
        .order_by(Quote.id.desc())
        .limit(asked.limit)
    )
    for number, name in asked.session.execute(statement):
        yield Hit("quote", number, number, name)


def _cases(asked: Asked) -> Iterable[Hit]:
    subject = Case.subject.icontains(asked.text, autoescape=True)
    statement = (
        select(Case.number, Case.subject)
        .where(visible_cases(asked.principal), or_(asked.number(Case.number), subject))
        .order_by(Case.id.desc())
        .limit(asked.limit)
    )
    for number, about in asked.session.execute(statement):
        yield Hit("case", number, number, about)
