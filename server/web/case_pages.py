"""A case with its thread and the form for a new one, the same by a sign-in and by the private link of an order."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.principal import Principal
from server.auth.talk_limit import count_message
from server.crm.access import is_customer
from server.crm.cases import repository, service
from server.crm.cases.access import may_speak
from server.crm.cases.http import found_case, require_speaking
from server.crm.cases.rules import CaseAction, CasePriority, CaseState, after
from server.crm.cases.schemas import CaseIn, ReplyBody
from server.crm.cases.service import CARERS, Speaker
from server.db.topics import versions
from server.errors import Conflict
from server.messages import N_
from server.web.customer_pages import Way, way_of
from server.web.entry import Fault, checked, given
from server.web.forms import Form
from server.web.once import attempt_once, write_once
from server.web.page import Page

#: State -> colour and sign.
LOOKS: Final[Mapping[str, tuple[str, str]]] = {
    "new": ("lamp", "inbox"),
    "open": ("info", "wrench"),
    "waiting_customer": ("warn", "hourglass"),
    "resolved": ("ok", "circle-check"),
    "closed": ("", "check"),
}
WRITTEN: Final = N_("Your message is sent.")


def case_path(number: str, way: Way | None = None) -> str:
    """Where the case stands for whoever came this way."""
    return f"{'/cases' if way is None else way.cases}/{quote(number, safe='')}"


def said_in(form: Form) -> dict[str, Any]:
    """What the form says, and whether it waits for an answer."""
    return {**given(form, "body"), "ask": form.checked("ask")}


def show_case(
    page: Page,
    principal: Principal,
    number: str,
    *,
    way: Way | None = None,
    fault: Fault | None = None,
) -> Response:
    """The case with what was said, and what is wrong with an answer. Raises NotFound.

    `way` is that of a private link.
    """
    topic, internal = f"case:{number}", not is_customer(principal)
    with page.database.read() as session:
        version = versions(session, topic)[topic]
        found = found_case(session, principal, number)
        messages = repository.messages(session, found.id)
        people = repository.carers(session, CARERS) if internal else {}
    state, speaks = CaseState(found.state), may_speak(principal)
    came = way or (way_of(principal, found.order.number) if found.order is not None else None)
    page.principal = principal
    return page.show(
        "pages/case.html",
        status=200 if fault is None else fault.status,
        case=found,
        messages=messages,
        people=people,
        form=Form() if fault is None else fault.form,
        looks=LOOKS,
        internal=internal,
        priorities=list(CasePriority),
        cases_href="/cases" if way is None else way.cases,
        live_as=None if way is None else way.live_as,
        order_href=came.order if came is not None else None,
        may_write=speaks and after(state, CaseAction.REPLY if internal else CaseAction.WRITE) is not None,
        may_do={str(action): speaks and internal and after(state, action) is not None for action in CaseAction},
        topic=topic,
        version=version,
    )


def case_form(page: Page, principal: Principal, form: Form, *, way: Way | None = None, status: int = 200) -> Response:
    """The form for a new case; whoever came by the link of an order writes about that one."""
    page.principal = principal
    return page.show(
        "pages/case_new.html",
        status=status,
        form=form,
        internal=not is_customer(principal),
        priorities=list(CasePriority),
        action="/cases" if way is None else way.new_case,
        by_link=way is not None,
    )


def add_case(page: Page, principal: Principal, form: Form, *, way: Way | None = None, order: str = "") -> Response:
    """Keep a new case; `order` is the one that a link opens, whatever the form says."""
    require_speaking(principal)
    try:
        names = ("subject", "body", "order", "unit", *(() if is_customer(principal) else ("customer", "priority")))
        data = given(form, *names) | ({"order": order} if way is not None else {})
        body = checked(page, form, model=CaseIn, data=data)
        count_message(page.request, principal)

        def work(session: Session) -> str:
            return service.create_case(session, body, principal, now=page.now).number

        number = attempt_once(page, principal, form, work)
    except Fault as fault:
        return case_form(page, principal, fault.form, way=way, status=fault.status)
    return page.go(case_path(number, way), page.say(N_("We have it. Answers stand here.")))


def reply_by_link(page: Page, visitor: Principal, number: str, *, way: Way, form: Form) -> Response:
    """What a customer says by the link of his order; a refusal says why, on the page of the case."""
    try:
        body = checked(page, form, model=ReplyBody, data=given(form, "body"))
        count_message(page.request, visitor)

        def work(session: Session) -> None:
            found = found_case(session, visitor, number, lock=True)
            service.reply(session, found, body.body, Speaker.of(visitor, page.now))

        write_once(page, visitor, form, work)
    except Fault as fault:
        return show_case(page, visitor, number, way=way, fault=fault)
    except Conflict as conflict:
        return page.go(case_path(number, way), conflict.detail, kind="stop")
    return page.go(case_path(number, way), page.say(WRITTEN))
