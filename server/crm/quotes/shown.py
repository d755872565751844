"""What programs get about quotes: for our own people whole, for the customer what was sent to him."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.crm.access import is_customer
from server.crm.quotes import costs, repository
from server.crm.quotes.difference import LineDifference, compare, in_words
from server.crm.quotes.lines import amount_of, terms_of, total_of
from server.crm.quotes.models import Quote, QuoteLine, QuoteMessage, QuoteVersion
from server.crm.quotes.pricing import Margin, net_price
from server.crm.quotes.rules import possible
from server.crm.quotes.service import standing_of
from server.erp.orders.schemas import PartyRef
from server.http.fields import Shown, ShownDecimal, plain
from server.messages import translate
from server.settings.clock import utc_now


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom it is shown, and on which day."""

    internal: bool
    today: date
    orders: Mapping[int, str]

    @classmethod
    def of(cls, session: Session, principal: Principal, quotes: Sequence[Quote], today: date) -> Self:
        """The reader of these quotes, with the numbers of their orders."""
        ids = [quote.order_id for quote in quotes if quote.order_id is not None]
        return cls(not is_customer(principal), today, repository.order_numbers(session, ids) if ids else {})


class MarginOut(Shown):
    """What is left when the standard cost is taken off, in the site's currency."""

    amount: ShownDecimal
    percent: ShownDecimal | None

    @classmethod
    def of(cls, margin: Margin | None) -> Self | None:
        """The answer for a margin."""
        return None if margin is None else cls(amount=margin.amount, percent=margin.percent)


class QuoteLineOut(Shown):
    """A line of a version."""

    internal = frozenset({"margin"})

    position: int
    product: str
    name: str
    quantity: ShownDecimal
    unit_price: ShownDecimal
    discount_percent: ShownDecimal
    net_price: ShownDecimal
    amount: ShownDecimal
    configuration: dict[str, str]
    #: The same in the words of the catalog.
    chosen: dict[str, str]
    wished_date: date | None
    note: str | None
    #: For our own people alone.
    margin: MarginOut | None = None

    @classmethod
    def of(cls, line: QuoteLine, currency: str, margin: Margin | None) -> Self:
        """The answer for a line whose product is loaded."""
        return cls(
            position=line.position,
            product=line.product.sku,
            name=line.product.name,
            quantity=line.quantity,
            unit_price=line.unit_price,
            discount_percent=line.discount_percent,
            net_price=net_price(line.unit_price, line.discount_percent),
            amount=amount_of(line, currency),
            configuration=line.configuration,
            chosen=line.chosen,
            wished_date=line.wished_date,
            note=line.note,
            margin=MarginOut.of(margin),
        )


class VersionOut(Shown):
    """One version with its lines."""

    internal = frozenset({"margin"})

    version: int
    valid_until: date
    note: str | None
    created_at: datetime
    sent_at: datetime | None
    total: ShownDecimal
    margin: MarginOut | None
    lines: list[QuoteLineOut]

    @classmethod
    def of(cls, session: Session, quote: Quote, version: QuoteVersion, *, internal: bool) -> Self:
        """The answer for a version whose lines and products are loaded."""
        each: Sequence[Margin | None] = [None] * len(version.lines)
        whole = None
        if internal:
            each, whole = costs.margins(session, quote, version.lines, now=utc_now())
        return cls(
            version=version.version,
            valid_until=version.valid_until,
            note=version.note,
            created_at=version.created_at,
            sent_at=version.sent_at,
            total=total_of(version.lines, quote.currency),
            margin=MarginOut.of(whole),
            lines=[
                QuoteLineOut.of(*row) for row in zip(version.lines, [quote.currency] * len(each), each, strict=True)
            ],
        )


_PLAIN = (
    "number", "customer_reference", "currency", "total", "valid_until", "sent_version", "created_at", "moved_at",
    "accepted_version", "accepted_at", "accepted_by", "declined_at", "withdrawn_at", "row_version",
)  # fmt: skip


