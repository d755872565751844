"""Every released version of the wire: an old gateway against this server, and this gateway against an old server.

tests/golden holds a folder for each version; what was released once is accepted for ever.
"""

import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.outbox import Outbox, Parcel, Quota
from gateway.uplink.clock import GatewayClock
from gateway.uplink.deliver import encode, read_receipt
from gateway.uplink.heartbeat import Heartbeat
from gateway.uplink.http import Reply
from orderlight.events import Event, EventKind, Receipt, Status
from orderlight.events.commands import Command, CommandResult, Verb
from server.auth import gateways
from server.broker.presence import parse_presence
from server.settings.clock import utc_now

GOLDEN = Path(__file__).parents[2] / "golden"
VERSIONS = sorted(path.name for path in GOLDEN.iterdir())
#: What a version cannot do without; everything else may be missing, as from a device that does not know it.
NEEDED = {
    "event": {"sequence", "kind", "observed_at", "epc", "reader", "corrects", "code", "raw"},
    "answer": {"sequence", "status", "signal"},
}


class Golden:
    """The files of one version."""

    def __init__(self, version: str) -> None:
        self._folder = GOLDEN / version

    def bytes(self, name: str) -> bytes:
        return (self._folder / f"{name}.json").read_bytes()

    def __getitem__(self, name: str) -> Any:
        return json.loads(self.bytes(name))


@pytest.fixture(params=VERSIONS)
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(request.param)


@pytest.fixture
def plant(sqlite_plant: Any) -> Any:
    """The form of messages is not a matter of the engine."""
    return sqlite_plant


@pytest.fixture
def old_gateway(plant: Any, new_client: Any) -> httpx.Client:
    """The connection of the gateway in the files."""
    name = "gw-hall-1"
    made = plant.database.write(
        lambda session: gateways.create_gateway(session, key=name, name=name, actor="test", now=utc_now())
    )
    client: httpx.Client = new_client(Authorization=f"Bearer {made.text}")
    del client.headers["Sec-Fetch-Site"]
    return client


def shape(value: Any) -> Any:
    """What is there and of which kind; of lists, each element's."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return type(value).__name__


def with_strangers(value: Any) -> Any:
    """The same with a field of a later version in every object; `keys` are no fields but names of identifiers."""
    if isinstance(value, dict):
        told = {name: each if name == "keys" else with_strangers(each) for name, each in value.items()}
        return {**told, "of_a_later_version": {"a": [1, None]}}
    return [with_strangers(each) for each in value] if isinstance(value, list) else value


def least(objects: list[dict[str, Any]], needed: set[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The same objects without one field that is not needed, for each such field."""
    for name in sorted({name for one in objects for name in one} - needed):
        yield name, [{field: value for field, value in one.items() if field != name} for one in objects]


# --- an old gateway, this server ---


