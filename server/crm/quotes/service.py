"""What our own people do with quotes. Services flush, write facts and note topics; the edge commits."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from server.auth.permissions import ROLE_PERMISSIONS, Permission
from server.crm.here import Here
from server.crm.quotes import repository
from server.crm.quotes.capable import why_not_makeable
from server.crm.quotes.facts import QuoteFact, write_fact
from server.crm.quotes.lines import copy_lines, find_version, in_force, make_lines, total_of
from server.crm.quotes.models import Quote, QuoteLine, QuoteVersion
from server.crm.quotes.rules import QuoteAction, QuoteState, Standing, after, refusal
from server.crm.quotes.schemas import QuoteIn, QuotePatch
from server.erp.orders.lines import find_customer
from server.errors import FieldError, Invalid, Refused
from server.http.fields import plain
from server.http.numbers import fresh
from server.messages import in_words
from server.messages import translate as _
from server.parties.models import Customer

VALID_DAYS = 30
#: What a person may be made the owner of a quote for.
SELLING_ROLES = tuple(role for role, rights in ROLE_PERMISSIONS.items() if Permission.QUOTES_WRITE in rights)


def create_quote(session: Session, body: QuoteIn, *, actor: str, here: Here) -> Quote:
    """A draft with its first version; raises Invalid for an unknown customer, product or owner."""
    customer = _customer(session, body.customer)
    _check_owner(session, body.owner)
    currency = body.currency or customer.currency
    lines = make_lines(session, body.lines, currency)
    quote = Quote(
        number=fresh(session, "Q", Quote.number),
        customer=customer,
        customer_reference=body.customer_reference,
        state=QuoteState.DRAFT.value,
        currency=currency,
        owner=body.owner or _own_login(session, actor),
        probability=body.probability,
        valid_until=body.valid_until or here.today + timedelta(days=VALID_DAYS),
        total=total_of(lines, currency),
        created_at=here.now,
        created_by=actor,
        moved_at=here.now,
        versions=[],
    )
    session.add(quote)
    _add_version(quote, lines, note=body.note, actor=actor, here=here)
    session.flush()
    write_fact(
        session, quote, QuoteFact.CREATED, actor=actor, now=here.now, detail={"quote": _told(plain_quote(quote))}
    )
    return quote


def change_quote(session: Session, quote: Quote, patch: QuotePatch, *, actor: str, here: Here) -> Quote:
    """Change what the patch names; raises Refused for the words of a version that was sent."""
    standing = settle(session, quote, here=here)
    changed = patch.changed()
    before = plain_quote(quote)
    if not standing.is_open:
        require(quote, standing, QuoteAction.CHANGE)
    if changed.keys() & {"lines", "note", "valid_until"}:
        _change_draft(session, quote, patch, changed)
    if "owner" in changed:
        _check_owner(session, patch.owner)
    for field in ("customer_reference", "owner", "probability"):
        if field in changed:
            setattr(quote, field, changed[field])
    if quote.sent_version is None:
        weigh(quote)
    quote.moved_at = here.now
    session.flush()
    before, now = _told(before), _told(plain_quote(quote))
    detail = {
        "changed": {name: {"before": before[name], "after": now[name]} for name in now if now[name] != before[name]}
    }
    write_fact(session, quote, QuoteFact.CHANGED, actor=actor, now=here.now, detail=detail)
    return quote


def begin_version(
    session: Session, quote: Quote, *, actor: str, here: Here, copy_of: int | None = None
) -> QuoteVersion:
    """A draft of the next version, a copy of an earlier one: from here on the quote is being negotiated."""
    standing = settle(session, quote, here=here)
    require(quote, standing, QuoteAction.REVISE)
    if quote.draft_version is not None:
        message = _("{quote} has version {version} in work already. Change or send that one.")
        raise Refused(message.format(quote=quote.number, version=quote.draft_version), reason="quote_has_draft")
    source = find_version(quote, copy_of or quote.sent_version)
    made = _add_version(quote, copy_lines(source.lines), note=source.note, actor=actor, here=here)
    made.valid_until = max(quote.valid_until, here.today + timedelta(days=VALID_DAYS))
    quote.state = after(standing.state, QuoteAction.REVISE).value
    quote.moved_at = here.now
    session.flush()
    detail = {"version": made.version, "copy_of": source.version}
    write_fact(session, quote, QuoteFact.REVISED, actor=actor, now=here.now, detail=detail)
    return made


def send_quote(session: Session, quote: Quote, *, actor: str, here: Here) -> QuoteVersion:
    """Put the draft version before the customer: it never changes from here on. Raises Refused and says why."""
    standing = settle(session, quote, here=here)
    require(quote, standing, QuoteAction.SEND)
    if quote.draft_version is None:
        message = _("{quote} has no new version to send. Begin one first.")
        raise Refused(message.format(quote=quote.number), reason="quote_no_draft")
    version = find_version(quote, quote.draft_version)
    _check_sendable(session, quote, version, here.today)
    version.sent_at, version.sent_by = here.now, actor
    quote.sent_version, quote.draft_version = version.version, None
    quote.valid_until = version.valid_until
    quote.state = after(standing.state, QuoteAction.SEND).value
    quote.moved_at = here.now
    weigh(quote)
    session.flush()
    detail = {"version": version.version, "total": plain(quote.total), "currency": quote.currency}
    write_fact(session, quote, QuoteFact.SENT, actor=actor, now=here.now, detail=detail)
    return version


def withdraw_quote(session: Session, quote: Quote, *, reason: str, actor: str, here: Here) -> Quote:
    """Take the quote off the table; nobody can accept it any more."""
    require(quote, settle(session, quote, here=here), QuoteAction.WITHDRAW)
    quote.withdrawn_at, quote.closing_reason, quote.moved_at = here.now, reason, here.now
    session.flush()
    write_fact(session, quote, QuoteFact.WITHDRAWN, actor=actor, now=here.now, detail={"reason": reason})
    return quote


# --- what the steps above share ---


def standing_of(quote: Quote) -> Standing:
    """Where the quote is stored to be; `.on(today)` tells where it is."""
    return Standing(
        QuoteState(quote.state), quote.valid_until, quote.withdrawn_at is not None, sent_version=quote.sent_version
    )


def settle(session: Session, quote: Quote, *, here: Here) -> Standing:
    """Where the quote is today; an expiry that came by the clock is stored with the write that asks."""
    standing = standing_of(quote).on(here.today)
    if standing.state != quote.state:
        quote.state = standing.state.value
        detail = {"valid_until": quote.valid_until.isoformat(), "version": quote.sent_version}
        write_fact(session, quote, QuoteFact.EXPIRED, actor="system", now=here.now, detail=detail)
    return standing


def require(quote: Quote, standing: Standing, action: QuoteAction) -> None:
    """Raise Refused, in words, unless the action may begin here."""
    found = refusal(quote.number, standing, action)
    if found is not None:
        raise Refused(found.sentence, reason=found.reason, extra={"state": standing.word})


def weigh(quote: Quote) -> None:
    """Let the quote amount to what its version in force does, valid for as long."""
    version = in_force(quote)
    quote.total, quote.valid_until = total_of(version.lines, quote.currency), version.valid_until


def plain_quote(quote: Quote) -> dict[str, Any]:
    """What a person can change about a quote, of the draft version where there is one."""
    version = find_version(quote, quote.draft_version or quote.sent_version)
    return {
        "customer_reference": quote.customer_reference,
        "owner": quote.owner,
        "probability": quote.probability,
        "valid_until": version.valid_until.isoformat(),
        "note": version.note,
        "lines": [_plain_line(line) for line in version.lines],
    }


def _told(stored: Mapping[str, Any]) -> dict[str, Any]:
    """What a fact may hold of it: no free words, for they may speak of people, who may be erased."""
    lines = [{name: value for name, value in line.items() if name != "note"} for line in stored["lines"]]
    return {**{name: value for name, value in stored.items() if name != "note"}, "lines": lines}


def _plain_line(line: QuoteLine) -> dict[str, Any]:
    return {
        "product": line.product.sku,
        "quantity": plain(line.quantity),
        "unit_price": plain(line.unit_price),
        "discount_percent": plain(line.discount_percent),
        "configuration": line.configuration,
        "wished_date": line.wished_date.isoformat() if line.wished_date else None,
        "note": line.note,
    }


def _customer(session: Session, number: str) -> Customer:
    found = find_customer(session, number)
    if not found.is_active:
        message = _("Customer {number} is blocked. Clear that up first.").format(number=number)
        raise Invalid(errors=[FieldError("customer", message, "customer_blocked")])
    return found


def _check_owner(session: Session, login: str | None) -> None:
    if login is not None and login not in dict(repository.sellers(session, SELLING_ROLES)):
        message = _("{login} is nobody who sells here. Choose somebody with the role sales or manager.")
        raise Invalid(errors=[FieldError("owner", message.format(login=login), "unknown")])


def _own_login(session: Session, actor: str) -> str | None:
    kind, _colon, login = actor.partition(":")
    return login if kind == "user" and login in dict(repository.sellers(session, SELLING_ROLES)) else None


def _add_version(quote: Quote, lines: list[QuoteLine], *, note: str | None, actor: str, here: Here) -> QuoteVersion:
    number = 1 + max((version.version for version in quote.versions), default=0)
    made = QuoteVersion(
        version=number, valid_until=quote.valid_until, note=note, created_at=here.now, created_by=actor, lines=lines
    )
    quote.versions.append(made)
    quote.draft_version = number
    return made


def _change_draft(session: Session, quote: Quote, patch: QuotePatch, changed: dict[str, Any]) -> None:
    if quote.draft_version is None:
        message = _("Version {version} of {quote} is sent and never changes. Begin a new version.")
        raise Refused(message.format(version=quote.sent_version, quote=quote.number), reason="quote_version_sent")
    version = find_version(quote, quote.draft_version)
    if patch.lines is not None:
        lines = make_lines(session, patch.lines, quote.currency)
        # The old lines go first: a new line 1 could not stand beside the old one.
        version.lines.clear()
        session.flush()
        version.lines.extend(lines)
    for field in ("note", "valid_until"):
        if field in changed:
            setattr(version, field, changed[field])


def _check_sendable(session: Session, quote: Quote, version: QuoteVersion, today: date) -> None:
    if version.valid_until < today:
        message = _("{quote} cannot be sent: its last day {day} is past. Choose another.")
        told = message.format(quote=quote.number, day=in_words(version.valid_until))
        raise Refused(told, reason="quote_validity_past")
    found = why_not_makeable(session, quote, version)
    if found:
        message = _("{quote} cannot be sent: {because}.")
        told = message.format(quote=quote.number, because=" ".join(found).removesuffix("."))
        raise Refused(told, reason="not_makeable", extra={"problems": found})
