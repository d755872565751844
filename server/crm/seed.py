"""What a demo needs beside the factory: prospects, a record entered twice, consents, and what was said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from server.crm.interactions import InteractionIn, Kind, write_down
from server.erp.seed import ACTOR, DemoWorld
from server.parties import repository
from server.parties.consents import give_consent
from server.parties.models import Customer
from server.parties.people_schemas import AddressBody, ConsentIn, ContactBody, present
from server.parties.schemas import CustomerIn
from server.parties.service import create_customer
from server.parties.states import Purpose

_PROSPECTS = (
    CustomerIn(
        name="Fjordlys Marine",
        segment="marine",
        language="en",
        currency="NOK",
        contacts=[ContactBody(name="Workshop", email="workshop@fjordlys.example", role="Engineering", preferred=True)],
        addresses=[AddressBody(kind="delivery", lines="Kaia 7", city="Ålesund", postal_code="6002", country="NO")],
    ),
    # Entered a second time by somebody who did not look: the page of suspects shows it.
    CustomerIn(
        name="AURORA BIKES AB",
        segment="bicycles",
        vat_number="SE556677889901",
        contacts=[ContactBody(name="Fair stand", email="fair@aurora-bikes.example", role="Marketing")],
        is_distinct=True,
    ),
)


@dataclass(frozen=True, slots=True)
class _Said:
    """So many days ago, somebody wrote this down."""

    customer: str
    days: float
    kind: Kind
    text: str
    direction: Literal["in", "out"] | None = None


_SAID = (
    _Said("Aurora Bikes", 21, Kind.MEETING, "Spring models shown. They want mint as a fourth colour from March."),
    _Said("Aurora Bikes", 6, Kind.CALL, "Asks whether AB-7741 can leave a day early. Promised an answer.", "in"),
    _Said("Aurora Bikes", 5, Kind.MESSAGE, "A day early is possible for the first twelve frames.", "out"),
    _Said("Nordwind Energie", 12, Kind.CALL, "Husum changes its gate hours: deliveries only until 15:00.", "in"),
    _Said("Nordwind Energie", 3, Kind.NOTE, "New buyer from next month; keep the offer on paper until then."),
    _Said("Kestrel Rail", 2, Kind.CALL, "Drawing of the boarding step is being checked, answer by Friday.", "in"),
    _Said("Fjordlys Marine", 9, Kind.MEETING, "Met at the fair. Looks for sensor mounts that stand salt water."),
    _Said("Fjordlys Marine", 1, Kind.MESSAGE, "Sent the data sheet of MOUNT-WIND.", "out"),
)


def seed_relations(session: Session, world: DemoWorld, now: datetime) -> Sequence[Customer]:
    """Add prospects and what was said to a seeded factory, and return the prospects; the edge commits."""
    made = [create_customer(session, body, actor=ACTOR, now=now) for body in _PROSPECTS]
    # What others did with them meanwhile may have let go of their contacts.
    numbers = [customer.number for customer in (*world.customers.values(), *made)]
    known = {customer.name: customer for customer in repository.customers_by_number(session, numbers).values()}
    for said in _SAID:
        body = InteractionIn(
            kind=said.kind, text=said.text, direction=said.direction, at=now - timedelta(days=said.days),
            contact=present(known[said.customer])[0].id,
        )  # fmt: skip
        write_down(session, known[said.customer], body, actor=ACTOR, now=now)
    for name, purpose in (("Aurora Bikes", Purpose.NEWS), ("Nordwind Energie", Purpose.OFFERS)):
        consent = ConsentIn(contact=present(known[name])[0].id, purpose=purpose, source="Trade fair")
        give_consent(session, known[name], consent, actor=ACTOR, now=now)
    return made
