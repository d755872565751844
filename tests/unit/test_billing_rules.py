"""The rules of credit and invoices, without a database."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.erp.billing.labour import Told, measured, union, without, working_minutes
from server.erp.billing.rules import (
    CreditCheck,
    Exposure,
    LineStanding,
    allocate,
    billing_of,
    due,
    is_overdue,
    state_of,
)
from server.erp.billing.states import Billing, InvoiceState
from server.erp.orders.prediction import Calendar

D = Decimal
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CALENDAR = Calendar(frozenset(range(5)), time(6), time(22), ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("limit", "amount", "currency", "passes", "excess"),
    [
        (None, "1000000", "EUR", True, "0"),
        ("1000", "300", "EUR", True, "0"),
        ("1000", "300.01", "EUR", False, "0.01"),
        ("0", "0", "EUR", False, "700"),
        ("5000", "1", "USD", False, "0"),
    ],
)
def test_an_order_passes_up_to_the_limit_and_no_further(
    limit: str | None, amount: str, currency: str, passes: bool, excess: str
) -> None:
    exposure = Exposure("EUR", None if limit is None else D(limit), open_invoices=D(500), uninvoiced=D(200))

    check = CreditCheck(exposure, currency, D(amount))

    assert (check.passes, check.excess) == (passes, D(excess))


def test_an_invoice_is_overdue_from_the_day_after_its_due_day() -> None:
    day = due(date(2026, 11, 1), 30)

    assert day == date(2026, 12, 1)
    assert not is_overdue("issued", day, day)
    assert is_overdue("partially_paid", day, day + timedelta(days=1))
    assert not is_overdue("paid", day, day + timedelta(days=90))
    assert not is_overdue("draft", None, day)


@pytest.mark.parametrize(
    ("gross", "paid", "state"),
    [("10", "0", "issued"), ("10", "0.01", "partially_paid"), ("10", "10", "paid"), ("0", "0", "paid")],
)
def test_the_state_follows_what_was_paid(gross: str, paid: str, state: str) -> None:
    assert state_of(D(gross), D(paid)) == InvoiceState(state)


@pytest.mark.parametrize(
    ("lines", "all_paid", "billing"),
    [
        ([("5", "0"), ("3", "0")], False, Billing.NONE),
        ([("5", "5"), ("3", "0")], True, Billing.PARTIAL),
        ([("5", "5"), ("3", "3")], False, Billing.INVOICED),
        ([("5", "5"), ("3", "3")], True, Billing.PAID),
        ([("0", "0"), ("3", "3")], True, Billing.PAID),
    ],
)
def test_an_order_mirrors_how_much_is_invoiced_and_paid(
    lines: list[tuple[str, str]], all_paid: bool, billing: Billing
) -> None:
    standings = [LineStanding(D(billable), D(invoiced)) for billable, invoiced in lines]

    assert billing_of(standings, all_paid=all_paid) == billing


_amounts = st.decimals(0, 10**6, places=2)


@given(_amounts, st.lists(_amounts, max_size=6))
def test_no_invoice_gets_more_than_is_open_and_nothing_is_lost(amount: Decimal, opens: list[Decimal]) -> None:
    shares = allocate(amount, opens)

    assert all(0 <= share <= still_open for share, still_open in zip(shares, opens, strict=True))
    assert sum(shares) == min(amount, sum(opens))


def at(minutes: int) -> datetime:
    return MONDAY + timedelta(minutes=minutes)


def test_units_worked_on_together_count_their_minutes_once() -> None:
    told = [
        Told("operation_started", 1, at(0)),
        Told("operation_started", 2, at(5)),
        Told("operation_completed", 1, at(10)),
        Told("operation_completed", 2, at(20)),
        Told("operation_completed", 3, at(30)),
    ]

    known, spans = measured(told)

    # Nobody told when the third began, so its minutes stay standard.
    assert known == {1, 2}
    assert working_minutes(spans, CALENDAR) == 20


def test_a_pause_is_no_work_and_ends_with_the_next_step() -> None:
    told = [
        Told("operation_started", 1, at(0)),
        Told("operation_paused", 1, at(10)),
        Told("operation_started", 2, at(40)),
        Told("operation_completed", 1, at(50)),
        Told("operation_completed", 2, at(60)),
    ]

    assert working_minutes(measured(told)[1], CALENDAR) == 30


def test_nights_and_weekends_are_no_work() -> None:
    friday = MONDAY + timedelta(days=4)
    evening, monday = friday.replace(hour=21, minute=30), friday.replace(hour=6, minute=45) + timedelta(days=3)

    assert working_minutes([(evening, monday)], CALENDAR) == 75


def test_spans_are_joined_and_cut() -> None:
    spans = union([(at(10), at(30)), (at(0), at(15)), (at(40), at(50))])

    assert spans == [(at(0), at(30)), (at(40), at(50))]
    assert without(spans, [(at(20), at(45))]) == [(at(0), at(20)), (at(45), at(50))]
