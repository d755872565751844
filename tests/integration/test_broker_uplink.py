"""One scan through a broker, over real processes: pseudo-terminal, gateway, broker, server, database."""

import itertools
import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.pipeline import ask
from gateway.uplink.http import Reply
from gateway.uplink.link import BrokerLink
from gateway.uplink.mqtt import MqttTransport, broker_access
from simulators.api import Api
from simulators.day.floor import ApiFloor, Piece, unit_piece
from simulators.day.hands import Shown
from simulators.demo.prepare import GATEWAY, Access, prepare
from simulators.devices.r700 import MqttPublisher
from simulators.processes import Child, program
from simulators.rig import Rig, write_secret
from simulators.services import Mosquitto, free_port, killable_mosquitto

PATIENCE = 30.0


@dataclass
class House:
    """The running factory of this module; all its gateway says goes through the broker."""

    rig: Rig
    access: Access
    api: Api
    broker: Mosquitto
    admin: httpx.Client
    gateway: Child

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.broker.port}"

    def codes(self) -> list[tuple[str, str]]:
        """Number and code of the units that were cut by nobody yet."""
        units = self.api.items("/api/v1/units", order=self.access.order)
        return [(str(u["number"]), unit_piece(u).label.code) for u in units if u["step"] == 10]

    def scan(self, code: str, patience: float = PATIENCE) -> str | None:
        assert self.rig.line is not None
        return self.rig.line.hands["cut-1"].show(Shown(code, "]C0"), patience)

    def key(self) -> str:
        return str(self.rig.gateway_status()["key"]["prefix"])

    def count(self, query: str) -> int:
        with sqlite3.connect(self.rig.folder / "orderlight.db") as database:
            return int(database.execute(query).fetchone()[0])

    def step(self, number: str) -> object:
        return self.api.get(f"/api/v1/units/{number}")["step"]


@pytest.fixture(scope="module")
def house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    database = folder / "orderlight.db"
    database.write_bytes(sqlite_template.read_bytes())
    access = prepare(f"sqlite:///{database}")
    with killable_mosquitto() as broker, Rig(folder, database_url=f"sqlite:///{database}", port=free_port()) as rig:
        url = f"mqtt://127.0.0.1:{broker.port}"
        rig.start_server({"ORDERLIGHT_BROKER_URL": url})
        api = Api(rig.url, access.api_key)
        rig.set_up_line(api, broker=None, seed=7, only=["cut-1"])
        rig.write_gateway_config(GATEWAY, access.gateway_key)
        child = rig.start_gateway({"ORDERLIGHT_SERVER_URL": url})
        with httpx.Client(base_url=rig.url, headers={"Origin": rig.url}, timeout=20) as admin:
            login = {"login": "admin", "password": access.admin_password}
            assert admin.post("/api/v1/session", json=login).is_success
            yield House(rig, access, api, broker, admin, child)


def until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_scan_through_the_broker_moves_the_unit_and_the_scanner_says_so(house: House) -> None:
    number, code = house.codes()[0]

    assert house.scan(code) == "ok"
    assert house.step(number) == 20
    assert house.api.get("/readyz")["parts"]["broker"]["ok"] is True


@pytest.fixture(scope="module")
def sled(house: House) -> Iterator[MqttPublisher]:
    """A handheld sled that publishes at the broker, and the configuration of a gateway that reads it there."""
    added = house.admin.post("/api/v1/gateways", json={"key": "gw-sled", "name": "Gateway of the sled"})
    assert added.status_code == 201, added.text
    write_secret(house.rig.folder / "sled.key", added.json()["key"])
    (house.rig.folder / "sled.toml").write_text(f"""
[gateway]
name = "gw-sled"
data_dir = "sled"
[server]
url = "{house.url}"
key_file = "sled.key"
[[device]]
name = "sled-1"
driver = "mqtt"
host = "127.0.0.1"
port = {house.broker.port}
topics = ["sleds/+/data"]
preset = "zebra_handheld"
read_point = "cut-1"
""")
    publisher = MqttPublisher(house.broker.port, "sleds/rfd40-1/data", client_id="rfd40-1")
    publisher.start()
    assert publisher.wait_until_connected(PATIENCE)
    yield publisher
    publisher.stop()


