"""Where a quote stands in one sentence: for our own people, and for the customer."""

from server.crm.quotes.models import Quote
from server.crm.quotes.repository import PlacedOrder
from server.crm.quotes.rules import WITHDRAWN, QuoteState, Standing
from server.messages import N_
from server.tracking.states import OrderLifecycle
from server.web.i18n import Formats
from server.web.sentences import Say, Status

_SIGNALS = {
    QuoteState.DRAFT: ("quiet", "pencil"),
    QuoteState.SENT: ("info", "send"),
    QuoteState.NEGOTIATING: ("warn", "refresh-cw"),
    QuoteState.CONVERTED: ("ok", "badge-check"),
    QuoteState.DECLINED: ("stop", "ban"),
    QuoteState.EXPIRED: ("quiet", "hourglass"),
    WITHDRAWN: ("quiet", "x"),
}

_OURS = {
    QuoteState.DRAFT: N_("Version %(draft)s is being written. %(customer)s does not see it yet."),
    QuoteState.SENT: N_("Version %(sent)s lies before %(customer)s, valid until %(day)s."),
    QuoteState.NEGOTIATING: N_("%(customer)s would have it otherwise than in version %(sent)s."),
    QuoteState.CONVERTED: N_("%(name)s accepted version %(accepted)s. It is order %(order)s now."),
    QuoteState.DECLINED: N_("%(customer)s declined version %(sent)s."),
    QuoteState.EXPIRED: N_("Version %(sent)s was valid until %(day)s. Nobody answered."),
    WITHDRAWN: N_("We withdrew this quote."),
}

_THEIRS = {
    QuoteState.SENT: N_("Our offer for you, valid until %(day)s."),
    QuoteState.NEGOTIATING: N_("We are working on a new version for you."),
    QuoteState.CONVERTED: N_("You accepted version %(accepted)s. It is your order %(order)s now."),
    QuoteState.DECLINED: N_("You declined this offer."),
    QuoteState.EXPIRED: N_("This offer was valid until %(day)s. Write to us if you still want it."),
    WITHDRAWN: N_("This offer was withdrawn. Write to us if you have questions."),
}


#: Where the order cannot go on by itself yet; a customer is told the same of both.
_OURS_WAITING = {
    OrderLifecycle.CREDIT_HOLD: N_("%(name)s accepted version %(accepted)s. Order %(order)s waits for credit."),
    OrderLifecycle.DRAFT: N_("%(name)s accepted version %(accepted)s. Order %(order)s waits to be confirmed by us."),
}
_THEIRS_WAITING = N_("You accepted version %(accepted)s. We have your order %(order)s and are checking it.")


def status(
    quote: Quote, standing: Standing, order: PlacedOrder | None, formats: Formats, *, for_customer: bool
) -> Status:
    """The lamp and the sentence; a customer is not told why we withdrew."""
    say = Say(formats.language)
    signal, icon = _SIGNALS[standing.word]
    if for_customer and standing.state == QuoteState.SENT and not standing.withdrawn:
        signal = "lamp"
    values = {
        "draft": quote.draft_version,
        "sent": quote.sent_version,
        "accepted": quote.accepted_version,
        "customer": quote.customer.name,
        "day": formats.long_day(quote.valid_until),
        "name": quote.accepted_by,
        "order": order.number if order else None,
    }
    sentences = _THEIRS if for_customer else _OURS
    sentence = sentences[standing.word]
    waits = _OURS_WAITING.get(OrderLifecycle(order.lifecycle)) if order else None
    if waits is not None:
        signal, icon, sentence = ("info" if for_customer else "warn"), "hourglass", waits
        sentence = _THEIRS_WAITING if for_customer else sentence
    if standing.word == QuoteState.NEGOTIATING and quote.draft_version is not None and not for_customer:
        sentence = N_("Version %(draft)s is being worked out with %(customer)s.")
    return Status(signal, icon, say(sentence, **values), _remark(quote, standing, formats, for_customer=for_customer))


def _remark(quote: Quote, standing: Standing, formats: Formats, *, for_customer: bool) -> str | None:
    say = Say(formats.language)
    if quote.closing_reason and not (for_customer and standing.withdrawn):
        return say(N_("Reason: %(reason)s"), reason=quote.closing_reason)
    if standing.word == QuoteState.CONVERTED and quote.accepted_at is not None:
        return say(N_("Signed by %(name)s, %(when)s"), name=quote.accepted_by, when=formats.moment(quote.accepted_at))
    if standing.word == QuoteState.SENT:
        left = (quote.valid_until - formats.day_of(formats.now)).days
        if left < 2:
            return say(N_("Tomorrow is its last day.") if left else N_("Today is its last day."))
        return say(N_("%(days)s days left."), days=left)
    return None
