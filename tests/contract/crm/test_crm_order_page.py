"""One order as people see it: counts, sentence, units, and the read behind each line."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from server.auth.principal import Principal
from server.crm.order_page import OrderPage, order_page
from server.crm.orders_list import Wanted, order_list
from server.crm.units import unit_page
from server.errors import NotFound
from server.web.i18n import Formats
from server.web.sentences import status


def page_of(factory: Any, principal: Principal, number: str) -> OrderPage:
    with factory.database.read() as session:
        return order_page(session, principal, number, here=factory.here)


def sentence(factory: Any, page: OrderPage, *, for_customer: bool = False) -> str:
    return status(page, Formats("en", factory.here.zone, factory.now), for_customer=for_customer).sentence


def test_a_scan_moves_the_milestone_and_the_sentence(factory: Any, staff: Principal) -> None:
    order = factory.released("Aurora Bikes")
    before = page_of(factory, staff, order.number)
    assert "Work has not begun yet" in sentence(factory, before)

    factory.scan(factory.units(order)[0], "cut-1")

    after = page_of(factory, staff, order.number)
    cut = next(step for step in after.milestones if step.name == "Cut")
    assert (cut.done, cut.state) == (1, "now")
    assert sentence(factory, after).startswith(f"1 of {cut.total} are through Cut")
    assert after.units[0].step == "Weld"


def test_each_line_of_the_timeline_opens_the_read_that_proves_it(factory: Any, staff: Principal) -> None:
    order = factory.released("Aurora Bikes")
    unit = factory.units(order)[0]

    factory.scan(unit, "cut-1")

    entry = page_of(factory, staff, order.number).timeline.entries[0]
    assert (entry.subject, entry.kind, entry.step) == (unit, "operation_completed", "Cut")
    assert entry.proof is not None
    assert (entry.proof.reader, entry.proof.read_point, entry.proof.code) == ("scanner-3", "cut-1", unit)
    assert entry.proof.observed_at == factory.now
    assert entry.proof.gateway == "gw-test"


def test_a_scan_taken_back_is_struck_and_the_reversal_stands_above_it(factory: Any, staff: Principal) -> None:
    order = factory.released("Aurora Bikes")
    unit = factory.units(order)[0]
    answer = factory.scan(unit, "cut-1")
    identity = {"gateway": "gw-test", "epoch": "00000000000000aa", "sequence": answer.sequence}

    undone = factory.send({"kind": "undo_requested", "read_point": "cut-1", "corrects": identity})

    assert undone.status == "applied"
    newest, older = page_of(factory, staff, order.number).timeline.entries[:2]
    assert (newest.kind, newest.reverses) == ("reversed", "operation_completed")
    assert older.taken_back


def test_a_unit_tells_its_own_story_to_staff(factory: Any, staff: Principal) -> None:
    order = factory.released("Aurora Bikes")
    first, second = factory.units(order)[:2]
    factory.scan(first, "cut-1")
    factory.scan(second, "cut-1")

    with factory.database.read() as session:
        found = unit_page(session, staff, first)

    assert found.order == order.number
    assert {entry.subject for entry in found.timeline.entries if entry.proof} == {first}


def test_a_foreign_order_is_not_there(factory: Any) -> None:
    order = factory.released("Aurora Bikes")
    stranger = factory.customer("Kestrel Rail")

    with pytest.raises(NotFound) as foreign:
        page_of(factory, stranger, order.number)
    with pytest.raises(NotFound) as missing:
        page_of(factory, stranger, "SO-999999")

    assert foreign.value.detail == missing.value.detail


def test_a_customer_lists_his_own_orders_alone(factory: Any) -> None:
    with factory.database.read() as session:
        own = order_list(session, factory.customer("Aurora Bikes"), Wanted(), here=factory.here)

    assert own.rows
    assert {row.customer for row in own.rows} == {"Aurora Bikes"}


def test_the_number_of_queries_does_not_grow_with_the_order(
    factory: Any, staff: Principal, counted: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    small, large = factory.released("Kestrel Rail"), factory.released("Aurora Bikes")
    for unit in factory.units(large):
        factory.scan(unit, "cut-1")

    with counted() as few:
        page_of(factory, staff, small.number)
    with counted() as many:
        page_of(factory, staff, large.number)

    assert len(many) <= max(len(few), 25)


def test_a_held_order_says_why_to_staff_and_not_to_its_customer(factory: Any, staff: Principal) -> None:
    with factory.database.read() as session:
        held = next(row for row in order_list(session, staff, Wanted("blocked"), here=factory.here).rows)
    formats = Formats("en", factory.here.zone, factory.now)
    page = page_of(factory, staff, held.number)

    inside, outside = (status(page, formats, for_customer=flag) for flag in (False, True))

    assert "drawing" in (inside.remark or "")
    assert "drawing" not in outside.sentence + (outside.remark or "")
    assert "stands still" in outside.sentence
