"""The list of orders, the board and the stations' screens."""

import random
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.crm.board import Board, board
from server.crm.done_today import DoneToday
from server.crm.here import Here
from server.crm.open_orders import Pressing, Standings
from server.crm.orders_list import VIEWS, Wanted, order_list, standing_of
from server.crm.risk import OPEN, judge
from server.crm.station_screen import station_list, station_screen
from server.erp.orders import estimates
from server.erp.orders.models import SalesOrder
from server.erp.orders.prediction import Estimate
from server.errors import NotFound
from server.tracking.states import Fulfilment

STAFF = "user:anna"


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


def any_orders(session: Session, here: Here) -> list[SalesOrder]:
    """Open orders that stand in every way, with estimates around the end of their promised days."""
    dice = random.Random(7)
    calendar, moment = estimates.site_calendar(session), here.now - timedelta(hours=40)
    customer_id = session.scalar(select(func.min(SalesOrder.customer_id)))
    orders = [
        SalesOrder(
            number=f"SO-ANY-{place}", customer_id=customer_id, lifecycle=dice.choice(OPEN).value, currency="EUR",
            fulfilment=dice.choice(list(Fulfilment)).value, on_hold=dice.random() < 0.2, priority=dice.randint(1, 3),
            promise_date=dice.choice([None, *(here.today + timedelta(days=days) for days in (-1, 0, 1))]),
            created_at=here.now, created_by=dice.choice([STAFF, "user:ben"]),
        )
        for place in range(150)
    ]  # fmt: skip
    session.add_all(orders)
    session.flush()
    known = [order.id for order in orders if dice.random() < 0.8]
    found = {}
    for order_id in known:
        at = moment + timedelta(minutes=dice.randint(0, 100 * 60))
        late = at + timedelta(minutes=dice.randint(60, 2000))
        found[order_id] = Estimate(at, late, here.now, Decimal(0), (), calendar)
    estimates.store(session, [order.id for order in orders], found, now=here.now)
    for order in orders:
        session.refresh(order)
    return orders


def test_the_database_finds_orders_in_each_view_as_the_rule_judges_them(factory: Any, staff: Principal) -> None:
    here, standings = factory.here, Standings.of(staff, factory.here)

    def look(session: Session) -> None:
        orders = any_orders(session, here)
        mine = SalesOrder.number.startswith("SO-ANY-")
        ranked = sorted(
            orders, key=lambda each: (str(each.promise_date or "none"), each.priority, each.id)
        )  # fmt: skip
        belongs = {
            view: [each.id for each in ranked if str(judge(standing_of(each, here.zone), here.now)) == view]
            for view in ("late", "at_risk", "blocked")
        }
        belongs["open"] = [each.id for each in ranked]
        belongs["mine"] = [each.id for each in ranked if each.created_by == STAFF]
        belongs["draft"] = [each.id for each in ranked if each.lifecycle == "draft"]

        assert all(belongs.values())
        assert standings.counts(session, mine) == {view: len(ids) for view, ids in belongs.items()}
        for view, ids in belongs.items():
            assert pages_of(session, standings, view, mine) == ids
        risks = select(SalesOrder.id, Pressing(here.today).risk).where(SalesOrder.lifecycle == "processing")
        seen = {row[0]: row[1] for row in session.execute(risks)}
        released = [each for each in orders if each.lifecycle == "processing"]
        assert {each.id: judge(standing_of(each, here.zone), here.now) for each in released}.items() <= seen.items()

    factory.database.write(look)


def pages_of(session: Session, standings: Standings, view: str, mine: Any) -> list[int]:
    """A view read page by page to its end."""
    found: list[int] = []
    while page := standings.page(session, view, mine, after=found[-1] if found else None, limit=7):
        found += page
    return found


def test_the_board_finds_units_by_the_work_of_open_orders_and_not_by_every_unit_of_years(
    factory: Any, counted: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    if not factory.database.is_sqlite:
        # It chooses by what it has counted, and has too little to count here; what it needs is an index of its own.
        assert {"ix_unit_made_here"} <= {each["name"] for each in inspect(factory.database.engine).get_indexes("unit")}
        return
    with counted() as statements:
        board_of(factory, DoneToday())

    with factory.database.engine.connect() as connection:
        for asked in statements:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", (None,) * asked.count("?"))
            # A range without an end, or the whole table.
            assert not [row[3] for row in rows if re.search(r"unit .*>\?|SCAN unit\b", row[3])], asked


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