def kill_gateway_of_the_sled(house: House) -> None:
    for child in [child for child in house.rig.children.running() if child.name == "gateway-sled"]:
        house.rig.children.end(child, by_force=True)


def start_gateway_of_the_sled(house: House) -> None:
    def is_ready() -> bool:
        try:
            status = next(ask(house.rig.folder / "sled", "status"), {})
        except (OSError, ValueError):
            return False
        return [device["state"] for device in status.get("devices", [])] == ["ready"]

    kill_gateway_of_the_sled(house)
    command = [program("orderlight-gateway"), "run", "--config", str(house.rig.folder / "sled.toml")]
    house.rig.children.start("gateway-sled", command)
    house.rig.children.wait_until(is_ready, "The gateway of the sled", seconds=PATIENCE)


def pieces_elsewhere(house: House, number: int) -> list[tuple[Piece, str]]:
    """Units of other orders that wait at the saw, each with its tag."""
    floor = ApiFloor(house.api)
    units = house.api.items("/api/v1/units", state="queued", held="false")
    pieces = (unit_piece(unit) for unit in units if unit["step"] == 10 and unit["order"] != house.access.order)
    tagged = ((piece, epc) for piece in pieces if (epc := floor.tag(piece)) is not None)
    return list(itertools.islice(tagged, number))


def of_a_sled(*, epc: str, code: str) -> bytes:
    """What an RFD40 sends: the tags and the bar codes of one pull of the trigger in one message."""
    tag = {"EPCid": epc.lower(), "eventNum": 1, "peakRssi": -39, "seenCount": 3}
    data = {"tagData": [tag], "barcodeData": [{"decodedBarcode": code, "symbology": "CODE128"}]}
    return json.dumps({"type": "BALANCED_PERFORMANCE", "data": data}).encode()


def test_a_sled_at_the_broker_moves_units_by_tag_and_by_bar_code_also_what_it_read_while_its_gateway_was_dead(
    house: House, sled: MqttPublisher
) -> None:
    pieces = pieces_elsewhere(house, 4)
    numbers = [piece.number for piece, _epc in pieces]
    start_gateway_of_the_sled(house)

    sled.publish(b'{"data": {"tagData": []}}')
    sled.publish(of_a_sled(epc=pieces[0][1], code=pieces[1][0].label.code))
    assert until(lambda: [house.step(number) for number in numbers] == [20, 20, 10, 10])
    kill_gateway_of_the_sled(house)
    sled.publish(of_a_sled(epc=pieces[2][1], code=pieces[3][0].label.code))
    start_gateway_of_the_sled(house)

    assert until(lambda: [house.step(number) for number in numbers] == [20] * 4)
    told = "SELECT count(*) FROM event e JOIN event_source s ON s.id = e.source_id WHERE s.gateway = 'gw-sled' AND "
    assert house.count(told + "e.kind = 'code_scanned'") == 2
    assert house.count(told + "e.kind = 'tag_arrived' AND e.payload ->> 'rssi_dbm' = -39.0") == 2
    for number in numbers:
        facts = house.api.get(f"/api/v1/units/{number}")["facts"]
        assert len([fact for fact in facts if fact["kind"] == "operation_completed"]) == 1


def post(house: House, *, topic: str, named: str, key: str) -> Reply:
    link = BrokerLink(broker_access(house.url, topic), gateway=topic, key=key, version="1")
    link.start()
    body = {"gateway": named, "epoch": "0123456789abcdef", "events": []}
    try:
        return MqttTransport(link).post("/api/v1/events", json.dumps(body).encode())
    finally:
        link.close()


def test_the_door_at_the_broker_asks_for_the_key_of_the_gateway_in_whose_topic_it_stands(house: House) -> None:
    key = house.access.gateway_key

    wrong = post(house, topic="gw-other", named="gw-other", key="ol_wrong_key")
    of_another = post(house, topic="gw-other", named="gw-other", key=key)
    elsewhere = post(house, topic="gw-other", named=GATEWAY, key=key)

    assert wrong.status == 401
    assert json.loads(wrong.body)["reason"] == "key_not_valid"
    assert [of_another.status, elsewhere.status] == [403, 403]
    assert json.loads(elsewhere.body)["reason"] == "wrong_gateway"


