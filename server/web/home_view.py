"""What the templates of a customer's home get."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from server.crm.cases.rules import CaseState
from server.crm.customer_home import CustomerHome, HomeOffer, HomeOrder
from server.crm.quotes.rules import QuoteState
from server.crm.risk import Risk
from server.erp.changes.rules import may_be_changed
from server.erp.orders.access import hides_the_promise
from server.messages import N_
from server.web.i18n import Formats
from server.web.money_view import Account
from server.web.order_view import Step, milestone_rows
from server.web.sentences import Say, Status, status

#: Over so many orders the others stand in the list of orders.
PAPERS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class OrderCard:
    """One order on the home."""

    order: HomeOrder
    lamp: Status
    steps: Sequence[Step]
    #: How long until the promise falls due, or since; empty where nothing is promised.
    left: str
    is_overdue: bool
    may_change: bool


@dataclass(frozen=True, slots=True)
class Paper:
    """A document: what it is, and where it opens."""

    icon: str
    title: str
    detail: str
    href: str
    at: datetime | None


def home_context(home: CustomerHome, account: Account | None, formats: Formats) -> dict[str, Any]:
    """Everything that `pages/home.html` names."""
    return {
        "found": home,
        "lamp": headline(home, formats),
        "cards": [_card(order, formats) for order in home.orders],
        "to_answer": [quote for quote in home.quotes if quote.state == QuoteState.SENT],
        "in_talk": [quote for quote in home.quotes if quote.state != QuoteState.SENT],
        "asked": [case for case in home.cases if case.state == CaseState.WAITING_CUSTOMER],
        "papers": _papers(home, account, formats),
        "account": account,
    }


def headline(home: CustomerHome, formats: Formats) -> Status:
    """The one lamp of the page: what is late, else what waits for the customer, else that all goes well."""
    say = Say(formats.language)
    late = [order for order in home.orders if order.risk == Risk.LATE]
    tight = [order for order in home.orders if order.risk == Risk.AT_RISK]
    sent = sum(quote.state == QuoteState.SENT for quote in home.quotes)
    remark = None
    if sent:
        remark = say(N_("A quote waits for your answer.")) if sent == 1 else say(
            N_("%(number)s quotes wait for your answer."), number=sent)  # fmt: skip
    if late:
        return Status("stop", "clock", _late(late, formats, say), remark)
    if tight:
        sentence = N_("%(number)s is tight; we are on it.") if len(tight) == 1 else N_(
            "%(count)s of your orders are tight; we are on it.")  # fmt: skip
        return Status("warn", "triangle-alert", say(sentence, number=tight[0].number, count=len(tight)), remark)
    if sent:
        return Status("lamp", "file-text", str(remark), _calm(home, say))
    return Status("ok" if home.open_orders else "quiet", "check" if home.open_orders else "inbox", _calm(home, say))


def _late(late: Sequence[HomeOrder], formats: Formats, say: Say) -> str:
    first = late[0]
    if len(late) > 1:
        return say(N_("%(count)s of your orders are late. Below stands when we expect each."), count=len(late))
    if first.predicted_at is not None and first.predicted_at > formats.now:
        day = formats.long_day(formats.day_of(first.predicted_at))
        return say(N_("%(number)s is late; we expect it on %(day)s."), number=first.number, day=day)
    return say(N_("%(number)s is late."), number=first.number)


def _calm(home: CustomerHome, say: Say) -> str:
    sure = home.open_orders - sum(hides_the_promise(order.lifecycle) for order in home.orders)
    if not home.open_orders:
        return say(N_("Nothing is on order at present."))
    if not sure:
        return say(N_("We are preparing your order."))
    if sure == 1:
        return say(N_("One order is on its way through our house, as promised."))
    return say(N_("%(count)s orders are on their way through our house, as promised."), count=sure)


def _card(order: HomeOrder, formats: Formats) -> OrderCard:
    running = order.due_at is not None and order.risk not in (Risk.SHIPPED, Risk.DELIVERED)
    return OrderCard(
        order=order,
        lamp=status(order, formats, for_customer=True),
        steps=milestone_rows(order.milestones, Say(formats.language)),
        left=formats.until(order.due_at) if order.due_at and running else "",
        is_overdue=order.due_at is not None and order.due_at <= formats.now,
        may_change=may_be_changed(order.lifecycle, order.fulfilment),
    )


def _papers(home: CustomerHome, account: Account | None, formats: Formats) -> list[Paper]:
    """Confirmations, delivery notes, quotes and invoices, the newest first."""
    say = Say(formats.language)
    found = [
        Paper("badge-check", say(N_("Order confirmation")), row.number, f"/orders/{row.number}/confirmation",
              row.confirmed_at)
        for row in (*home.orders, *home.closed)
        if row.confirmed_at is not None and not hides_the_promise(row.lifecycle)
    ]  # fmt: skip
    found += [
        Paper("truck", say(N_("Delivery note")), each.number, f"/orders/{each.order}/shipments/{each.number}/note",
              each.left_at)
        for each in home.shipments
    ]  # fmt: skip
    found += [_quote_paper(quote, say) for quote in home.papers]
    if account is not None:
        found += [
            Paper("receipt", say(N_("Invoice")), row.number, f"/invoices/{row.number}",
                  datetime.combine(row.issued_on, time.max, formats.zone))
            for row in account.invoices
            if row.issued_on is not None
        ]  # fmt: skip
    ranked = sorted([paper for paper in found if paper.at is not None], key=lambda each: each.at or formats.now)
    return ranked[::-1][:PAPERS_SHOWN]


def _quote_paper(offer: HomeOffer, say: Say) -> Paper:
    return Paper(
        "file-text", say(N_("Quote, version %(version)s"), version=offer.version), offer.number,
        f"/quotes/{offer.number}/versions/{offer.version}", offer.sent_at,
    )  # fmt: skip
