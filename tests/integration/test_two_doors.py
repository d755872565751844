"""Two doors side by side, over real processes: each has a gateway of its own, and both hear the one tag."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.pipeline import ask
from simulators.api import Api
from simulators.day.floor import ApiFloor, unit_piece
from simulators.demo.prepare import Access, prepare
from simulators.devices.r200 import R200
from simulators.devices.transport import PtyTransport
from simulators.processes import program
from simulators.radio import RadioField, RadioSettings, TagSeen
from simulators.rig import Rig, write_secret
from simulators.services import free_port

PATIENCE = 30.0
#: So much weaker does an antenna hear what stands before the other door.
LOSS_DB = 14.0
SAW, DOCK = "saw-gate", "dock-gate"
STATIONS = {SAW: "cut", DOCK: "ship"}
#: The antenna of each door in the room that both share.
ANTENNAS = {SAW: 1, DOCK: 2}


class Side(RadioField):
    """What the antenna of one door hears of the room; nothing while it is covered."""

    def __init__(self, room: RadioField, antenna: int) -> None:
        super().__init__()
        self._room, self._antenna, self.covered = room, antenna, True

    def round(self, now: float) -> list[TagSeen]:
        if self.covered:
            return []
        return [seen for seen in self._room.round(now) if seen.antenna == self._antenna]


@dataclass
class Doors:
    """Server, two gateways with a reader each, and the room that the readers share."""

    rig: Rig
    access: Access
    api: Api
    room: RadioField
    sides: dict[str, Side]

    def unit(self, number: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/api/v1/units/{number}")
        return found

    def piece(self) -> tuple[str, str]:
        """Number and tag of a unit that waits at the saw and was read nowhere."""
        floor = ApiFloor(self.api)
        for unit in self.api.items("/api/v1/units", state="queued", held="false"):
            epc = floor.tag(unit_piece(unit)) if (unit["step"], unit["last_read_point"]) == (10, None) else None
            if epc is not None:
                return str(unit["number"]), epc
        raise AssertionError("No unit with a tag waits at the saw.")

    def arrivals(self, epc: str) -> list[tuple[str, str, str, float, int]]:
        """Gateway, read point, answer, mean signal and reads of each arrival of the tag that the server keeps."""
        query = (
            "SELECT s.gateway, e.action, e.payload FROM event e JOIN event_source s ON s.id = e.source_id "
            "WHERE e.kind = 'tag_arrived' ORDER BY e.id"
        )
        with sqlite3.connect(self.rig.folder / "orderlight.db") as database:
            rows = [(gateway, action, json.loads(told)) for gateway, action, told in database.execute(query)]
        return [
            (gateway, told["read_point"], action, told["rssi_dbm"], told["reads"])
            for gateway, action, told in rows
            if told["epc"] == epc
        ]

    def listen(self, *doors: str) -> None:
        for door in doors:
            self.sides[door].covered = False

    def heard_by(self, epc: str, doors: int) -> list[tuple[str, str, str, float, int]]:
        until(lambda: len(self.arrivals(epc)) == doors, f"{doors} answered arrivals of {epc}")
        return self.arrivals(epc)


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"Waited in vain for {what}."
        time.sleep(0.05)


@pytest.fixture(scope="module")
def doors(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    folder = tmp_path_factory.mktemp("doors")
    database = folder / "orderlight.db"
    database.write_bytes(sqlite_template.read_bytes())
    access = prepare(f"sqlite:///{database}")
    room = RadioField(
        RadioSettings(antennas=2, read_probability=1.0, cross_probability=1.0, cross_loss_db=LOSS_DB, step_db=0.5),
        seed=11,
    )
    sides = {door: Side(room, antenna) for door, antenna in ANTENNAS.items()}
    readers = [R200(PtyTransport(folder / door), side) for door, side in sides.items()]
    for reader in readers:
        reader.plug()
    try:
        with Rig(folder, database_url=f"sqlite:///{database}", port=free_port()) as rig:
            rig.start_server()
            keys = set_up(rig.url, access.admin_password)
            for door, key in keys.items():
                start_gateway(rig, door, key)
            yield Doors(rig, access, Api(rig.url, access.api_key), room, sides)
    finally:
        for reader in readers:
            reader.unplug()


def set_up(url: str, password: str) -> dict[str, str]:
    """Make both read points, which overlap, and a gateway for each; its key by read point."""
    keys = {}
    with httpx.Client(base_url=url, headers={"Origin": url}, timeout=20) as admin:
        assert admin.post("/api/v1/session", json={"login": "admin", "password": password}).is_success
        for door, station in STATIONS.items():
            point = {"key": door, "name": door, "station": station, "context": "gate"}
            made = admin.post("/api/v1/read-points", json=point | {"overlap_group": "doors", "overlap_seconds": 15})
            assert made.status_code == 201, made.text
            added = admin.post("/api/v1/gateways", json={"key": f"gw-{door}", "name": f"Gateway of {door}"})
            assert added.status_code == 201, added.text
            keys[door] = added.json()["key"]
    return keys


def start_gateway(rig: Rig, door: str, key: str) -> None:
    data, key_file, config = (rig.folder / f"{door}.{end}" for end in ("d", "key", "toml"))
    write_secret(key_file, key)
    config.write_text(f"""