def post(client: httpx.Client, request: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.post("/api/v1/events", json=request)
    assert answer.status_code == 200, answer.text
    told = answer.json()["results"]
    assert [one["sequence"] for one in told] == [event["sequence"] for event in request["events"]]
    assert not [one for one in told if one["reason"] in ("bad_field", "unknown_kind", "internal_fault")], told
    return list(told)


def test_the_server_takes_the_events_of_every_version_and_moves_what_they_say(
    plant: Any, golden: Golden, old_gateway: httpx.Client
) -> None:
    told = {one["sequence"]: one for one in post(old_gateway, golden["request"])}

    assert (told[2]["status"], told[2]["action"], told[2]["subject"]) == ("applied", "operation_completed", "U-1000")
    assert [one["status"] for one in post(old_gateway, golden["request"])] == ["duplicate"] * len(told)


def test_a_field_of_a_later_version_is_no_fault(plant: Any, golden: Golden, old_gateway: httpx.Client) -> None:
    told = post(old_gateway, with_strangers(golden["request"]))

    assert told[1]["action"] == "operation_completed"
    assert "of_a_later_version" in plant.sql("SELECT payload FROM event WHERE sequence = 2")[0][0]


def test_a_field_that_an_older_gateway_does_not_send_is_no_fault(golden: Golden, old_gateway: httpx.Client) -> None:
    request = golden["request"]
    for number, (name, events) in enumerate(least(request["events"], NEEDED["event"])):
        told = post(old_gateway, {**request, "epoch": f"{number:016x}", "events": events})
        assert [one["sequence"] for one in told] == list(range(1, len(events) + 1)), name


def test_an_old_gateway_understands_what_this_server_answers(golden: Golden, old_gateway: httpx.Client) -> None:
    answer = old_gateway.post("/api/v1/events", json=golden["request"]).json()
    released = golden["answer"]

    assert {name: shape(answer[name]) for name in released if name != "results"} == {
        name: shape(value) for name, value in released.items() if name != "results"
    }
    kinds: dict[str, set[str]] = {}
    for one in released["results"]:
        for name, value in one.items():
            kinds.setdefault(name, set()).add(shape(value) if not isinstance(value, list) else "list")
    kinds["reason"].add("NoneType")
    for one in answer["results"]:
        assert set(kinds) <= set(one)
        assert all(type(one[name]).__name__ in kinds[name] for name in kinds), one


def test_heartbeats_of_every_version_are_taken_and_answered_with_all_that_was_released(
    golden: Golden, old_gateway: httpx.Client
) -> None:
    beat, door = golden["health"], "/api/v1/gateways/gw-hall-1/health"
    released = shape(golden["health_answer"])

    answers = [old_gateway.post(door, json=sent) for sent in (beat, with_strangers(beat), {})]
    answers += [
        old_gateway.post(door, json={name: value for name, value in beat.items() if name != gone}) for gone in beat
    ]

    assert {answer.status_code for answer in answers} == {200}
    for answer in answers:
        told = shape(answer.json())
        assert {name: told.get(name) for name in released} == released


def test_states_and_results_at_the_broker_are_understood(golden: Golden) -> None:
    for body in (golden.bytes("mqtt_state"), json.dumps(with_strangers(golden["mqtt_state"])).encode()):
        state = parse_presence(body)
        assert state is not None
        assert state.online
        assert state.since is not None
    assert CommandResult.parse(golden.bytes("mqtt_result")) == CommandResult(True, golden["mqtt_result"]["say"])
    assert json.loads(Command(Verb.IDENTIFY, "scanner-1").encode()) == golden["mqtt_command"]


# --- this gateway, an old server ---


def test_what_this_gateway_sends_is_what_was_released(golden: Golden, tmp_path: Path) -> None:
    released = golden["request"]
    started, *others = [Event.parse(one) for one in released["events"]]
    outbox = Outbox.open(tmp_path, Quota(min_free_bytes=0, ballast_bytes=0))
    for event in others:
        outbox.append(event).wait(10)
    parcel = outbox.oldest(500, 10**6)
    outbox.close()
    assert parcel is not None

    sent = json.loads(encode(released["gateway"], parcel))

    # The epoch and its beginning are this very run's own.
    assert started.kind is EventKind.GATEWAY_STARTED
    assert sent["events"][0]["kind"] == "gateway_started"
    assert sent["events"][1:] == released["events"][1:]
    assert shape({**sent, "events": []}) == shape({**released, "events": []})
    assert len(sent["epoch"]) == len(released["epoch"])


def test_the_newest_version_knows_every_kind_and_every_field() -> None:
    events = Golden(VERSIONS[-1])["request"]["events"]

    assert {event["kind"] for event in events} == set(EventKind)
    fields = {each.name for each in dataclasses.fields(Event)} - {"extra"}
    assert {name for event in events for name in event} - {"direction"} == fields


def receipts(golden: Golden, change: Callable[[dict[str, Any]], Any] = lambda answer: answer) -> Receipt:
    released = change(golden["answer"])
    parcel = Parcel(released["epoch"], (1, 2, 3, 4, 5), (b"{}",) * 5)
    return read_receipt(json.dumps(released).encode(), released["gateway"], parcel)


def test_answers_of_every_version_are_understood(golden: Golden) -> None:
    receipt = receipts(golden)

    assert [answer.sequence for answer in receipt.results] == [1, 2, 3, 4, None]
    assert {answer.status for answer in receipt.results} == set(Status) - {Status.REFUSED}
    assert receipts(golden, with_strangers) == receipt


def test_a_field_that_an_older_server_does_not_send_is_no_fault(golden: Golden) -> None:
    for name, results in least(golden["answer"]["results"], NEEDED["answer"]):
        receipt = receipts(golden, lambda answer, told=results: {**answer, "results": told})

        assert [answer.sequence for answer in receipt.results] == [1, 2, 3, 4, None], name


def test_answers_to_heartbeats_teach_the_time_and_nothing_else_is_needed(golden: Golden) -> None:
    class Server:
        def __init__(self, body: bytes) -> None:
            self._body = body

        def post(self, path: str, body: bytes, timeout: float = 10.0) -> Reply:
            return Reply(200, self._body)

        def close(self) -> None:
            pass

    released = golden["health_answer"]
    for answer in (released, with_strangers(released), {"server_time": released["server_time"]}):
        clock = GatewayClock(lambda: utc_now().timestamp())
        heartbeat = Heartbeat(Server(json.dumps(answer).encode()), dict, gateway="gw", clock=clock)
        heartbeat.beat()

        assert heartbeat.last_error is None
        assert timedelta(seconds=clock.offset() or 0) < timedelta(days=1)


def test_commands_of_every_version_are_understood(golden: Golden) -> None:
    assert Command.parse(golden.bytes("mqtt_command")) == Command(Verb.IDENTIFY, "scanner-1")
    strange = json.dumps(with_strangers(golden["mqtt_command"])).encode()
    assert Command.parse(strange) == Command(Verb.IDENTIFY, "scanner-1")
    assert json.loads(CommandResult(True, golden["mqtt_result"]["say"]).encode()) == golden["mqtt_result"]
