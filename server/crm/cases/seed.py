"""Cases for the demo factory: one that waits for us, and one that was put right."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.crm.cases import service
from server.crm.cases.models import Case
from server.crm.cases.schemas import CaseIn
from server.crm.cases.service import Speaker
from server.parties.models import Customer


def seed_cases(session: Session, now: datetime) -> Sequence[Case]:
    """Add them to a seeded factory; the edge commits."""
    return [_scratches(session, now), _labels(session, now)]


def _scratches(session: Session, now: datetime) -> Case:
    buyer = _buyer(session, "Astrid Lund", of="Aurora Bikes")
    body = CaseIn(subject="Scratches under the paint", body="Two of the frames show scratches near the saddle tube.")
    case = service.create_case(session, body, buyer, now=now - timedelta(days=2))
    asked = Speaker(service.SERVICE, "Service", "user:service", now - timedelta(days=1, hours=6))
    service.reply(session, case, "I am sorry to hear that. Can you tell us the serial numbers?", asked, ask=True)
    service.reply(session, case, "They are on the photo of the box label.", Speaker.of(buyer, now - timedelta(hours=5)))
    return case


def _labels(session: Session, now: datetime) -> Case:
    buyer = _buyer(session, "Einkauf", of="Nordwind Energie")
    body = CaseIn(subject="Labels hard to read", body="The labels on the last boxes are too pale for our scanners.")
    case = service.create_case(session, body, buyer, now=now - timedelta(days=9))
    ours = Speaker(service.SERVICE, "Service", "user:service", now - timedelta(days=8))
    service.reopen(session, case, ours)
    service.resolve(session, case, "The print head is renewed, and new labels are on their way to you.", ours)
    return case


def _buyer(session: Session, name: str, *, of: str) -> Principal:
    customer_id = session.scalars(select(Customer.id).where(Customer.name == of)).one()
    return Principal(kind="user", actor=f"user:{name}", name=name, role="customer", customer_id=customer_id)
