"""What a person does to a quote by a form of its page, each in one transaction, with the sentence that says so."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.auth.talk_limit import count_message
from server.auth.topic import AUTH_TOPIC
from server.crm.access import is_customer
from server.crm.here import Here
from server.crm.quotes import answers, repository, service, thread
from server.crm.quotes.access import may_answer
from server.crm.quotes.difference import price
from server.crm.quotes.http import found_quote
from server.crm.quotes.lines import find_version
from server.crm.quotes.models import Quote, QuoteLine
from server.crm.quotes.repeat import repeat_quote
from server.crm.quotes.schemas import AcceptBody, MessageIn, ReasonBody
from server.db import touch
from server.erp.orders.models import SalesOrder
from server.errors import Forbidden, Invalid, NotFound
from server.http.fields import plain
from server.messages import N_
from server.tracking.states import OrderLifecycle
from server.web.forms import Form
from server.web.once import write_once
from server.web.page import Page

#: What our own people alone do; the rest is for both sides.
_OURS = ("send", "revise", "withdraw", "take", "copy")

#: Where the page leads, empty for the quote itself, and the sentence that it shows there.
Done = tuple[str, str]


def perform(page: Page, principal: Principal, number: str, *, action: str, form: Form) -> Done:
    """Do it; raises Forbidden, NotFound, Refused or Invalid."""
    act = _ACTIONS.get(action)
    if act is None:
        raise NotFound
    if not (principal.may(Permission.QUOTES_WRITE) if action in _OURS else may_answer(principal)):
        raise Forbidden(extra={"permission": Permission.QUOTES_WRITE.value})
    if action in ("message", "propose"):
        count_message(page.request, principal)

    def work(session: Session) -> Done:
        quote = found_quote(session, principal, number, lock=True)
        return act(Act(page, principal, session, quote, form))

    leads_to, said = write_once(page, principal, form, work)
    return leads_to, said


class Act:
    """One form that was sent about one quote, whose row is locked."""

    def __init__(self, page: Page, principal: Principal, session: Session, quote: Quote, form: Form) -> None:
        self.page, self.principal, self.session, self.quote, self.form = page, principal, session, quote, form
        self.here = Here(page.site.zone, page.now)
        self.actor = principal.actor

    def say(self, message: str, **values: object) -> str:
        """A message in the reader's language."""
        return self.page.say(message, number=self.quote.number, **values)

    def body(self, model: type[Any], data: Mapping[str, Any], otherwise: str) -> Any:
        """What was typed as a checked value; raises Invalid with one sentence for whoever typed it."""
        try:
            return model.model_validate(dict(data))
        except ValidationError as error:
            raise Invalid(self.say(otherwise)) from error


def _send(act: Act) -> Done:
    version = service.send_quote(act.session, act.quote, actor=act.actor, here=act.here)
    said = act.say(
        N_("Version %(version)s of %(number)s is sent: the customer can read it now."), version=version.version
    )
    return "", said


def _revise(act: Act) -> Done:
    copy_of = act.form.text("copy_of")
    source = int(copy_of) if copy_of.isascii() and copy_of.isdigit() and len(copy_of) < 6 else None
    version = service.begin_version(act.session, act.quote, actor=act.actor, here=act.here, copy_of=source)
    return f"/quotes/{act.quote.number}/edit", act.say(N_("Version %(version)s is begun."), version=version.version)


def _withdraw(act: Act) -> Done:
    service.withdraw_quote(act.session, act.quote, reason=_reason(act), actor=act.actor, here=act.here)
    return "", act.say(N_("%(number)s is withdrawn. Nobody can accept it any more."))


def _take(act: Act) -> Done:
    wanted = act.form.text("message")
    known = wanted.isascii() and wanted.isdigit() and len(wanted) < 18
    message = repository.message(act.session, act.quote.id, int(wanted)) if known else None
    if message is None:
        raise NotFound
    draft = thread.take_over(act.session, act.quote, message, actor=act.actor, here=act.here)
    return "", act.say(
        N_("The proposal stands in version %(version)s now. Look at it, then send it."), version=draft.version
    )


def _copy(act: Act) -> Done:
    made = repeat_quote(act.session, act.quote, actor=act.actor, here=act.here)
    said = act.page.say(N_("%(made)s is begun with the same lines."), made=made.number)
    return f"/quotes/{made.number}", " ".join([said, *made.remarks])


