"""What people allow and withdraw; each a fact that names the row of the person, never the person."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.db import touch
from server.errors import FieldError, Invalid, NotFound
from server.journal import facts
from server.parties import repository
from server.parties.models import Consent, Customer
from server.parties.people import find_contact
from server.parties.people_schemas import ConsentIn
from server.parties.states import PartyFact


def give_consent(session: Session, customer: Customer, body: ConsentIn, *, actor: str, now: datetime) -> Consent:
    """Write the consent down; one for the same purpose that holds already is returned as it is."""
    try:
        contact = find_contact(customer, body.contact)
    except NotFound as error:
        raise Invalid(errors=[FieldError("contact", error.detail, "unknown")]) from error
    held = next(
        (each for each in repository.open_consents(session, contact.id) if each.purpose == body.purpose.value), None
    )
    if held is not None:
        return held
    consent = Consent(
        customer_id=customer.id,
        contact_id=contact.id,
        purpose=body.purpose.value,
        source=body.source,
        given_at=now,
        given_by=actor,
    )
    session.add(consent)
    session.flush()
    _note(session, customer, consent, PartyFact.CONSENT_GIVEN, actor=actor, now=now)
    return consent


def withdraw_consent(session: Session, customer: Customer, consent: Consent, *, actor: str, now: datetime) -> None:
    """The consent ends; one that ended before stays as it is."""
    if consent.withdrawn_at is None:
        consent.withdrawn_at, consent.withdrawn_by = now, actor
        session.flush()
        _note(session, customer, consent, PartyFact.CONSENT_WITHDRAWN, actor=actor, now=now)


def _note(
    session: Session, customer: Customer, consent: Consent, kind: PartyFact, *, actor: str, now: datetime
) -> None:
    detail = {"contact": consent.contact_id, "purpose": consent.purpose}
    facts.write_about(session, kind, customer.number, actor=actor, now=now, detail=detail)
    touch(session, f"customer:{customer.number}")
