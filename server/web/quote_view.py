"""What the templates of a quote get, the same for the page and for its live fragment."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import quote as escaped

from sqlalchemy.orm import Session

from server.crm.here import Here
from server.crm.quotes import costs, repository
from server.crm.quotes.capable import capable_to_promise
from server.crm.quotes.difference import LineDifference, compare, in_words, price
from server.crm.quotes.lines import amount_of, find_version, in_force, terms_of, total_of
from server.crm.quotes.models import Quote, QuoteLine, QuoteMessage, QuoteVersion
from server.crm.quotes.pricing import Margin, net_price
from server.crm.quotes.rules import WITHDRAWN, QuoteAction, QuoteState, Standing, refusal
from server.crm.quotes.service import standing_of
from server.crm.quotes.thread import proposed
from server.http.fields import plain
from server.messages import N_
from server.web.i18n import Formats
from server.web.quote_actions import options_of
from server.web.quote_sentences import status
from server.web.sentences import Say


def staff_context(session: Session, quote: Quote, formats: Formats, *, version: int) -> dict[str, Any]:
    """Everything that the page of a wholly loaded quote names, for our own people."""
    shown = in_force(quote)
    each, whole = costs.margins(session, quote, shown.lines, now=formats.now)
    context = _shared(session, quote, shown, formats, version=version, for_customer=False)
    draft = find_version(quote, quote.draft_version) if quote.draft_version and quote.sent_version else None
    names = repository.names_of(session, [quote.owner]) if quote.owner else {}
    return context | {
        "lines": [_line(line, quote.currency, margin) for line, margin in zip(shown.lines, each, strict=True)],
        "margin": whole,
        "probability": quote.probability,
        "owner": names.get(quote.owner or "", quote.owner),
        "draft": _draft(session, quote, draft, shown, formats) if draft else None,
        "gate": f"{context['state']}.{quote.sent_version}.{quote.draft_version}.{quote.row_version}",
    }


def customer_context(session: Session, quote: Quote, formats: Formats, *, version: int) -> dict[str, Any]:
    """Everything that the customer's page of a quote names: nothing but what was sent, and no names of our people."""
    shown = find_version(quote, quote.sent_version)
    context = _shared(session, quote, shown, formats, version=version, for_customer=True)
    standing: Standing = context["standing"]
    return context | {
        "lines": [
            {**_line(line, quote.currency, None), "options": options_of(line), "taken": line.configuration}
            for line in shown.lines
        ],
        "plain": plain,
        "price": price,
        "can_answer": refusal(quote.number, standing, QuoteAction.ACCEPT) is None,
        "can_propose": refusal(quote.number, standing, QuoteAction.PROPOSE) is None,
        "gate": f"{context['state']}.{quote.sent_version}",
    }


def version_context(
    session: Session, quote: Quote, shown: QuoteVersion, formats: Formats, *, for_customer: bool
) -> dict[str, Any]:
    """The lines of one version; the customer is shown no margins."""
    each: Sequence[Margin | None] = [None] * len(shown.lines)
    whole = None
    if not for_customer:
        each, whole = costs.margins(session, quote, shown.lines, now=formats.now)
    return {
        "lines": [_line(line, quote.currency, margin) for line, margin in zip(shown.lines, each, strict=True)],
        "total": total_of(shown.lines, quote.currency),
        "margin": whole,
        "currency": quote.currency,
        "for_customer": for_customer,
    }


def _shared(
    session: Session, quote: Quote, shown: QuoteVersion, formats: Formats, *, version: int, for_customer: bool
) -> dict[str, Any]:
    standing = standing_of(quote).on(Here(formats.zone, formats.now).today)
    order = repository.placed_order(session, quote)
    earlier = [each for each in quote.versions if each.sent_at is not None and each.version < shown.version]
    messages = repository.messages(session, quote.id)
    return {
        "topic": f"quote:{quote.number}",
        "version": version,
        "number": quote.number,
        "customer": quote.customer.name,
        "customer_number": quote.customer.number,
        "reference": quote.customer_reference,
        "currency": quote.currency,
        "standing": standing,
        "state": standing.word,
        "lamp": status(quote, standing, order, formats, for_customer=for_customer),
        "order_number": order.number if order else None,
        "shown": shown,
        "total": total_of(shown.lines, quote.currency),
        "changed": differences(earlier[-1], shown, formats, quote.currency) if earlier else [],
        "changed_since": earlier[-1].version if earlier else None,
        "estimate": _estimate(session, quote, shown, standing, formats.now),
        "messages": [_message(quote, each, formats, for_customer=for_customer) for each in messages],
        "for_customer": for_customer,
    }


