"""The list of orders, the board and the stations' screens."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from server.auth.principal import Principal
from server.crm.board import Board, board
from server.crm.done_today import DoneToday
from server.crm.orders_list import VIEWS, Wanted, order_list
from server.crm.station_screen import station_list, station_screen
from server.errors import NotFound


def board_of(factory: Any, counter: DoneToday) -> Board:
    with factory.database.read() as session:
        return board(session, counter, here=factory.here)


@pytest.mark.parametrize("view", VIEWS)
def test_each_saved_filter_holds_as_many_orders_as_it_says(factory: Any, staff: Principal, view: str) -> None:
    with factory.database.read() as session:
        found = order_list(session, staff, Wanted(view), here=factory.here)

    assert len(found.rows) == found.total
    if view in found.counts:
        assert found.total == found.counts[view]


def test_the_list_takes_as_many_queries_for_all_orders_as_for_one(
    factory: Any, staff: Principal, counted: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    with counted() as few, factory.database.read() as session:
        assert order_list(session, staff, Wanted("blocked"), here=factory.here).rows
    with counted() as many, factory.database.read() as session:
        assert len(order_list(session, staff, Wanted("open"), here=factory.here).rows) > 3

    assert len(few) == len(many)


@pytest.mark.parametrize("after", ["", "0", "999999999999999999999999", "x", "-1", "\x00"])
def test_a_nonsense_page_mark_begins_at_the_top(factory: Any, staff: Principal, after: str) -> None:
    for view in ("open", "closed"):
        with factory.database.read() as session:
            found = order_list(session, staff, Wanted(view, after=after), here=factory.here)
        assert len(found.rows) <= found.total


def test_a_card_moves_along_the_board_with_the_scans(factory: Any) -> None:
    counter = DoneToday()
    order = factory.released("Aurora Bikes")
    assert board_of(factory, counter).done_today == 0

    factory.scan(factory.units(order)[0], "cut-1")

    after = board_of(factory, counter)
    cut = next(column for column in after.columns if column.key == "cut")
    assert next(card.done for card in cut.cards if card.order == order.number) == 1
    assert after.done_today == 1
    assert after.in_work >= 1


def test_a_step_taken_back_is_no_longer_counted(factory: Any) -> None:
    counter = DoneToday()
    order = factory.released("Aurora Bikes")
    answer = factory.scan(factory.units(order)[0], "cut-1")
    assert board_of(factory, counter).done_today == 1

    identity = {"gateway": "gw-test", "epoch": "00000000000000aa", "sequence": answer.sequence}
    factory.send({"kind": "undo_requested", "read_point": "cut-1", "corrects": identity})

    assert board_of(factory, counter).done_today == 0
    assert board_of(factory, DoneToday()).done_today == 0


def test_a_station_shows_its_last_verdicts_and_the_work_at_hand(factory: Any) -> None:
    order = factory.released("Aurora Bikes")
    unit = factory.units(order)[0]
    factory.scan(unit, "cut-1")
    factory.scan("NO-SUCH-THING", "cut-1")

    with factory.database.read() as session:
        screen = station_screen(session, "cut", here=factory.here)

    assert [verdict.signal for verdict in screen.verdicts] == ["stop", "ok"]
    assert screen.verdicts[1].undo
    assert screen.job is not None
    assert (screen.job.order, screen.job.done) == (order.number, 1)
    assert screen.read_point == "cut-1"


def test_a_station_nobody_made_is_not_there(factory: Any) -> None:
    with factory.database.read() as session, pytest.raises(NotFound):
        station_screen(session, "no-such-station", here=factory.here)


def test_the_list_of_stations_names_the_last_verdict(factory: Any) -> None:
    factory.scan(factory.units(factory.released("Aurora Bikes"))[0], "cut-1")

    with factory.database.read() as session:
        stations = {entry.key: entry for entry in station_list(session)}

    assert stations["cut"].last_signal == "ok"
    assert stations["weld"].last_say is None
