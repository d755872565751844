"""What happens to reason codes. Services flush and note; the edge commits."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from server.erp.reasons import repository
from server.erp.reasons.models import ReasonCode
from server.erp.reasons.schemas import ReasonCodeIn, ReasonCodeOut, ReasonCodePatch
from server.errors import Conflict, FieldError, Invalid
from server.journal.audit import changes, write_audit
from server.messages import translate as _
from server.tracking.states import ReasonKind


def create_reason(session: Session, body: ReasonCodeIn, *, actor: str, now: datetime) -> ReasonCode:
    """A new reason; raises Conflict when the code is taken."""
    if repository.reason(session, body.code) is not None:
        message = _("There is a reason {code} already. Choose another code.")
        raise Conflict(message.format(code=body.code), reason="code_taken")
    reason = ReasonCode(code=body.code, kind=body.kind.value, name=body.name, active=True)
    session.add(reason)
    session.flush()
    detail = {"kind": reason.kind, "name": reason.name}
    write_audit(session, at=now, actor=actor, action="reason_added", subject=reason.code, detail=detail)
    return reason


def update_reason(
    session: Session, reason: ReasonCode, patch: ReasonCodePatch, *, actor: str, now: datetime
) -> ReasonCode:
    """Change a reason; facts keep the name that it had when they were written."""
    before = ReasonCodeOut.of(reason).model_dump(mode="json", exclude={"row_version"})
    for field, value in patch.changed().items():
        setattr(reason, field, value)
    session.flush()
    after = ReasonCodeOut.of(reason).model_dump(mode="json", exclude={"row_version"})
    detail = changes(before, after)
    write_audit(session, at=now, actor=actor, action="reason_changed", subject=reason.code, detail=detail)
    return reason


def chosen_reason(session: Session, code: str, kind: ReasonKind) -> ReasonCode:
    """The reason in use of this code and kind; raises Invalid with those there are."""
    found = repository.reason(session, code)
    if found is None or not found.active or found.kind != kind:
        known = ", ".join(one.code for one in repository.reasons_in_use(session, kind.value)) or "-"
        message = _("Expected a reason for {kind}, one of {known}; got {got}.")
        message = message.format(kind=kind.value, known=known, got=code)
        raise Invalid(errors=[FieldError("reason", message, "unknown")])
    return found


def add_usual_reasons(session: Session, *, actor: str, now: datetime) -> Sequence[ReasonCode]:
    """The reasons that most factories know, where there is none yet."""
    if repository.all_reasons(session):
        return ()
    return [create_reason(session, body, actor=actor, now=now) for body in USUAL]


#: To begin with; people add their own and switch off what they do not need.
USUAL = (
    ReasonCodeIn(code="MATERIAL", kind=ReasonKind.SCRAP, name="Material fault"),
    ReasonCodeIn(code="DAMAGED", kind=ReasonKind.SCRAP, name="Damaged in handling"),
    ReasonCodeIn(code="SIZE", kind=ReasonKind.SCRAP, name="Out of size"),
    ReasonCodeIn(code="MACHINE", kind=ReasonKind.SCRAP, name="Machine fault"),
    ReasonCodeIn(code="SETUPPIECE", kind=ReasonKind.SCRAP, name="Set-up piece"),
    ReasonCodeIn(code="SURFACE", kind=ReasonKind.REWORK, name="Surface fault"),
    ReasonCodeIn(code="MISSING", kind=ReasonKind.REWORK, name="Part missing"),
    ReasonCodeIn(code="WRONGPART", kind=ReasonKind.REWORK, name="Wrong part"),
    ReasonCodeIn(code="ADJUST", kind=ReasonKind.REWORK, name="To be adjusted"),
    ReasonCodeIn(code="INSPECT", kind=ReasonKind.HOLD, name="To be inspected"),
    ReasonCodeIn(code="WAITPART", kind=ReasonKind.HOLD, name="Waits for a part"),
    ReasonCodeIn(code="QUESTION", kind=ReasonKind.HOLD, name="Question to the office"),
)
