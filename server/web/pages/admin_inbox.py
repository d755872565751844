"""The inbox: reads that nobody understood, repaired and judged anew, or discarded with a reason."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from server.admin import journal
from server.admin.journal import STATES
from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.unit_finder import find_units
from server.db.topics import versions
from server.erp.floor.schemas import ReadPointIn
from server.http.fields import ReasonText, Strict
from server.http.paging import Before
from server.ingest import inbox
from server.ingest.answers import Answer
from server.ingest.door import Door
from server.ingest.inbox import Repair
from server.journal.models import Quarantine
from server.messages import N_
from server.tracking.states import Reason
from server.web.entry import Fault, FormDep, attempt, checked, given
from server.web.forms import Form
from server.web.page import Page, PageDep
from server.web.pages.setup_read_points import context_choices, station_choices
from server.web.sections import ADMIN, show_in

router = APIRouter(prefix="/admin/inbox", include_in_schema=False)

Decider = Annotated[Principal, Depends(require(Permission.INBOX_DECIDE))]
EntryId = Annotated[int, Path(ge=1, le=2**31 - 1)]

#: What a person can mend for each reason; for the others the cause lies elsewhere.
_REPAIRS = {
    Reason.UNKNOWN_CODE.value: "unit",
    Reason.FOREIGN_CODE.value: "unit",
    Reason.UNREADABLE_CODE.value: "unit",
    Reason.UNKNOWN_READ_POINT.value: "read_point",
    Reason.UNKNOWN_MATERIAL.value: "goods",
    Reason.IMPOSSIBLE_QUANTITY.value: "goods",
}
_WORDS = {
    "key": N_("This read point has a key that cannot be kept. Correct it in gateway.toml, then discard this read."),
    "station": N_("Choose one of the list."),
}


class Discard(Strict):
    """Why it is nothing of ours."""

    reason: ReasonText


@router.get("")
def show_inbox(page: PageDep, _principal: Decider, show: str = "open", before: Before = None) -> Response:
    """Entries of one state, newest first."""
    state = show if show in STATES else "open"
    with page.database.read() as session:
        shown = versions(session, "inbox")
        found = journal.inbox(session, state=state, before=before)
        counts = journal.inbox_counts(session)
    return show_in(
        ADMIN,
        page,
        "admin/inbox.html",
        found=found,
        counts=counts,
        wanted=state,
        is_first=before is None,
        versions=shown,
    )


@router.get("/{entry_id}")
def show_entry(page: PageDep, entry_id: EntryId, _principal: Decider, q: str = "") -> Response:
    """One entry with all that came in, and the ways to decide."""
    return _entry(page, entry_id, Form(), query=q)


@router.post("/{entry_id}/resolve")
def resolve(page: PageDep, entry_id: EntryId, form: FormDep, principal: Decider) -> Response:
    """Bind the code to the unit, if one is named, and judge the read anew."""
    return _resolve(page, principal, entry_id, repair=Repair(unit=form.get("unit")), form=form)


@router.post("/{entry_id}/read-point")
def create_read_point(page: PageDep, entry_id: EntryId, form: FormDep, principal: Decider) -> Response:
    """Make the read point that was missing, and judge the read anew."""
    with page.database.read() as session:
        key = journal.kept(session, entry_id).entry.read_point
    try:
        data = {"key": key or "", **given(form, "name", "station", "context")}
        body = checked(page, form, model=ReadPointIn, data=data, words=_WORDS)
    except Fault as fault:
        return _entry(page, entry_id, fault.form, status=fault.status)
    return _resolve(page, principal, entry_id, repair=Repair(read_point=body), form=form)


@router.post("/{entry_id}/discard")
def discard(page: PageDep, entry_id: EntryId, form: FormDep, principal: Decider) -> Response:
    """Close the entry without effect; the event stays in the log."""
    try:
        body = checked(page, form, model=Discard, data=given(form, "reason"))
        attempt(
            page,
            form,
            lambda session: inbox.discard(session, entry_id, reason=body.reason, actor=principal.actor, now=page.now),
        )
    except Fault as fault:
        return _entry(page, entry_id, fault.form, status=fault.status)
    with page.database.read() as session:
        following = journal.next_open(session, than=entry_id)
    target = f"/admin/inbox/{following}" if following is not None else "/admin/inbox"
    return page.go(target, page.say(N_("Kept read %(number)s is discarded."), number=entry_id))


def _resolve(page: Page, principal: Principal, entry_id: int, *, repair: Repair, form: Form) -> Response:
    speak = page.request.app.state.speak
    door = Door(actor=principal.actor, translate=speak(page.language))
    try:
        answer: Answer = attempt(
            page, form, lambda session: inbox.resolve(session, entry_id, repair, door=door, now=page.now)
        )
    except Fault as fault:
        return _entry(page, entry_id, fault.form, status=fault.status, query=form.text("q"))
    said = page.say(N_("Judged anew: %(say)s"), say=answer.say)
    return page.go(f"/admin/inbox/{entry_id}", said, kind=str(answer.signal))


def _entry(page: Page, entry_id: int, form: Form, *, status: int = 200, query: str = "") -> Response:
    text = "".join(letter for letter in query if letter.isprintable())[:80]
    with page.database.read() as session:
        found = journal.kept(session, entry_id)
        stations, units = station_choices(session), find_units(session, text)
        following = journal.next_open(session, than=entry_id)
    return show_in(
        ADMIN,
        page,
        "admin/inbox_entry.html",
        status=status,
        form=form,
        entry=found.entry,
        event=found.event,
        gateway=found.gateway,
        payload=found.payload,
        keys=_keys(found.payload),
        repair=_repair_of(found.entry),
        is_final=found.entry.reason == Reason.IDENTITY_CONFLICT.value,
        q=text,
        units=units,
        stations=stations,
        contexts=context_choices(page),
        next_id=following,
    )


def _repair_of(entry: Quarantine) -> str | None:
    if entry.reason == Reason.UNKNOWN_READ_POINT.value and not entry.read_point:
        # The read names no place at all, so there is none to be made.
        return None
    return _REPAIRS.get(entry.reason)


def _keys(payload: Mapping[str, Any]) -> list[tuple[str, Any]]:
    keys = payload.get("keys")
    return sorted(keys.items()) if isinstance(keys, Mapping) else []