[gateway]
name = "gw-{door}"
data_dir = "{data}"
[server]
url = "{rig.url}"
key_file = "{key_file}"
[[device]]
name = "reader-{door}"
driver = "r200"
port = "{rig.folder / door}"
read_point = "{door}"
""")

    def is_ready() -> bool:
        try:
            status = next(ask(data, "status"), {})
        except (OSError, ValueError):
            return False
        return [device["state"] for device in status.get("devices", [])] == ["ready"]

    rig.children.start(f"gateway-{door}", [program("orderlight-gateway"), "run", "--config", str(config)])
    rig.children.wait_until(is_ready, f"The gateway of {door}", seconds=PATIENCE)


@pytest.fixture
def tag(doors: Doors) -> Iterator[tuple[str, str]]:
    """A unit and its tag, which is carried off at the end; both antennas are covered until the test says so."""
    number, epc = doors.piece()
    yield number, epc
    doors.room.leave(epc)
    for side in doors.sides.values():
        side.covered = True


@pytest.mark.parametrize("first", [SAW, DOCK, None])
@pytest.mark.parametrize("louder", [SAW, DOCK])
def test_a_tag_that_two_gateways_hear_counts_at_the_louder_door_and_both_reads_are_kept(
    doors: Doors, tag: tuple[str, str], louder: str, first: str | None
) -> None:
    number, epc = tag
    doors.room.enter(epc, antenna=ANTENNAS[louder], now=time.monotonic(), dwell=60.0)
    if first is not None:
        doors.listen(first)
        (alone,) = doors.heard_by(epc, 1)
        assert (alone[1], doors.unit(number)["last_read_point"]) == (first, first)

    doors.listen(SAW, DOCK)
    heard = doors.heard_by(epc, 2)

    assert {(gateway, point) for gateway, point, *_ in heard} == {(f"gw-{door}", door) for door in STATIONS}
    signals = {point: dbm for _gateway, point, _action, dbm, _reads in heard}
    assert max(signals, key=lambda point: signals[point]) == louder
    unit = doors.unit(number)
    assert (unit["last_read_point"], unit["step"]) == (louder, 20 if louder == SAW else 10)
    # The fainter read that came first was believed and taken back; the one that came second moved nothing.
    believed = {SAW: "operation_completed", DOCK: "unit_seen"}
    came_first, came_second = heard[0][1], heard[1][1]
    assert heard[0][2] == believed[came_first]
    assert heard[1][2] == (believed[louder] if came_second == louder else "unit_overheard")
    assert ("reversed" if came_second == louder else "unit_overheard") in [fact["kind"] for fact in unit["facts"]]
