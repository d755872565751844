"""What programs send and get about changes after release."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from server.catalog.packaging_schemas import PictureHash
from server.erp.changes.models import ChangeRequest, RepackTask
from server.erp.changes.rules import CUSTOMER_FIELDS, OUR_WORDS, PLAIN_FIELDS, SPEC_FIELDS, Origin, as_told
from server.errors import FieldError, Invalid
from server.http.fields import Key, Note, Patch, Shown, Strict, one_line, several_lines
from server.messages import translate as _
from server.tracking.states import Effectivity

WorkOrderNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,38}$")]
_Line = Annotated[str, StringConstraints(max_length=120), AfterValidator(one_line)]
_Text = Annotated[str, StringConstraints(max_length=500), AfterValidator(several_lines)]


class Wanted(Strict):
    """What shall be different; a field that is not sent stays as it is, an empty one is emptied."""

    packaging: _Text | None = None
    box: _Line | None = None
    per_box: Annotated[int, Field(ge=1, le=100_000)] | None = None
    inner_material: _Line | None = None
    label_text: _Line | None = None
    packaging_notes: _Text | None = None
    picture: PictureHash | None = None
    instructions: _Text | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(_("Say what shall change: at least one field."))
        return self

    def wanted(self) -> dict[str, str | None]:
        """The fields that were sent, as text."""
        names = [name for name in (*PLAIN_FIELDS, *SPEC_FIELDS) if name in self.model_fields_set]
        values = {name: getattr(self, name) for name in names}
        return {name: None if value in (None, "") else str(value) for name, value in values.items()}


def wanted_by(changes: Wanted, origin: str) -> dict[str, str | None]:
    """What is asked for; raises Invalid for what is not a customer's to ask."""
    found = changes.wanted()
    if origin != Origin.CUSTOMER:
        return found
    foreign = [name for name in found if name not in CUSTOMER_FIELDS]
    emptied = [name for name, value in found.items() if value is None and name in OUR_WORDS]
    if foreign or emptied:
        message = _("Ask for one of these: {fields}; words can be added, not taken away.")
        told = message.format(fields=", ".join(CUSTOMER_FIELDS))
        raise Invalid(errors=[FieldError(f"changes.{name}", told, "not_yours") for name in [*foreign, *emptied]])
    return found


class ChangeIn(Strict):
    """A new change request for a released work order."""

    work_order: WorkOrderNumber
    changes: Wanted
    effectivity: Effectivity = Effectivity.REMAINING
    reason: Note | None = None


class ChangePatch(Patch):
    """What may change about a draft."""

    emptyable = frozenset({"reason"})

    changes: Wanted | None = None
    effectivity: Effectivity | None = None
    reason: Note | None = None


class StationBody(Strict):
    """The station at which somebody has seen the change, and his badge; without one, whoever is signed in counts."""

    station: Key
    badge: Annotated[str, StringConstraints(min_length=1, max_length=20), AfterValidator(one_line)] | None = None


class DifferenceOut(Shown):
    """One thing that changes."""

    field: str
    before: str | None
    after: str | None


class AcknowledgementOut(Shown):
    """A station that must see the change; a customer is not told where and who."""

    internal = frozenset({"station", "by"})

    station: str | None
    acknowledged_at: datetime | None
    by: str | None


class ChangeOut(Shown):
    """A change request."""

    internal = frozenset({"created_by", "decided_by", "impact"})

    number: str
    order: str
    work_order: str
    state: str
    effectivity: str
    origin: str
    difference: list[DifferenceOut]
    reason: str | None
    created_at: datetime
    created_by: str | None
    submitted_at: datetime | None
    decided_at: datetime | None
    decided_by: str | None
    decision_reason: str | None
    applied_at: datetime | None
    acknowledged_at: datetime | None
    acknowledgements: list[AcknowledgementOut]
    #: How many units it meets, by where they stand; for our own people, on one request alone.
    impact: dict[str, int] | None = None
    row_version: int

    @classmethod
    def of(cls, change: ChangeRequest, *, internal: bool, impact: dict[str, int] | None = None) -> Self:
        """The change as its reader may see it; it is wholly loaded."""
        return cls(
            number=change.number,
            order=change.order.number,
            work_order=change.work_order.number,
            state=change.state,
            effectivity=change.effectivity,
            origin=change.origin,
            difference=[
                DifferenceOut(**each)
                for each in (change.difference if internal else as_told(change.difference, change.origin))
            ],
            # Why we ask is said among ourselves; his own words he may read.
            reason=change.reason if internal or change.origin == Origin.CUSTOMER else None,
            created_at=change.created_at,
            created_by=change.created_by if internal else None,
            submitted_at=change.submitted_at,
            decided_at=change.decided_at,
            decided_by=change.decided_by if internal else None,
            decision_reason=change.decision_reason,
            applied_at=change.applied_at,
            acknowledged_at=change.acknowledged_at,
            acknowledgements=[
                AcknowledgementOut(
                    station=each.station.key if internal else None,
                    acknowledged_at=each.acknowledged_at,
                    by=each.name if internal else None,
                )
                for each in change.acknowledgements
            ],
            impact=impact if internal else None,
            row_version=change.row_version,
        )


class ChangeList(Shown):
    """A page of change requests."""

    items: Sequence[ChangeOut]
    next: str | None


class TaskOut(Shown):
    """A unit that is to be packed anew."""

    id: int
    unit: str
    order: str
    change: str
    box: str | None
    state: str
    opened_at: datetime
    done_at: datetime | None

    @classmethod
    def of(cls, task: RepackTask) -> dict[str, Any]:
        """The task as JSON; it is wholly loaded."""
        made = cls(
            id=task.id,
            unit=task.unit.number,
            order=task.change.order.number,
            change=task.change.number,
            box=task.handling_unit.number if task.handling_unit is not None else None,
            state=task.state,
            opened_at=task.opened_at,
            done_at=task.done_at,
        )
        return made.model_dump(mode="json")


class TaskList(Shown):
    """Units that are to be packed anew."""

    items: Sequence[TaskOut]
