"""One scan, end to end, over real processes: pseudo-terminal or broker, gateway, server, database."""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from gateway.pipeline import ask
from orderlight.autoid import OwnCode
from simulators.api import Api
from simulators.day.floor import ApiFloor, Piece, Wish, unit_piece
from simulators.day.hands import ScannerHand, Shown
from simulators.day.line import Broker
from simulators.demo.prepare import GATEWAY, Access, prepare
from simulators.devices.scanner import Scanner
from simulators.rig import Rig
from simulators.services import Postgres, free_port

PATIENCE = 30.0

_numbers = itertools.count(1)


@dataclass
class House:
    """The running factory of this module, and who may look into it."""

    rig: Rig
    access: Access
    api: Api

    def units(self) -> list[dict[str, object]]:
        """The units of the order that is ours to move."""
        return list(self.api.items("/api/v1/units", order=self.access.order))

    def unit(self, number: str) -> dict[str, object]:
        found: dict[str, object] = self.api.get(f"/api/v1/units/{number}")
        return found

    def scan(self, read_point: str, code: str, aim: str = "]C0") -> str | None:
        """Scan at the post and give what the scanner says."""
        assert self.rig.line is not None
        return self.rig.line.hands[read_point].show(Shown(code, aim), PATIENCE)

    def scanner(self, read_point: str) -> Scanner:
        assert self.rig.line is not None
        hand = self.rig.line.hands[read_point]
        assert isinstance(hand, ScannerHand)
        return hand.scanner

    def count(self, statement: str, **values: object) -> int:
        engine = create_engine(self.access.database_url)
        with engine.connect() as connection:
            found = int(connection.execute(text(statement), values).scalar_one())
        engine.dispose()
        return found


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A fresh, migrated database for the whole module, on each engine in turn."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("house") / "orderlight.db"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        return f"sqlite:///{path}"
    postgres: Postgres = request.getfixturevalue("postgres")
    template = request.getfixturevalue("postgres_template")
    name = f"house_{next(_numbers)}"
    engine = create_engine(postgres.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()
    return postgres.url(name)


@pytest.fixture(scope="module")
def house(database_address: str, tmp_path_factory: pytest.TempPathFactory, mosquitto: int) -> Iterator[House]:
    access = prepare(database_address)
    folder: Path = tmp_path_factory.mktemp("rig")
    with Rig(folder, database_url=database_address, port=free_port()) as rig:
        rig.start_server()
        api = Api(rig.url, access.api_key)
        rig.set_up_line(api, broker=Broker("127.0.0.1", mosquitto), seed=7)
        rig.write_gateway_config(GATEWAY, access.gateway_key)
        rig.start_gateway()
        yield House(rig, access, api)


def until(true: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether it becomes true in time; the way is asynchronous where no tone answers."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def code_of(unit: dict[str, object]) -> str:
    return unit_piece(unit).label.code


def test_a_scan_at_the_scanner_moves_the_unit_and_the_scanner_says_so(house: House) -> None:
    unit = house.units()[0]
    assert (unit["state"], unit["step"]) == ("queued", 10)

    said = house.scan("cut-1", code_of(unit))

    moved = house.unit(str(unit["number"]))
    assert said == "ok"
    assert (moved["state"], moved["step"], moved["last_read_point"]) == ("queued", 20, "cut-1")
    proofs = [fact["kind"] for fact in moved["facts"]]  # type: ignore[attr-defined]
    assert "operation_completed" in proofs


def test_the_same_code_again_at_once_is_one_scan(house: House) -> None:
    unit = house.units()[1]
    before = house.count("SELECT count(*) FROM event")

    house.scanner("cut-1").duplicate(code_of(unit), "]C0")

    assert until(lambda: house.unit(str(unit["number"]))["step"] == 20)
    assert house.count("SELECT count(*) FROM event") == before + 1


def test_a_scan_at_the_wrong_station_is_refused_and_moves_nothing(house: House) -> None:
    unit = house.units()[2]

    said = house.scan("assemble-1", code_of(unit))

    after = house.unit(str(unit["number"]))
    assert said == "stop"
    assert (after["state"], after["step"]) == ("queued", 10)


@pytest.mark.parametrize(
    "code",
    [
        "OLU999999" + "X",
        str(OwnCode("U", "999999")),
        "4006381333931",
        "'; DROP TABLE unit; --",
        "<script>alert(1)</script>",
        "\x01\x7f\x00 control",
        "Zażółć 样品",
    ],
)
def test_a_code_nobody_knows_is_refused_in_words_and_breaks_nothing(house: House, code: str) -> None:
    said = house.scan("cut-1", code, aim="")

    assert said == "stop"
    assert house.api.is_ready()


def test_an_unknown_code_is_kept_where_a_person_finds_it(house: House) -> None:
    house.scan("cut-1", "LPN-FROM-ELSEWHERE", aim="")

    kept = house.count("SELECT count(*) FROM quarantine WHERE code = 'LPN-FROM-ELSEWHERE'")
    assert kept == 1


def test_half_a_line_and_noise_before_a_scan_do_not_keep_the_next_one_from_counting(house: House) -> None:
    unit = house.units()[2]
    scanner = house.scanner("cut-1")

    scanner.half_frame(code_of(unit))
    time.sleep(1.5)  # Longer than the gateway's patience with half a line.
    said = house.scan("cut-1", code_of(unit))

    # The half line may be answered as well; what counts is the unit.
    assert said in ("ok", "stop")
    assert until(lambda: house.unit(str(unit["number"]))["step"] == 20)


def test_a_code_of_ten_kilobytes_is_cut_and_refused(house: House) -> None:
    said = house.scan("cut-1", "A" * 10_240, aim="")

    assert said == "stop"
    assert house.api.is_ready()


def test_an_unplugged_scanner_works_again_when_it_is_plugged_in(house: House) -> None:
    unit = house.units()[3]
    scanner = house.scanner("cut-1")

    scanner.replug(after=0.3)
    assert scanner.wait_for_host(PATIENCE)
    said = house.scan("cut-1", code_of(unit))

    assert said == "ok"
    assert house.unit(str(unit["number"]))["step"] == 20


def test_a_unit_goes_all_the_way_by_scanner_serial_gate_and_broker_gate(house: House) -> None:
    floor = ApiFloor(house.api)
    unit = house.units()[0]
    number, code = str(unit["number"]), code_of(unit)
    piece: Piece = unit_piece(unit)
    hands = house.rig.line.hands  # type: ignore[union-attr]

    assert house.scan("weld-1", code) == "ok"
    assert house.unit(number)["state"] == "in_process"
    time.sleep(2.1)  # The same code at the same read point within its quiet time is one scan.
    assert house.scan("weld-1", code) == "ok"
    hands["paint-gate"].show(Shown(code, epc=floor.tag(piece)), PATIENCE)
    assert until(lambda: house.unit(number)["step"] == 40), house.unit(number)
    assert house.scan("assemble-1", code) == "ok"
    assert house.scan("pack-1", code) == "ok"
    assert house.scan("pack-1", str(OwnCode("C", "CLOSE"))) == "ok"
    box = next(box for box in floor.boxes(()) if box.order == house.access.order)
    hands["ship-gate"].show(Shown(box.label.code, epc=floor.tag(box)), PATIENCE)

    assert until(lambda: house.unit(number)["state"] == "shipped"), house.unit(number)
    order = house.api.get(f"/api/v1/orders/{house.access.order}")
    assert order["fulfilment"] == "partially_shipped"


def test_what_is_scanned_while_the_server_is_away_is_stored_and_counts_once_when_it_is_back(house: House) -> None:
    unit = house.units()[4]
    server = next(child for child in house.rig.children.running() if child.name == "server")
    house.rig.children.end(server)

    said = house.scan("cut-1", code_of(unit))
    house.rig.start_server()

    assert said == "stored"
    assert until(lambda: house.unit(str(unit["number"]))["step"] == 20, 30)
    assert until(lambda: house.rig.gateway_status()["outbox"]["backlog"] == 0, 30)
    identities = house.count("SELECT count(*) FROM event_identity")
    assert identities == house.count("SELECT count(*) FROM event")


def test_the_key_changes_twice_in_the_middle_of_scans_and_none_of_them_is_lost(house: House) -> None:
    def key() -> str:
        return str(house.rig.gateway_status()["key"]["prefix"])

    keys, revoked = [key()], "SELECT count(*) FROM api_key WHERE revoked_at IS NOT NULL"
    # A second try in the same house counts its own.
    own, before = f"TURN-{keys[0]}", house.count(revoked)
    for turn in range(12):
        if turn in (3, 7):
            assert turn == 3 or until(lambda: key() != keys[0])
            next(ask(house.rig.gateway_dir, "rotate_key"))
        house.scan("cut-1", f"{own}-{turn}", aim="")
        keys.append(key())

    waiting = "SELECT count(*) FROM quarantine WHERE code LIKE :own"
    assert until(lambda: house.count(waiting, own=f"{own}-%") == 12), house.rig.gateway_status()
    assert until(lambda: house.count(revoked) == before + 2)
    assert key() not in keys[:4]
    assert key() in (house.rig.folder / "gateway.key").read_text()
    assert house.rig.gateway_status()["server"]["state"] == "online"


def test_the_crew_can_place_an_order_that_is_at_once_in_production(house: House) -> None:
    floor = ApiFloor(house.api)
    customer, product = floor.wishes()[0]

    number = floor.place(Wish(customer, product, 3))

    assert house.api.get(f"/api/v1/orders/{number}")["lifecycle"] == "processing"
    assert [unit["state"] for unit in house.api.items("/api/v1/units", order=number)] == ["queued"] * 3


def test_no_request_of_this_module_ended_in_an_unforeseen_error(house: House) -> None:
    faults = [
        line for line in house.api.text("/metrics").splitlines() if line.startswith("orderlight_http_faults_total")
    ]

    assert [float(line.rpartition(" ")[2]) for line in faults] == [0.0]
