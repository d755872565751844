"""The credit of a customer: his exposure now, and whether an order still fits under the limit."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from server.erp.billing import deliveries, owed
from server.erp.billing.exchange import Rates
from server.erp.billing.owed import Late
from server.erp.billing.rates import rates_for
from server.erp.billing.repository import lock_customer
from server.erp.billing.rules import ZERO, CreditCheck, Elsewhere, Exposure, LineStanding, Overdue
from server.erp.orders.models import SalesOrder
from server.erp.orders.pricing import Priced, totals
from server.parties.models import Customer
from server.parties.repository import site
from server.tracking.states import Fulfilment

#: Nothing more will leave than has left.
_ALL_GONE = (Fulfilment.SHIPPED.value, Fulfilment.DELIVERED.value)


@dataclass(frozen=True, slots=True)
class Credit:
    """What a customer owes, may owe and has paid, as of a time."""

    customer: str
    name: str
    exposure: Exposure
    overdue: Overdue
    #: Paid, and no invoice has it yet.
    unallocated: Decimal
    as_of: datetime
    terms_days: int


def today(session: Session, now: datetime) -> date:
    """The day at the site."""
    return now.astimezone(ZoneInfo(site(session).time_zone)).date()


def credit_of(session: Session, customer: Customer, *, now: datetime) -> Credit:
    """The customer's credit now."""
    return credits_of(session, [customer], now=now)[customer.id]


def credits_of(session: Session, customers: Collection[Customer], *, now: datetime) -> dict[int, Credit]:
    """The credit of each customer now, by his id; a fixed number of queries."""
    ids = [customer.id for customer in customers]
    exposures = _exposures(session, customers)
    late = owed.overdue_amounts(session, ids, today(session, now))
    spare = owed.spare_amounts(session, ids)
    currencies = {customer.currency for customer in customers}.union(*(each for each in exposures.values()))
    rates = rates_for(session, currencies, now=now)
    found = {}
    for customer in customers:
        currency = customer.currency
        found[customer.id] = Credit(
            customer=customer.number,
            name=customer.name,
            exposure=_together(customer, exposures[customer.id], rates),
            overdue=_overdue(currency, late.get(customer.id, {}), rates),
            unallocated=spare.get(customer.id, {}).get(currency, ZERO),
            as_of=now,
            terms_days=customer.payment_terms_days,
        )
    return found


def check_order(session: Session, order: SalesOrder, *, now: datetime) -> CreditCheck:
    """The order against the limit of its customer, who is locked: another order cannot slip in beside it."""
    customer = lock_customer(session, order.customer_id)
    return check_loaded(session, order, customer, now=now)


def check_loaded(session: Session, order: SalesOrder, customer: Customer, *, now: datetime) -> CreditCheck:
    """The order against the limit, for showing; nobody is kept out."""
    exposures = _exposures(session, [customer])[customer.id]
    rates = rates_for(session, {*exposures, customer.currency, order.currency}, now=now)
    return _checked(order, _together(customer, exposures, rates), rates)


def checks_of(
    session: Session, orders: Collection[SalesOrder], credits: Mapping[int, Credit], *, now: datetime
) -> dict[int, CreditCheck]:
    """Each of these orders against the credit of its customer, by the order's id; one query at most."""
    currencies = {order.currency for order in orders} | {each.exposure.currency for each in credits.values()}
    rates = rates_for(session, currencies, now=now)
    return {order.id: _checked(order, credits[order.customer_id].exposure, rates) for order in orders}


def _checked(order: SalesOrder, exposure: Exposure, rates: Rates) -> CreditCheck:
    is_same = order.currency == exposure.currency
    converted = None if is_same else rates.convert(order.total_gross, order.currency, exposure.currency)
    return CreditCheck(exposure, order.currency, order.total_gross, converted)


def _together(customer: Customer, by_currency: Mapping[str, Exposure], rates: Rates) -> Exposure:
    """The exposure in the currency of the limit, with what is in others beside it."""
    own = by_currency.get(customer.currency, Exposure(customer.currency, customer.credit_limit))
    totals = {code: each.total for code, each in by_currency.items()}
    return replace(own, others=_elsewhere(totals, customer.currency, rates))


def _overdue(currency: str, late: Mapping[str, Late], rates: Rates) -> Overdue:
    """What is overdue in the currency of the limit, with what is in others beside it."""
    amounts = {code: each.amount for code, each in late.items()}
    others = _elsewhere(amounts, currency, rates)
    return Overdue(currency, amounts.get(currency, ZERO), others, sum(each.invoices for each in late.values()))


def _elsewhere(amounts: Mapping[str, Decimal], to: str, rates: Rates) -> tuple[Elsewhere, ...]:
    """The amounts of the other currencies, each with what it is worth."""
    return tuple(
        Elsewhere(code, amount, rates.convert(amount, code, to))
        for code, amount in sorted(amounts.items())
        if code != to and amount
    )


def _exposures(session: Session, customers: Collection[Customer]) -> dict[int, dict[str, Exposure]]:
    """The exposure of each customer in each currency in which he has one."""
    ids = [customer.id for customer in customers]
    invoices = owed.open_amounts(session, ids)
    uninvoiced = _uninvoiced_amounts(session, owed.committed_orders(session, ids))
    found: dict[int, dict[str, Exposure]] = {}
    for customer in customers:
        asked, coming = invoices.get(customer.id, {}), uninvoiced.get(customer.id, {})
        found[customer.id] = {
            currency: Exposure(
                currency,
                customer.credit_limit if currency == customer.currency else None,
                asked.get(currency, ZERO),
                coming.get(currency, ZERO),
            )
            for currency in {*asked, *coming}
        }
    return found


def _uninvoiced_amounts(session: Session, orders: Collection[SalesOrder]) -> dict[int, dict[str, Decimal]]:
    """What of these orders will still be invoiced, by customer and currency."""
    rest = {order: order.uninvoiced_gross for order in orders}
    # What left may be less than what was ordered.
    gone = standings(session, [order for order in orders if order.fulfilment in _ALL_GONE])
    rest |= {order: uninvoiced_gross(order, lines) for order, lines in gone.items()}
    found: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for order, amount in rest.items():
        found[order.customer_id][order.currency] += amount
    return found


def standings(session: Session, orders: Iterable[SalesOrder]) -> dict[SalesOrder, list[LineStanding]]:
    """How much of each line of these orders is to be invoiced and is invoiced; lines are loaded."""
    known = list(orders)
    if not known:
        return {}
    invoiced = deliveries.invoiced_quantities(session, [order.id for order in known])
    gone = deliveries.gone_quantities(session, [order.id for order in known if order.fulfilment in _ALL_GONE])
    return {
        order: [
            LineStanding(
                gone.get(line.id, ZERO) if order.fulfilment in _ALL_GONE else line.quantity,
                invoiced.get(line.id, ZERO),
            )
            for line in order.lines
        ]
        for order in known
    }


def uninvoiced_gross(order: SalesOrder, lines: Iterable[LineStanding]) -> Decimal:
    """What the rest of the order comes to, with tax, by the rule of every other total."""
    rest = [
        Priced(standing.left, line.unit_price, line.discount_percent, line.tax_percent)
        for line, standing in zip(order.lines, lines, strict=True)
    ]
    return totals(rest, order.currency).gross