class QuoteRow(Shown):
    """A quote in a list; what its reader may not see is null."""

    internal = frozenset({"owner", "probability", "draft_version", "actions"})

    number: str
    customer: PartyRef
    customer_reference: str | None
    #: draft | sent | negotiating | declined | expired | converted, as of today
    state: str
    withdrawn: bool
    currency: str
    total: ShownDecimal
    valid_until: date
    sent_version: int | None
    created_at: datetime
    moved_at: datetime
    order: str | None
    accepted_version: int | None
    accepted_at: datetime | None
    accepted_by: str | None
    declined_at: datetime | None
    withdrawn_at: datetime | None
    closing_reason: str | None
    owner: str | None = None
    probability: int | None = None
    draft_version: int | None = None
    actions: list[str] = []
    row_version: int

    @classmethod
    def of(cls, quote: Quote, reader: Reader, **more: Any) -> Self:
        """The answer for a quote whose customer is loaded."""
        standing = standing_of(quote).on(reader.today)
        fields: dict[str, Any] = {name: getattr(quote, name) for name in _PLAIN}
        if reader.internal:
            actions = possible(standing, has_draft=quote.draft_version is not None)
            fields |= {"owner": quote.owner, "probability": quote.probability, "draft_version": quote.draft_version}
            fields["actions"] = [action.value for action in actions]
        told = reader.internal or quote.withdrawn_at is None
        return cls(
            **fields,
            customer=PartyRef(number=quote.customer.number, name=quote.customer.name),
            state=standing.state.value,
            withdrawn=standing.withdrawn,
            order=reader.orders.get(quote.order_id) if quote.order_id else None,
            closing_reason=quote.closing_reason if told else None,
            **more,
        )


class QuoteOut(QuoteRow):
    """A quote with the version in force, and for our own people the draft beside it."""

    internal = QuoteRow.internal | {"draft"}

    version: VersionOut | None
    draft: VersionOut | None = None

    @classmethod
    def whole(cls, session: Session, quote: Quote, reader: Reader) -> Self:
        """The answer for a wholly loaded quote."""
        found = {version.version: version for version in quote.versions}

        def shown(version: int | None) -> VersionOut | None:
            if version is None:
                return None
            return VersionOut.of(session, quote, found[version], internal=reader.internal)

        draft = shown(quote.draft_version) if reader.internal else None
        return cls.of(quote, reader, version=shown(quote.sent_version), draft=draft)


class QuoteList(Shown):
    """A page of quotes."""

    items: list[QuoteRow]
    next: str | None


def difference_json(before: QuoteVersion, now: QuoteVersion, currency: str) -> dict[str, Any]:
    """What differs between two versions, in fields and in words."""
    lines = compare(terms_of(before), terms_of(now))
    total: tuple[Decimal, Decimal] = (total_of(before.lines, currency), total_of(now.lines, currency))
    return {
        "from": before.version,
        "to": now.version,
        "lines": [_line_json(line) for line in lines],
        "valid_until": {"before": before.valid_until.isoformat(), "now": now.valid_until.isoformat()},
        "total": {"before": str(total[0]), "now": str(total[1])},
    }


def _line_json(line: LineDifference) -> dict[str, Any]:
    return {
        "kind": line.kind,
        "position": line.position,
        "name": line.name,
        "quantity": plain(line.quantity),
        "words": in_words(line.changes, translate),
        "changes": [
            {"field": each.field, "label": each.named(translate), "before": each.before, "now": each.now}
            for each in line.changes
        ],
    }


def message_json(message: QuoteMessage, *, internal: bool) -> dict[str, Any]:
    """A message of the thread; the customer reads what we say without the names of our people."""
    shown = {
        "id": message.id,
        "version": message.version,
        "side": message.side,
        "author": message.author if internal or message.side == "customer" else None,
        "body": message.body,
        "proposal": message.proposal,
        "created_at": message.created_at.isoformat(),
    }
    return shown | {"taken_into": message.taken_into} if internal else shown
