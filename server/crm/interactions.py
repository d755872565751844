"""Notes, calls, messages and meetings: written down once, never changed."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from sqlalchemy.orm import Session

from server.crm.models import Interaction
from server.db import touch
from server.errors import FieldError, Invalid, NotFound
from server.http.fields import AwareTime, Shown, Strict, several_lines
from server.messages import translate as _
from server.parties.models import Customer
from server.parties.people import find_contact

#: A letter of several pages; more than that belongs into a document.
LONGEST = 10_000
#: Clocks differ a little; what lies further ahead has not been said yet.
_AHEAD = timedelta(minutes=10)


class Kind(StrEnum):
    """What somebody wrote down."""

    NOTE = "note"
    CALL = "call"
    MESSAGE = "message"
    MEETING = "meeting"


class InteractionIn(Strict):
    """What was said, and when; now unless `at` says otherwise."""

    kind: Kind = Kind.NOTE
    text: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST), AfterValidator(several_lines)]
    direction: Literal["in", "out"] | None = None
    at: AwareTime | None = None
    contact: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None

    @model_validator(mode="after")
    def _directed(self) -> Self:
        if self.kind in (Kind.CALL, Kind.MESSAGE) and self.direction is None:
            raise ValueError(_("A call or a message needs its direction: in or out."))
        return self


class InteractionOut(Shown):
    """One of them as programs see it."""

    id: int
    kind: str
    direction: str | None
    text: str
    at: datetime
    recorded_at: datetime
    recorded_by: str
    contact: int | None

    @classmethod
    def of(cls, row: Interaction) -> Self:
        """The answer for a row."""
        own = {field: getattr(row, field) for field in cls.model_fields if field != "contact"}
        return cls(**own, contact=row.contact_id)


def write_down(session: Session, customer: Customer, body: InteractionIn, *, actor: str, now: datetime) -> Interaction:
    """Keep what was said with a customer whose contacts are loaded; raises Invalid."""
    at = body.at or now
    if at > now + _AHEAD:
        raise Invalid(errors=[FieldError("at", _("This time has not come yet. Write down what has happened."))])
    if body.contact is not None:
        _require_contact(customer, body.contact)
    row = Interaction(
        customer_id=customer.id,
        contact_id=body.contact,
        kind=body.kind.value,
        direction=None if body.kind == Kind.NOTE else body.direction,
        text=body.text,
        at=at,
        recorded_at=now,
        recorded_by=actor,
    )
    session.add(row)
    session.flush()
    touch(session, f"customer:{customer.number}")
    return row


def _require_contact(customer: Customer, contact_id: int) -> None:
    try:
        find_contact(customer, contact_id)
    except NotFound as error:
        raise Invalid(errors=[FieldError("contact", error.detail, "unknown")]) from error
