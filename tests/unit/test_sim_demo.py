"""The parts of the demo: what it prints, its status line, its door, and scans by hand."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulators.api import Api, ApiFault
from simulators.day.floor import ApiFloor, Post
from simulators.day.hands import MemoryHand, Shown
from simulators.day.line import Device
from simulators.demo.by_hand import ByHand
from simulators.demo.door import Door, NoDemo, ask, newest_demo
from simulators.demo.prepare import Access
from simulators.demo.screen import Place, read_metrics, welcome
from simulators.rig import choose_port

ACCESS = Access(
    database_url="sqlite:///x",
    admin_password="drawn-for-now",
    gateway_key="ol_gw",
    api_key="ol_api",
    order="SO-1004",
    customer="Nordwind Energie",
    link_token="TOKEN",
    quote="Q-1000",
    quote_token="QUOTE",
    unit_number="U-1052",
    unit_code="OLU1052S",
    left_alone=frozenset({"SO-1004"}),
    summary="3 customers, 12 orders, 6 stations",
)


def test_the_block_names_every_door_and_the_drawn_password_once() -> None:
    page = "http://127.0.0.1:8737"
    place = Place("http://127.0.0.1:8000", "var/demo/1", "4 scanners, 2 RFID gates", page, "No broker here.")

    text = welcome(ACCESS, place, version="0.1.0")

    for part in (
        "/board",
        "/orders ",
        "service / ",
        "/station/cut",
        "/track/TOKEN",
        "/admin ",
        "planner, manager / ",
        "No broker here.",
        "OLU1052S",
    ):
        assert part in text
    assert text.count("drawn-for-now") == 1
    assert "ol_gw" not in text
    assert "ol_api" not in text
    assert max(len(line) for line in text.splitlines()) <= 120


def test_the_command_that_scans_names_the_folder_where_the_demo_would_not_be_found() -> None:
    place = Place(
        "http://127.0.0.1:8000", "/srv/demo", "4 scanners", "http://127.0.0.1:8737", None, "--data /srv/demo "
    )

    text = welcome(ACCESS, place, version="0.1.0")

    assert "orderlight-sim scan --data /srv/demo OLU1052S" in text


def test_the_status_line_adds_up_the_servers_counters() -> None:
    metrics = (
        "# HELP orderlight_events_received_total Events taken in\n"
        'orderlight_events_received_total{kind="code_scanned",status="applied"} 7.0\n'
        'orderlight_events_received_total{kind="tag_arrived",status="applied"} 4.0\n'
        'orderlight_events_received_total{kind="code_scanned",status="refused"} 2.0\n'
        'orderlight_events_received_total{kind="code_scanned",status="quarantined"} 1.0\n'
        "orderlight_live_viewers 3.0\n"
    )

    assert read_metrics(metrics, reads=20).line() == "reads 20  applied 11  refused 2  inbox 1  viewers 3"


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen(1)
        taken = holder.getsockname()[1]

        assert choose_port(taken) > taken


# --- the door ---


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    opened = Door(tmp_path, lambda code, at: f"{code} at {at}")
    opened.open()
    yield opened
    opened.close()


def test_the_door_answers_whoever_asks(door: Door, tmp_path: Path) -> None:
    assert ask(tmp_path, {"code": "OLU1052S", "at": "cut-1"}) == "OLU1052S at cut-1"
    assert ask(tmp_path, {"code": "OLU1052S"}) == "OLU1052S at None"


def test_nonsense_at_the_door_does_not_close_it(door: Door, tmp_path: Path) -> None:
    with pytest.raises(NoDemo):
        ask(tmp_path, {"not a code": "x"})

    assert ask(tmp_path, {"code": "A", "at": None}) == "A at None"


def test_without_a_demo_the_answer_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(NoDemo, match="Start one with: make demo"):
        ask(tmp_path, {"code": "OLU1052S"})


def test_the_newest_running_demo_is_found(door: Door, tmp_path: Path) -> None:
    for name in ("20261122-080000", "20261122-090000", "20261122-100000"):
        (tmp_path / name).mkdir()
    for name in ("20261122-080000", "20261122-090000"):
        (tmp_path / name / "demo.json").write_text("{}")

    assert newest_demo(tmp_path).name == "20261122-090000"


# --- what the crew finds ---


class StockApi(Api):
    """A server where a box and a piece for nobody lie beside a finished piece and one picked out of stock."""

    def __init__(self) -> None:
        super().__init__("http://paper")

    def get(self, path: str, **filters: object) -> Any:
        rows = {
            "finished": [("U-1", "serial", "SO-1")],
            "in_stock": [("HU-1007", "container", None), ("U-2", "serial", "SO-2"), ("U-3", "serial", None)],
        }[str(filters["state"])]
        items = [{"number": number, "kind": kind, "order": order, "state": "x"} for number, kind, order in rows]
        return {"items": items, "next": None}


def test_the_crew_packs_pieces_of_orders_and_passes_boxes_over() -> None:
    pieces = ApiFloor(StockApi()).finished(skip=())

    assert [piece.number for piece in pieces] == ["U-1", "U-2"]


# --- a scan by hand ---


class PaperApi(Api):
    """A server that knows one unit, due at painting."""

    def __init__(self) -> None:
        super().__init__("http://paper")
        self.state, self.step = "queued", 30

    def get(self, path: str, **filters: object) -> Any:
        if path == "/api/v1/work-orders/WO-1":
            return {"operations": [{"step": 10, "work_center": "cut"}, {"step": 30, "work_center": "paint"}]}
        if path in ("/api/v1/units/OLU1052S", "/api/v1/units/U-1052"):
            known = [{"scheme": "epc", "value": "epc:30AB", "active": True}]
            unit = {"number": "U-1052", "order": "SO-1", "state": self.state, "step": self.step}
            return {**unit, "kind": "serial", "work_order": "WO-1", "identifiers": known}
        if path.endswith("/00095060000000000138"):
            known = [{"scheme": "sscc", "value": "00/095060000000000138", "active": True}]
            return {"number": "HU-1", "kind": "container", "state": "in_stock", "identifiers": known}
        raise ApiFault(404, "Not found.")


def by_hand(api: PaperApi) -> tuple[ByHand, dict[str, MemoryHand]]:
    hands = {"cut-1": MemoryHand(), "paint-gate": MemoryHand(answer=None), "pack-1": MemoryHand(answer="stop")}
    hands["ship-gate"] = MemoryHand()
    contexts = {"cut-1": "end", "paint-gate": "gate", "pack-1": "pack", "ship-gate": "ship"}
    devices = [
        Device(f"device-{point}", Post(point, point.split("-")[0], point.split("-")[0], contexts[point]), hand, {})
        for point, hand in hands.items()
    ]
    return ByHand(api, devices), hands


def test_a_code_goes_to_the_reader_where_the_unit_is_due() -> None:
    scans, hands = by_hand(PaperApi())

    said = scans.scan("OLU1052S", None)

    assert hands["paint-gate"].shown == [Shown("OLU1052S", "]C0", "30AB")]
    assert said == "OLU1052S at paint-gate (device-paint-gate): the gate has read it."


def test_a_finished_unit_goes_to_packing_and_the_tone_is_told() -> None:
    api = PaperApi()
    api.state, api.step = "finished", 0
    scans, _hands = by_hand(api)

    assert scans.scan("U-1052", None).endswith("refused; the station's screen says why.")


def test_a_place_may_be_named_by_station_or_read_point() -> None:
    scans, hands = by_hand(PaperApi())

    scans.scan("OLU1052S", "cut")
    scans.scan("OLU1052S", "cut-1")

    assert len(hands["cut-1"].shown) == 2
    assert scans.scan("OLU1052S", "moon").startswith("There is no reader at moon. Readers: cut-1, ")


def test_a_box_goes_to_the_gate_it_leaves_by_with_its_own_label() -> None:
    scans, hands = by_hand(PaperApi())

    said = scans.scan("00095060000000000138", None)

    assert hands["ship-gate"].shown == [Shown("00095060000000000138", "]C1")]
    assert said == "00095060000000000138 at ship-gate (device-ship-gate): done."


def test_whoever_asks_is_told_what_the_demo_stumbled_over(tmp_path: Path) -> None:
    def stumble(code: str, at: str | None) -> str:
        raise ValueError(f"no such thing as {code} at {at}")

    door = Door(tmp_path, stumble)
    door.open()
    try:
        said = ask(tmp_path, {"code": "HU-1", "at": "ship-gate"})
    finally:
        door.close()

    assert said == "The demo stumbled over HU-1: ValueError('no such thing as HU-1 at ship-gate')."


def test_a_code_that_nobody_knows_is_shown_as_it_is() -> None:
    scans, hands = by_hand(PaperApi())

    scans.scan("LPN123", None)

    assert hands["cut-1"].shown == [Shown("LPN123")]