def command(house: House, verb: str, device: str | None = None, *, status: int = 200) -> Any:
    answer = house.admin.post(
        f"/api/v1/gateways/{GATEWAY}/commands", json={"command": verb} | ({"device": device} if device else {})
    )
    assert answer.status_code == status, answer.text
    return answer.json()


def given(house: House) -> int:
    return house.count("SELECT count(*) FROM audit WHERE action = 'gateway_command_given'")


def devices(house: House) -> list[str]:
    return [device["state"] for device in house.rig.gateway_status()["devices"]]


def test_a_device_is_paused_and_resumed_from_afar_and_every_command_is_audited(house: House) -> None:
    name = house.rig.gateway_status()["devices"][0]["name"]

    assert command(house, "pause", name)["done"] is True
    assert until(lambda: devices(house) == ["stopped"])
    assert command(house, "resume")["say"] == f"Resumed {name}."
    assert until(lambda: devices(house) == ["ready"])
    assert command(house, "pause", "nobody") == {"done": False, "say": "There is no device nobody here."}
    assert command(house, "reload")["done"] is True
    assert command(house, "identify", name)["done"] is True

    page = house.admin.get("/admin/audit").text
    assert page.count("Command given to a gateway") >= 5


def test_a_command_whose_button_was_pressed_twice_goes_out_once(house: House) -> None:
    page = house.admin.get(f"/admin/gateways/{GATEWAY}").text
    form = page[page.index(f'action="/admin/gateways/{GATEWAY}/commands"') :]
    found = re.search(r'name="once" value="([^"]+)"', form)
    assert found is not None
    sent = {"once": found[1], "command": "identify", "device": ""}
    before = given(house)

    answers = [house.admin.post(f"/admin/gateways/{GATEWAY}/commands", data=sent) for _press in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert given(house) == before + 1
    assert "This command was sent already." in house.admin.get(f"/admin/gateways/{GATEWAY}").text


def test_a_change_of_the_key_through_the_broker_loses_no_scan(house: House) -> None:
    keys = [house.key()]

    for turn in range(12):
        if turn in (3, 7):
            assert turn == 3 or until(lambda: house.key() != keys[0])
            next(ask(house.rig.gateway_dir, "rotate_key"))
        house.scan(f"TURN-{turn}")
        keys.append(house.key())

    assert until(lambda: house.count("SELECT count(*) FROM quarantine WHERE code LIKE '%TURN-%'") == 12)
    assert until(lambda: house.count("SELECT count(*) FROM api_key WHERE revoked_at IS NOT NULL") == 2)
    assert house.key() not in keys[:4]
    assert house.rig.gateway_status()["server"]["state"] == "online"


def test_the_broker_tells_who_is_there_and_a_gateway_that_is_not_gets_no_command(house: House) -> None:
    assert ">online<" in house.admin.get(f"/admin/gateways/{GATEWAY}").text

    # Killed, so that it is the broker who tells, by its last will.
    house.rig.children.end(house.gateway, by_force=True)

    assert until(lambda: ">offline<" in house.admin.get(f"/admin/gateways/{GATEWAY}").text)
    assert command(house, "pause", status=409)["reason"] == "gateway_offline"
    house.rig.start_gateway({"ORDERLIGHT_SERVER_URL": house.url})
    assert until(lambda: ">online<" in house.admin.get(f"/admin/gateways/{GATEWAY}").text)


def test_what_is_scanned_while_the_broker_is_dead_arrives_once_after_it_came_back_empty(house: House) -> None:
    pieces = house.codes()[:2]
    house.broker.kill()

    said = [house.scan(code, 0.5) for _number, code in pieces]
    house.broker.start()

    assert said == ["stored", "stored"]
    assert until(lambda: [house.step(number) for number, _code in pieces] == [20, 20])
    for number, _code in pieces:
        facts = house.api.get(f"/api/v1/units/{number}")["facts"]
        assert len([fact for fact in facts if fact["kind"] == "operation_completed"]) == 1
    assert until(lambda: house.rig.gateway_status()["outbox"]["backlog"] == 0)
