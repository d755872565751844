"""What is stored about one person at a customer: given out as a whole, or erased (GDPR, articles 15, 17 and 20)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Text, delete, func, or_, select, type_coerce, update
from sqlalchemy.orm import Session

from server.auth.models import User
from server.crm.cases import repository as cases
from server.crm.interactions import InteractionOut
from server.crm.models import Interaction
from server.crm.quotes.repository import erase_author, said_by
from server.db import touch
from server.erp.orders.models import SalesOrder
from server.errors import Refused
from server.journal import facts
from server.journal.audit import write_audit
from server.journal.models import ABOUT_RECORDS, Fact, IdempotencyKey
from server.messages import translate as _
from server.parties import matching, people, repository
from server.parties.models import Contact, Customer
from server.parties.people_schemas import ConsentOut, ContactBody, present
from server.parties.service import mark_changed
from server.parties.states import PartyFact
from server.tracking.states import OrderLifecycle

_OVER = (OrderLifecycle.DONE.value, OrderLifecycle.CANCELLED.value)
#: What stands in the place of what was said with an erased person.
ERASED_TEXT = "-"


def export_person(
    session: Session, customer: Customer, contact: Contact, *, actor: str, now: datetime
) -> dict[str, Any]:
    """Everything about the person as JSON; that it was given out stands in the audit."""
    subject = f"{customer.number}/contact:{contact.id}"
    write_audit(session, at=now, actor=actor, action="person_exported", subject=subject, detail={"fields": ["all"]})
    return {
        "exported_at": now.isoformat(),
        "customer": {"number": customer.number, "name": customer.name},
        "person": ContactBody.of(contact).model_dump(mode="json"),
        "consents": [
            ConsentOut.of(consent).model_dump(mode="json")
            for consent in repository.consents(session, customer.id)
            if consent.contact_id == contact.id
        ],
        "interactions": [InteractionOut.of(row).model_dump(mode="json") for row in _said(session, contact.id)],
        "quote_messages": [
            {"quote": number, "version": said.version, "at": said.created_at.isoformat(), "body": said.body}
            for number, said in said_by(session, customer.id, contact.name)
        ],
        "case_messages": [
            {"case": number, "at": said.created_at.isoformat(), "body": said.body}
            for number, said in cases.said_by(session, customer.id, contact.name)
        ],
        "logins": [
            {"login": user.login, "name": user.name, "active": user.active, "last_login_at": _iso(user.last_login_at)}
            for user in _logins(session, contact)
        ],
        "facts": [
            {"kind": fact.kind, "recorded_at": fact.recorded_at.isoformat(), "detail": fact.detail}
            for fact in _facts(session, customer.number, contact.id)
        ],
    }


def why_not_erase(session: Session, customer: Customer, contact: Contact) -> str | None:
    """Why the person cannot be erased now, in words; None when nothing stands against it."""
    others = [each for each in present(customer) if each.id != contact.id]
    count = _open_orders(session, customer.id)
    if count and not others:
        return _(
            "{customer} has {count} open orders, and {name} is the only one to turn to. Enter another contact first, "
            "or finish the orders."
        ).format(customer=customer.number, count=count, name=contact.name)
    active = [user.login for user in _logins(session, contact) if user.active]
    if active:
        return _("{name} signs in as {login}. Disable that login first.").format(
            name=contact.name, login=", ".join(active)
        )
    return None


def erase_person(session: Session, customer: Customer, contact: Contact, *, actor: str, now: datetime) -> None:
    """Overwrite all that is known of the person, in what was said, too; raises Refused."""
    because = why_not_erase(session, customer, contact)
    if because is not None:
        raise Refused(because, reason="still_needed")
    session.execute(
        update(Interaction)
        .where(Interaction.contact_id == contact.id)
        .values(text=ERASED_TEXT)
        .execution_options(synchronize_session="fetch")
    )
    _forget_answers(session, contact)
    erase_author(session, customer.id, contact.name, text=ERASED_TEXT)
    cases.erase_author(session, customer.id, contact.name, text=ERASED_TEXT)
    ended = people.erase_contact(session, contact, actor=actor, now=now)
    mark_changed(customer)
    matching.index(session, customer)
    detail = {"contact": contact.id, "consents_ended": [consent.purpose for consent in ended]}
    kind = PartyFact.CONTACT_ERASED
    facts.write_about(session, kind, customer.number, actor=actor, now=now, detail=detail)
    subject = f"{customer.number}/contact:{contact.id}"
    write_audit(session, at=now, actor=actor, action=kind.value, subject=subject, detail=detail)
    touch(session, f"customer:{customer.number}", "customers")


def _forget_answers(session: Session, contact: Contact) -> None:
    """Answers that are kept a day for retried requests must not outlive the person."""
    body = type_coerce(IdempotencyKey.body, Text)
    traces = [trace for trace in (contact.email, contact.phone) if trace]
    if traces:
        session.execute(
            delete(IdempotencyKey)
            .where(or_(*(body.contains(trace, autoescape=True) for trace in traces)))
            .execution_options(synchronize_session=False)
        )


def _said(session: Session, contact_id: int) -> Sequence[Interaction]:
    statement = select(Interaction).where(Interaction.contact_id == contact_id)
    return session.scalars(statement.order_by(Interaction.at, Interaction.id)).all()


def _logins(session: Session, contact: Contact) -> Sequence[User]:
    """Logins of this customer that are the person's, by e-mail address or by name."""
    mine = func.lower(User.login) == (contact.email or "").lower()
    named = (User.name == contact.name) & (User.customer_id == contact.customer_id)
    return session.scalars(select(User).where(mine | named).order_by(User.id)).all()


def _facts(session: Session, number: str, contact_id: int) -> list[Fact]:
    statement = (
        select(Fact)
        .where(ABOUT_RECORDS, Fact.subject == number)
        .where(Fact.kind.in_([kind.value for kind in PartyFact]))
        .order_by(Fact.id)
    )
    return [fact for fact in session.scalars(statement) if fact.detail.get("contact") == contact_id]


def _open_orders(session: Session, customer_id: int) -> int:
    mine = (SalesOrder.customer_id == customer_id, SalesOrder.lifecycle.not_in(_OVER))
    return session.scalar(select(func.count()).select_from(SalesOrder).where(*mine)) or 0


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
