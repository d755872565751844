"""The list of cases, one case with its thread, and what either side does to it, as plain forms."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.auth.talk_limit import count_message
from server.crm.access import is_customer
from server.crm.cases import repository, service
from server.crm.cases.access import may_speak, visible_cases
from server.crm.cases.http import found_case, require_speaking
from server.crm.cases.models import Case
from server.crm.cases.rules import OPEN_STATES, CaseState
from server.crm.cases.schemas import CasePatch, ReplyBody
from server.crm.cases.service import CARERS, Speaker
from server.db.topics import versions
from server.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from server.http.paging import Before, Number, Text
from server.messages import N_
from server.web.case_pages import LOOKS, WRITTEN, add_case, case_form, case_path, said_in, show_case
from server.web.entry import Fault, FormDep, checked, version_of
from server.web.forms import Form
from server.web.once import write_once
from server.web.own_topic import own_topic
from server.web.page import Page, PageDep
from server.web.words import word

router = APIRouter(prefix="/cases", include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.CASES_READ))]

#: Saved filters: words and states.
VIEWS: Final[Mapping[str, tuple[str, tuple[CaseState, ...]]]] = {
    "open": (N_("Open"), OPEN_STATES),
    "resolved": (N_("Resolved"), (CaseState.RESOLVED,)),
    "closed": (N_("Closed"), (CaseState.CLOSED,)),
}
SAID: Final[Mapping[str, str]] = {
    "reply": WRITTEN,
    "resolve": N_("The case is resolved; the customer sees what you wrote."),
    "open": N_("The case is in work."),
    "close": N_("The case is closed."),
    "assign": N_("The case is changed."),
}


@router.get("")
def cases(page: PageDep, principal: Reader, show: Text = None, before: Before = None) -> Response:
    """The cases that the reader may know of, the newest first."""
    view = show if show is not None and show in VIEWS else "open"
    wanted = repository.CaseFilter(states=[state.value for state in VIEWS[view][1]])
    with page.database.read() as session:
        topic = own_topic(session, principal, service.LIST_TOPIC)
        version = versions(session, topic)[topic] if topic is not None else 0
        found = repository.newest(session, wanted, visible=visible_cases(principal), before=before)
    return page.show(
        "pages/cases.html",
        rows=found.items,
        topic=topic,
        version=version,
        looks=LOOKS,
        internal=not is_customer(principal),
        may_speak=may_speak(principal),
        views=[(f"/cases?show={each}", VIEWS[each][0], each == view) for each in VIEWS],
        next_href="/cases?" + urlencode({"show": view, "before": found.items[-1].id}) if found.more else None,
        first_href=f"/cases?show={view}",
        is_first=before is None,
    )


@router.get("/new")
def ask(page: PageDep, principal: Reader, order: Text = None, unit: Text = None, customer: Text = None) -> Response:
    """The form for a new case; the address may say what it is about."""
    require_speaking(principal)
    return case_form(page, principal, Form({"order": order or "", "unit": unit or "", "customer": customer or ""}))


@router.post("")
def add(page: PageDep, principal: Reader, form: FormDep) -> Response:
    """Keep a new case; a mistake is shown beside its field."""
    return add_case(page, principal, form)


@router.get("/{number}")
def case(page: PageDep, principal: Reader, number: Number) -> Response:
    """One case with what was said."""
    return show_case(page, principal, number)


@router.post("/{number}/{action}")
def act(page: PageDep, principal: Reader, number: Number, action: str, form: FormDep) -> Response:
    """Reply, resolve, open, close or assign; a refusal says why, on the page of the case."""
    if action not in SAID:
        raise NotFound
    try:
        body: ReplyBody | CasePatch | None = None
        if action in ("reply", "resolve"):
            body = checked(page, form, model=ReplyBody, data=said_in(form))
        elif action == "assign":
            data = {"priority": form.text("priority"), "assigned_to": form.get("assigned_to")}
            body = checked(page, form, model=CasePatch, data=data)
        if action == "reply":
            count_message(page.request, principal)
        work = partial(_do, page=page, principal=principal, asked=(number, action, body), form=form)
        write_once(page, principal, form, work)
    except Fault as fault:
        return show_case(page, principal, number, fault=fault)
    except Conflict as conflict:
        if action == "assign" and not isinstance(conflict, Refused):
            met = Fault(Form().with_faults({}, conflict.detail), conflict.status)
            return show_case(page, principal, number, fault=met)
        return page.go(case_path(number), conflict.detail, kind="stop")
    except Invalid as refusal:
        return page.go(case_path(number), refusal.detail, kind="stop")
    return page.go(case_path(number), page.say(SAID[action]))


def _do(
    session: Session,
    *,
    page: Page,
    principal: Principal,
    asked: tuple[str, str, ReplyBody | CasePatch | None],
    form: Form,
) -> None:
    number, action, body = asked
    found, by = found_case(session, principal, number, lock=True), Speaker.of(principal, page.now)
    require_speaking(principal)
    if action != "reply" and is_customer(principal):
        raise Forbidden(extra={"permission": Permission.CASES_WRITE.value})
    if isinstance(body, CasePatch):
        _guard(page, found, form, repository.carers(session, CARERS))
        service.edit_case(session, found, body, by)
    elif body is not None and action == "reply":
        service.reply(session, found, body.body, by, ask=body.ask)
    elif body is not None:
        service.resolve(session, found, body.body, by)
    elif action == "open":
        service.reopen(session, found, by)
    else:
        service.close(session, found, by)


def _guard(page: Page, case: Case, form: Form, people: Mapping[str, str]) -> None:
    """Raise Conflict when somebody else gave the case away meanwhile; what was said since does not matter."""
    then = {"assigned_to": form.get("was_assigned_to"), "priority": form.get("was_priority")}
    now = {"assigned_to": case.assigned_to, "priority": case.priority}
    if version_of(form) == case.row_version or then == now:
        return
    who = people.get(case.assigned_to or "", case.assigned_to) or page.say(N_("nobody yet"))
    message = N_("%(number)s was changed meanwhile: taken care of by %(who)s, priority %(priority)s. Choose again.")
    priority = page.say(word("case_priority", case.priority))
    raise Conflict(page.say(message, number=case.number, who=who, priority=priority))