def _message(act: Act) -> Done:
    data = {"body": act.form.text("body") or None, "version": _version(act)}
    body: MessageIn = act.body(MessageIn, data, N_("Write up to 2000 characters, without control characters."))
    thread.write_message(act.session, act.quote, body, by=thread.Writer.of(act.principal), here=act.here)
    return "", act.say(N_("Your message is written."))


def _propose(act: Act) -> Done:
    data = {"body": act.form.text("body") or None, "version": _version(act), "proposal": _proposed(act)}
    wrong = N_("Each quantity must be a number above 0, each price a number and each date a day. Look at it again.")
    body: MessageIn = act.body(MessageIn, data, wrong)
    thread.write_message(act.session, act.quote, body, by=thread.Writer.of(act.principal), here=act.here)
    return "", act.say(N_("Your proposal is on its way. We answer with a new version."))


def _accept(act: Act) -> Done:
    data = {"version": _version(act), "name": act.form.text("name"), "agreed": act.form.checked("agreed")}
    body: AcceptBody = act.body(AcceptBody, data, N_("Write your name and tick the box, then accept."))
    order = answers.accept_quote(act.session, act.quote, body, actor=act.actor, here=act.here)
    # What a visitor may see has grown by the order.
    touch(act.session, AUTH_TOPIC)
    return "", act.say(_accepted(order, for_customer=is_customer(act.principal)), order=order.number)


def _accepted(order: SalesOrder, *, for_customer: bool) -> str:
    """What is said to whoever accepted; why an order waits is for our own people."""
    if order.lifecycle not in (OrderLifecycle.CREDIT_HOLD, OrderLifecycle.DRAFT):
        return N_("%(number)s is accepted. It is order %(order)s now.")
    if for_customer:
        return N_("%(number)s is accepted. We have your order %(order)s and are checking it.")
    if order.lifecycle == OrderLifecycle.CREDIT_HOLD:
        return N_("%(number)s is accepted. Its order %(order)s waits for credit.")
    return N_("%(number)s is accepted. Its order %(order)s waits to be confirmed by us.")


def _decline(act: Act) -> Done:
    answers.decline_quote(act.session, act.quote, reason=_reason(act), actor=act.actor, here=act.here)
    return "", act.say(N_("%(number)s is declined."))


_ACTIONS: Mapping[str, Callable[[Act], Done]] = {
    "send": _send,
    "revise": _revise,
    "withdraw": _withdraw,
    "take": _take,
    "copy": _copy,
    "message": _message,
    "propose": _propose,
    "accept": _accept,
    "decline": _decline,
}


def _reason(act: Act) -> str:
    body: BaseModel = act.body(ReasonBody, {"reason": act.form.text("reason")}, N_("Say why in a few words."))
    return str(body.model_dump()["reason"])


def _version(act: Act) -> str | None:
    return act.form.get("version")


def _proposed(act: Act) -> list[dict[str, Any]]:
    """What differs from the lines of the version that the form showed, as it was typed."""
    shown = act.form.text("version")
    known = shown.isascii() and shown.isdigit() and len(shown) < 6
    version = find_version(act.quote, int(shown) if known else act.quote.sent_version)
    found = []
    for line in version.lines:
        at = f"line.{line.position}."
        then = {
            "quantity": plain(line.quantity),
            "unit_price": price(line.unit_price),
            "wished_date": _iso(line.wished_date),
        }
        wish: dict[str, Any] = {
            name: typed for name, was in then.items() if (typed := act.form.get(at + name)) not in (None, was)
        }
        chosen = {key: act.form.get(f"{at}option.{key}") for key, _name, _choices in options_of(line)}
        otherwise = {key: choice for key, choice in chosen.items() if choice not in (None, line.configuration.get(key))}
        if otherwise:
            wish["configuration"] = otherwise
        if wish:
            found.append({"position": line.position, **wish})
    return found


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def options_of(line: QuoteLine) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """What may be chosen of the line's product: key and name of each option, and of each of its choices."""
    return [
        (option["key"], option["name"], [(choice["key"], choice["name"]) for choice in option["choices"]])
        for option in line.product.options
    ]