def differences(before: QuoteVersion, now: QuoteVersion, formats: Formats, currency: str) -> list[Mapping[str, Any]]:
    """What differs between two versions, a row for each line that differs, in the reader's language."""
    return [_difference(line, formats, currency) for line in compare(terms_of(before), terms_of(now))]


def _difference(line: LineDifference, formats: Formats, currency: str) -> Mapping[str, Any]:
    say = Say(formats.language)
    kind = {"added": N_("new"), "removed": N_("taken out"), "changed": ""}[line.kind]
    told = in_words(line.changes, say, day=formats.day, money=partial(formats.money, currency=currency))
    words = [said for said in (say(kind) if kind else "", told) if said]
    return {
        "kind": line.kind,
        "name": line.name,
        "quantity": line.quantity,
        "words": ": ".join(words),
    }


def _line(line: QuoteLine, currency: str, margin: Margin | None) -> Mapping[str, Any]:
    return {
        "name": line.product.name,
        "sku": line.product.sku,
        "quantity": line.quantity,
        "chosen": line.chosen,
        "unit_price": line.unit_price,
        "net_price": net_price(line.unit_price, line.discount_percent),
        "discount": line.discount_percent,
        "amount": amount_of(line, currency),
        "wished": line.wished_date,
        "note": line.note,
        "position": line.position,
        "margin": margin,
    }


def _draft(
    session: Session, quote: Quote, draft: QuoteVersion, shown: QuoteVersion, formats: Formats
) -> Mapping[str, Any]:
    total = total_of(draft.lines, quote.currency)
    return {
        "version": draft.version,
        "valid_until": draft.valid_until,
        "total": total,
        "moved": total - total_of(shown.lines, quote.currency),
        "margin": costs.margins(session, quote, draft.lines, now=formats.now)[1],
        "changed": differences(shown, draft, formats, quote.currency),
        "estimate": capable_to_promise(session, quote, draft, now=formats.now),
    }


def _estimate(session: Session, quote: Quote, shown: QuoteVersion, standing: Standing, now: datetime) -> Any:
    """When it could leave if it were ordered now, as long as it can be."""
    return capable_to_promise(session, quote, shown, now=now) if standing.is_open else None


def _message(quote: Quote, message: QuoteMessage, formats: Formats, *, for_customer: bool) -> Mapping[str, Any]:
    ours = message.side == "sales"
    return {
        "id": message.id,
        "ours": ours != for_customer,
        "author": Say(formats.language)(N_("Sales")) if ours and for_customer else message.author,
        "body": message.body,
        "version": message.version,
        "at": message.created_at,
        "proposal": _proposal(quote, message, formats),
        "taken_into": message.taken_into,
        "can_take": bool(message.proposal) and message.taken_into is None and _can_take(quote),
    }


def _can_take(quote: Quote) -> bool:
    return quote.withdrawn_at is None and quote.state in (QuoteState.SENT, QuoteState.NEGOTIATING)


def _proposal(quote: Quote, message: QuoteMessage, formats: Formats) -> Sequence[tuple[str, str]]:
    """The changes that were proposed: which line, and what would be otherwise."""
    if not message.proposal:
        return ()
    found = proposed(find_version(quote, message.version), message.proposal)
    say, money = Say(formats.language), partial(formats.money, currency=quote.currency)
    return [(line.name, in_words(changes, say, day=formats.day, money=money)) for line, changes in found]


#: The colour and icon of each state; the word comes from server.web.words.
LOOKS: Mapping[str, tuple[str, str]] = {
    QuoteState.DRAFT: ("", "pencil"),
    QuoteState.SENT: ("info", "send"),
    QuoteState.NEGOTIATING: ("warn", "refresh-cw"),
    QuoteState.ACCEPTED: ("ok", "badge-check"),
    QuoteState.CONVERTED: ("ok", "badge-check"),
    QuoteState.DECLINED: ("stop", "ban"),
    QuoteState.EXPIRED: ("", "hourglass"),
    WITHDRAWN: ("", "x"),
}


def share(amount: Decimal, most: Decimal) -> int:
    """How much of the largest amount this one is, in percent, for a bar."""
    return int(100 * amount / most) if most > 0 else 0


def bases(number: str, *, by_link: bool) -> dict[str, str]:
    """Where the pages of the quote lie for its reader, and where its forms are sent."""
    base = quote_path(number) if by_link else f"/quotes/{number}"
    return {"base": base, "act": f"{base}/act" if by_link else base}


def quote_path(number: str) -> str:
    """Where the quote of a visit stands; a browser may have come by several links."""
    return f"/quote/of/{escaped(number, safe='')}"
