"""What both sides say about a quote, and what the customer would have otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.crm.access import is_customer
from server.crm.here import Here
from server.crm.quotes.choices import Wish, choose
from server.crm.quotes.difference import Change, Terms, changes_of, match
from server.crm.quotes.facts import QuoteFact, write_fact
from server.crm.quotes.lines import check_total, find_version, terms_of, terms_of_line
from server.crm.quotes.models import Quote, QuoteLine, QuoteMessage, QuoteVersion
from server.crm.quotes.rules import QuoteAction, QuoteState, after
from server.crm.quotes.schemas import MessageIn, ProposedLine
from server.crm.quotes.service import begin_version, require, settle
from server.erp.orders.planning import quantity_problem
from server.errors import FieldError, Invalid, Refused
from server.messages import translate as _

CUSTOMER, SALES = "customer", "sales"


@dataclass(frozen=True, slots=True)
class Writer:
    """Who speaks, and for which side."""

    side: str
    name: str
    actor: str

    @classmethod
    def of(cls, principal: Principal) -> "Writer":
        """The caller as one of the two sides."""
        return cls(CUSTOMER if is_customer(principal) else SALES, principal.name[:120], principal.actor)


def write_message(session: Session, quote: Quote, body: MessageIn, *, by: Writer, here: Here) -> QuoteMessage:
    """Say something about a version; a proposal of the customer opens the negotiation."""
    standing = settle(session, quote, here=here)
    version = _spoken_of(quote, body, by)
    proposal = _wished(session, version, body.proposal, by)
    if body.body is None and not proposal:
        raise Invalid(errors=[FieldError("body", _("Write something, or propose a change."), "missing")])
    if proposal:
        require(quote, standing, QuoteAction.PROPOSE)
        quote.state = after(QuoteState(quote.state), QuoteAction.PROPOSE).value
    message = QuoteMessage(
        quote_id=quote.id,
        version=version.version,
        side=by.side,
        author=by.name,
        actor=by.actor,
        body=body.body,
        proposal=proposal or None,
        created_at=here.now,
    )
    session.add(message)
    quote.moved_at = here.now
    session.flush()
    kind = QuoteFact.CHANGE_PROPOSED if proposal else QuoteFact.MESSAGE_WRITTEN
    detail = {"message": message.id, "side": by.side, "version": version.version}
    write_fact(session, quote, kind, actor=by.actor, now=here.now, detail=detail)
    return message


def take_over(session: Session, quote: Quote, message: QuoteMessage, *, actor: str, here: Here) -> QuoteVersion:
    """Put what the customer proposed into the draft version, which is begun if there is none."""
    if not message.proposal:
        raise Refused(_("This message proposes nothing that could be taken over."), reason="no_proposal")
    if message.taken_into is not None:
        told = _("This proposal was taken into version {version} already.").format(version=message.taken_into)
        raise Refused(told, reason="proposal_taken")
    require(quote, settle(session, quote, here=here), QuoteAction.REVISE)
    if quote.draft_version is None:
        draft = begin_version(session, quote, actor=actor, here=here)
    else:
        draft = find_version(quote, quote.draft_version)
    continued = match(terms_of(find_version(quote, message.version)), terms_of(draft))
    lines = {old: draft.lines[place] for place, old in continued.items()}
    for wish in message.proposal:
        fields = {name: value for name, value in wish.items() if name != "chosen"}
        _apply(session, lines.get(wish["position"] - 1), ProposedLine.model_validate(fields))
    check_total(draft.lines, quote.currency)
    message.taken_into = draft.version
    quote.moved_at = here.now
    session.flush()
    detail = {"message": message.id, "version": draft.version}
    write_fact(session, quote, QuoteFact.PROPOSAL_TAKEN, actor=actor, now=here.now, detail=detail)
    return draft


def proposed(version: QuoteVersion, proposal: Sequence[Mapping[str, Any]]) -> list[tuple[Terms, list[Change]]]:
    """Each line that the customer would have otherwise, with what would change."""
    terms = terms_of(version)
    found = []
    for wish in proposal:
        line = terms[wish["position"] - 1]
        found.append((line, changes_of(line, _changed(line, wish))))
    return found


def _spoken_of(quote: Quote, body: MessageIn, by: Writer) -> QuoteVersion:
    version = find_version(quote, body.version or quote.sent_version or quote.draft_version)
    if by.side == CUSTOMER and version.sent_at is None:
        # A draft does not exist for the customer.
        return find_version(quote, quote.sent_version)
    return version


def _wished(
    session: Session, version: QuoteVersion, wishes: Sequence[ProposedLine], by: Writer
) -> list[dict[str, Any]]:
    """The proposal without what is as it was; raises Invalid for lines that are not there and options nobody offers."""
    if wishes and by.side != CUSTOMER:
        raise Invalid(errors=[FieldError("proposal", _("Only the customer proposes; change the draft instead."))])
    missing = [wish.position for wish in wishes if wish.position > len(version.lines)]
    if missing:
        message = _("Version {version} has no line {position}.")
        told = message.format(version=version.version, position=missing[0])
        raise Invalid(errors=[FieldError("proposal", told, "unknown")])
    found = []
    for wish in wishes:
        line = version.lines[wish.position - 1]
        if (problem := _quantity_problem(line, wish)) is not None:
            raise Invalid(errors=[FieldError("proposal", problem, "quantity")])
        kept = wish.model_dump(mode="json", exclude_none=True) | _chosen(session, line, wish)
        if changes_of(terms_of_line(line), _changed(terms_of_line(line), kept)):
            found.append(kept)
    return found


def _quantity_problem(line: QuoteLine, wish: ProposedLine) -> str | None:
    """Why nobody can order so much, as for a line of our own."""
    return None if wish.quantity is None else quantity_problem(line.product, wish.quantity)


def _chosen(session: Session, line: QuoteLine, wish: ProposedLine) -> dict[str, Any]:
    """The options he would have, in the words they are shown in."""
    if wish.configuration is None:
        return {}
    quantity = wish.quantity or line.quantity
    found = choose(session, [Wish(line.product.sku, line.configuration, quantity, wish.configuration)])[0]
    if found.refusal is not None:
        raise Invalid(errors=[FieldError("proposal", found.refusal, "option")])
    return {"chosen": dict(found.named)}


def _changed(line: Terms, wish: Mapping[str, Any]) -> Terms:
    """The line as it would be with a proposal that is kept."""
    return replace(
        line,
        quantity=Decimal(wish.get("quantity", line.quantity)),
        unit_price=Decimal(wish.get("unit_price", line.unit_price)),
        configuration=wish.get("chosen", line.configuration),
        wished_date=date.fromisoformat(wish["wished_date"]) if "wished_date" in wish else line.wished_date,
    )


def _apply(session: Session, line: QuoteLine | None, wish: ProposedLine) -> None:
    if line is None:
        told = _("Line {position} is not in the draft any more, so the proposal cannot be taken over.")
        raise Refused(told.format(position=wish.position), reason="line_gone")
    if (problem := _quantity_problem(line, wish)) is not None:
        raise Refused(problem, reason="quantity")
    if wish.configuration is not None:
        quantity = wish.quantity or line.quantity
        found = choose(session, [Wish(line.product.sku, line.configuration, quantity, wish.configuration)])[0]
        if found.refusal is not None:
            raise Refused(found.refusal, reason="option")
        line.configuration, line.chosen = dict(found.choices), dict(found.named)
    line.quantity = wish.quantity or line.quantity
    line.unit_price = line.unit_price if wish.unit_price is None else wish.unit_price
    line.wished_date = wish.wished_date or line.wished_date
