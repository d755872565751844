"""What lines add up to: discounts, taxes by rate, and every rounding half up."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.erp.orders.pricing import Priced, coin, line_net, totals

D = Decimal


def line(quantity: str, price: str | None, discount: str = "0", tax: str = "0") -> Priced:
    return Priced(D(quantity), None if price is None else D(price), D(discount), D(tax))


@pytest.mark.parametrize(
    ("priced", "currency", "net"),
    [
        (line("3", "0.335"), "EUR", "1.01"),
        (line("1", "0.125"), "EUR", "0.13"),
        (line("1", "0.124999"), "EUR", "0.12"),
        (line("2.5", "10", discount="12.5"), "EUR", "21.88"),
        (line("3", "33.5"), "JPY", "101"),
        (line("1", "0.0005"), "KWD", "0.001"),
        (line("7", "9.99", discount="100"), "EUR", "0.00"),
        (line("7", None), "EUR", "0"),
    ],
)
def test_a_line_is_rounded_half_up_to_the_smallest_coin(priced: Priced, currency: str, net: str) -> None:
    assert line_net(priced, currency) == D(net)


def test_tax_is_worked_out_once_for_each_rate() -> None:
    lines = [line("1", "0.05", tax="19"), line("1", "0.05", tax="19"), line("1", "10", tax="7"), line("1", "5")]

    found = totals(lines, "EUR")

    # Line by line, 19 % of 0.05 would come to 0.01 twice; on their sum it is 0.02 as well, but 0.019 before rounding.
    assert [(rate.percent, rate.net, rate.tax) for rate in found.rates] == [
        (D(0), D("5.00"), D("0.00")),
        (D(7), D("10.00"), D("0.70")),
        (D(19), D("0.10"), D("0.02")),
    ]
    assert (found.net, found.tax, found.gross) == (D("15.10"), D("0.72"), D("15.82"))


def test_nothing_adds_up_to_nothing() -> None:
    assert totals([], "EUR").gross == 0


_money = st.decimals(0, 10**9, places=4)
_lines = st.builds(
    Priced, st.decimals("0.000001", 10**6, places=6), _money, st.decimals(0, 100, places=4), st.just(D(19))
)


@given(st.lists(_lines, max_size=8), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_gross_is_net_plus_tax_in_whole_coins(lines: list[Priced], currency: str) -> None:
    found = totals(lines, currency)

    assert found.gross == found.net + found.tax
    assert found.gross % coin(currency) == 0
    assert found.net == sum(line_net(each, currency) for each in lines)
