"""What is expected at a gate against what passed there: missing, surplus, and nothing lost in between."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest

from orderlight.autoid import OwnCode
from server.erp.floor.repository import read_point
from server.erp.floor.schemas import ReadPointIn
from server.erp.floor.service import create_read_point
from server.erp.passages import repository, service
from server.erp.passages.models import PassageCheck, PassageItem
from server.erp.passages.schemas import PassageCheckIn, PassageCheckOut, comparison_of
from server.erp.production.models import Identifier
from server.settings.clock import utc_now
from server.tracking.states import Context

GATE = "dock"


@pytest.fixture
def dock(plant: Any) -> Any:
    """The plant with a gate at ship that compares passages, and the three units of SO-1000 in one closed box."""
    return equip(plant)


def equip(plant: Any, seconds: int = 0) -> Any:
    point = ReadPointIn(
        key=GATE, name="Dock", station="ship", context=Context.GATE, checks_passages=True, check_seconds=seconds
    )
    plant.database.write(lambda session: create_read_point(session, point, actor="test", now=plant.now) and None)
    for unit in plant.orders["SO-1000"]:
        plant.through(unit, "cut-end", "weld-end", "pack-pack")
    return plant


def expect(plant: Any, kind: str, subject: str, level: str = "units", items: Sequence[str] = ()) -> int:
    """Open a check and give its number."""
    body = PassageCheckIn.model_validate({"kind": kind, "subject": subject, "level": level, "items": list(items)})

    def work(session: Any) -> int:
        point = read_point(session, GATE)
        assert point is not None
        return service.open_check(session, point, body, actor="user:anna", now=plant.now).id

    made: int = plant.database.write(work)
    return made


def close(plant: Any, check_id: int) -> None:
    """Somebody says that the passage is over."""

    def work(session: Any) -> None:
        found = repository.check(session, check_id, lock=True)
        assert found is not None
        service.close_check(session, found, actor="user:anna", now=plant.now)

    plant.database.write(work)


def look(plant: Any, check_id: int) -> PassageCheckOut:
    """The check as programs see it."""
    with plant.database.read() as session:
        found = repository.check(session, check_id)
        assert found is not None
        return PassageCheckOut.of(found, service.sentence_of(comparison_of(found)), plant.now)


def codes(things: Sequence[Any]) -> list[str]:
    return [thing.code for thing in things]


def epc(plant: Any, unit: str) -> str:
    found = plant.one(Identifier, scheme="epc", unit_id=plant.unit(unit).id)
    return str(found.value.removeprefix("epc:"))


def test_a_passage_is_missing_what_was_not_seen_and_complete_with_the_last_one(dock: Any) -> None:
    units = dock.orders["SO-1000"]
    check = expect(dock, "order", "SO-1000")
    waiting = look(dock, check)
    dock.tag(epc(dock, units[0]), GATE)
    dock.tag(epc(dock, units[2]), GATE)
    part = look(dock, check)
    dock.tag(epc(dock, units[1]), GATE)
    whole = look(dock, check)

    assert (waiting.verdict, waiting.say) == ("waiting", "Nothing of it has passed yet. Expected: 3.")
    assert (part.verdict, part.say, codes(part.missing)) == ("missing", "Missing: 1 of 3.", [units[1]])
    assert (whole.verdict, whole.say) == ("complete", "Complete: all 3 have passed.")
    assert "station:ship" in dock.topics


def test_what_nobody_expected_is_surplus_and_a_strangers_tag_spoils_nothing(dock: Any) -> None:
    units, other = dock.orders["SO-1000"], dock.orders["SO-1001"][0]
    check = expect(dock, "order", "SO-1000")
    events = [dock.event(None, GATE, kind="tag_arrived", epc=epc(dock, unit)) for unit in units]
    stray = dock.event(None, GATE, kind="tag_arrived", epc="E28011606000020A6681F23F")
    dock.send(*events, stray)
    clean = look(dock, check)
    dock.tag(epc(dock, other), GATE)
    more = look(dock, check)

    assert (clean.verdict, len(clean.strangers)) == ("complete", 1)
    assert (more.verdict, codes(more.unexpected)) == ("unexpected", [other])
    assert more.say == "All 3 have passed, and others that were not expected: 1."


def test_missing_and_surplus_are_told_together(dock: Any) -> None:
    check = expect(dock, "order", "SO-1000")
    dock.scan(dock_code(dock.orders["SO-1001"][0]), GATE)

    assert look(dock, check).say == "Missing: 3 of 3. Not expected: 1."


def dock_code(number: str) -> str:
    return str(OwnCode("U", number.partition("-")[2]))


def test_the_box_around_expected_units_is_no_surplus_and_by_boxes_it_is_what_counts(dock: Any, tools: Any) -> None:
    sscc = dock.sql("SELECT sscc FROM handling_unit")[0][0]
    by_units = expect(dock, "handling_unit", "HU-1000")
    dock.tag(tools.box_epc(sscc), GATE)
    seen = look(dock, by_units)
    close(dock, by_units)
    by_boxes = expect(dock, "handling_unit", "HU-1000", "boxes")
    dock.tag(tools.box_epc(sscc), GATE)

    assert (seen.verdict, seen.expected, seen.unexpected) == ("waiting", 3, [])
    assert (look(dock, by_boxes).verdict, look(dock, by_boxes).expected) == ("complete", 1)


def test_every_read_at_the_gate_stands_at_the_check_with_the_event_that_proves_it(dock: Any) -> None:
    check = expect(dock, "list", "Monday", items=dock.orders["SO-1000"][:2])
    for unit in [*dock.orders["SO-1000"], *dock.orders["SO-1001"]]:
        dock.tag(epc(dock, unit), GATE)
        dock.tag(epc(dock, unit), GATE)

    found = look(dock, check)
    assert (len(found.seen), len(found.unexpected), found.missing) == (2, 3, [])
    rows = dock.rows(PassageItem.__table__.select().where(PassageItem.event_id.is_(None)))
    assert rows == []
    assert dock.count(PassageItem) == 5


def test_a_passage_ends_by_itself_and_what_comes_later_belongs_to_the_next_one(plant: Any) -> None:
    equip(plant, seconds=10)
    units = plant.orders["SO-1000"]
    first = expect(plant, "order", "SO-1000")
    plant.tag(epc(plant, units[0]), GATE)
    plant.wait(30)
    before = look(plant, first)
    plant.tag(epc(plant, units[1]), GATE)
    second = expect(plant, "order", "SO-1000")

    assert (before.closed_by, look(plant, first).closed_by) == ("passage", "passage")
    assert codes(look(plant, first).missing) == units[1:]
    assert (plant.count(PassageCheck), look(plant, second).closed_at) == (2, None)


def test_a_read_from_before_the_opening_or_overheard_does_not_count(dock: Any) -> None:
    unit = dock.orders["SO-1000"][0]
    late = dock.event(None, GATE, kind="tag_arrived", epc=epc(dock, unit))
    dock.wait(5)
    check = expect(dock, "order", "SO-1000")
    dock.send(late)

    assert look(dock, check).verdict == "waiting"


def test_where_nothing_is_compared_a_batch_asks_nothing_more(plant: Any, counted: Any) -> None:
    with counted() as statements:
        plant.scan(dock_code(plant.orders["SO-1000"][0]))

    assert not [text for text in statements if "passage_" in text and "checks_passages" not in text]


# --- the doors and the page ---


@pytest.fixture
def operator(dock: Any, signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """Somebody who scans."""
    return signed_in("operator")


def test_programs_open_look_at_and_close_a_check(operator: httpx.Client, dock: Any) -> None:
    address = f"/api/v1/read-points/{GATE}/passage-checks"
    made = operator.post(address, json={"kind": "order", "subject": "SO-1000"})
    again = operator.post(address, json={"kind": "order", "subject": "SO-1000"})
    nothing = operator.post(address, json={"kind": "shipment", "subject": "SH-4711"})
    elsewhere = operator.post(
        "/api/v1/read-points/cut-end/passage-checks", json={"kind": "order", "subject": "SO-1000"}
    )
    number = made.json()["id"]
    closed = operator.post(f"/api/v1/passage-checks/{number}/close")

    assert (made.status_code, made.json()["verdict"], len(made.json()["missing"])) == (201, "waiting", 3)
    assert (again.status_code, again.json()["reason"]) == (409, "check_is_open")
    assert (nothing.status_code, elsewhere.json()["reason"]) == (409, "not_checking")
    assert closed.json()["closed_at"] is not None
    assert operator.post(address, json={"kind": "shipment", "subject": "SH-4711"}).status_code == 422
    assert operator.post(address, json={"kind": "list", "subject": "x", "items": ["U-9"]}).status_code == 422
    assert operator.get("/api/v1/passage-checks").json()["items"][0] == closed.json()
    assert operator.get(f"/api/v1/passage-checks/{number}").json() == closed.json()
    assert operator.get("/api/v1/passage-checks/99").status_code == 404


def test_the_stations_page_says_what_is_missing_and_surplus_without_javascript(
    operator: httpx.Client, dock: Any
) -> None:
    idle = operator.get("/station/ship").text
    form = {"read_point": GATE, "kind": "order", "subject": "so-1000", "level": "units", "once": "abcdefghij012345"}
    sent = [operator.post("/station/ship/passage", data=form) for _ in range(2)]
    dock.now = utc_now()
    dock.tag(epc(dock, dock.orders["SO-1000"][0]), GATE)
    dock.tag(epc(dock, dock.orders["SO-1001"][0]), GATE)
    screen, page = operator.get("/station/ship").text, operator.get("/station/ship/passage").text
    wrong = operator.post("/station/ship/passage", data={**form, "subject": "SO-9999", "once": ""})
    check = look(dock, dock.one(PassageCheck).id)
    closed = operator.post("/station/ship/passage/close", data={"check": str(check.id)})

    assert "Nothing is expected at the gate" in idle
    assert "/station/cut/passage" not in operator.get("/station/cut").text
    assert ([each.status_code for each in sent], dock.count(PassageCheck)) == ([303, 303], 1)
    assert "Missing: 2 of 3. Not expected: 1." in screen
    assert "Missing: 2 of 3. Not expected: 1." in page
    assert all(thing.code in page for thing in (*check.missing, *check.unexpected))
    assert re.search(r'id="live-region"[^>]* data-topic="station:ship" data-version="[1-9]\d*" data-refetch', page)
    assert (wrong.status_code, closed.status_code) == (409, 303)
    assert "(closed)" in operator.get("/station/ship").text
    assert operator.post("/station/ship/passage/close", data={"check": "777777"}).status_code == 404


def test_the_read_points_form_switches_it_on(dock: Any, signed_in: Callable[..., httpx.Client]) -> None:
    planner = signed_in("manager")
    address = "/api/v1/read-points/ship-deliver"
    version = planner.get(address).headers["ETag"].strip('"')
    form = {"name": "Out", "station": "ship", "context": "deliver", "quiet_seconds": "0", "overlap_seconds": "5"}
    form |= {"check_seconds": "20", "checks_passages": "1", "active": "1", "row_version": version}
    changed = planner.post("/setup/read-points/ship-deliver", data=form)

    assert changed.status_code == 303
    told = planner.get(address).json()
    assert (told["checks_passages"], told["check_seconds"]) == (True, 20)
