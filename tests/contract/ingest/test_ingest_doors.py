"""The doors: who may speak, in what form, and what every wrong request is told."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from orderlight.events import Receipt
from server.auth import devices, gateways
from server.journal.models import Gateway
from server.settings.clock import utc_now

A = "U-1000"
EPOCH = "00000000000000aa"
Gate = Callable[..., httpx.Response]


@pytest.fixture(autouse=True)
def _real_time(plant: Any) -> None:
    """The doors ask the real clock, so the events must be of now."""
    plant.now = utc_now() - timedelta(seconds=60)


@pytest.fixture
def key(plant: Any) -> str:
    """The key of gateway gw-1."""
    made = plant.database.write(
        lambda session: gateways.create_gateway(session, key="gw-1", name="Hall 1", actor="test", now=utc_now())
    )
    return str(made.text)


@pytest.fixture
def gateway(new_client: Any, key: str) -> httpx.Client:
    """A gateway's connection."""
    client: httpx.Client = new_client(Authorization=f"Bearer {key}")
    del client.headers["Sec-Fetch-Site"]
    return client


def body(_plant: Any, *events: Any, gateway: str = "gw-1", epoch: str = EPOCH) -> dict[str, Any]:
    return {"gateway": gateway, "epoch": epoch, "events": list(events)}


def test_a_batch_gets_a_verdict_for_each_event(plant: Any, tools: Any, gateway: httpx.Client) -> None:
    answer = gateway.post("/api/v1/events", json=body(plant, plant.event(tools.code(A)), plant.event("HELLO")))

    assert answer.status_code == 200
    told = answer.json()
    assert (told["gateway"], told["epoch"], told["committed_sequence"]) == ("gw-1", EPOCH, 2)
    assert told["results"][0] == {
        "sequence": 1, "status": "applied", "action": "operation_completed", "subject": A,
        "say": "Cut done: U-1000, 1 of 3. Next: Weld.", "signal": "ok", "reason": None, "undo": True,
        "alerts": [],
    }  # fmt: skip
    assert [one.status.value for one in Receipt.parse(answer.content).results] == ["applied", "quarantined"]


def test_an_empty_batch_is_a_question_about_where_we_are(plant: Any, gateway: httpx.Client) -> None:
    assert gateway.post("/api/v1/events", json=body(plant)).json()["committed_sequence"] == 0


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"headers": {"Authorization": "Bearer ol_wrong_key"}}, 401, "key_not_valid"),
        ({"headers": {"Content-Type": "text/plain"}}, 415, "unsupported_media"),
        ({"headers": {"Content-Encoding": "gzip"}}, 415, "content_encoding"),
        ({"content": b"not json"}, 422, "bad_batch"),
        ({"content": b"[1]"}, 422, "bad_batch"),
        ({"content": b"\xff\xfe"}, 422, "bad_batch"),
        ({"content": b"[" * 100_000}, 422, "bad_batch"),
        ({"content": b'{"gateway": "gw-1", "epoch": "XYZ", "events": []}'}, 422, "bad_batch"),
        ({"content": b'{"gateway": "gw-1", "epoch": NaN, "events": []}'}, 422, "bad_batch"),
        ({"content": b"{}"}, 422, "bad_batch"),
        ({"content": b"x" * (1024 * 1024 + 1)}, 413, "too_large"),
        (
            {"content": json.dumps({"gateway": "gw-1", "epoch": EPOCH, "events": [{}] * 1001}).encode()},
            413,
            "too_large",
        ),
        ({"content": json.dumps({"gateway": "gw-2", "epoch": EPOCH, "events": []}).encode()}, 403, "wrong_gateway"),
    ],
)
def test_a_wrong_request_is_answered_in_words(
    plant: Any, gateway: httpx.Client, change: dict[str, Any], status: int, reason: str
) -> None:
    request = {"content": json.dumps(body(plant)).encode(), **change}
    headers = {"Content-Type": "application/json"} | request.pop("headers", {})

    answer = gateway.post("/api/v1/events", headers=headers, **request)

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["reason"]) == (status, reason)
    assert problem["detail"].endswith(".")


def test_a_body_that_tells_no_length_is_cut_off_at_the_limit(gateway: httpx.Client) -> None:
    def endless() -> Any:
        for _ in range(40):
            yield b"x" * 65_536

    answer = gateway.post("/api/v1/events", headers={"Content-Type": "application/json"}, content=endless())

    assert answer.status_code == 413


def test_a_revoked_key_is_refused(plant: Any, gateway: httpx.Client) -> None:
    assert gateway.post("/api/v1/events", json=body(plant)).status_code == 200

    def retire(session: Session) -> None:
        gateways.retire_gateway(session, gateways.get_gateway(session, "gw-1"), actor="test", now=utc_now())

    plant.database.write(retire)

    assert gateway.post("/api/v1/events", json=body(plant)).status_code == 401


def test_people_and_programs_cannot_pass_for_a_gateway(plant: Any, signed_in: Any, program: Any, client: Any) -> None:
    assert client.post("/api/v1/events", json=body(plant)).status_code == 401
    assert signed_in("manager").post("/api/v1/events", json=body(plant)).status_code == 403
    assert program("orders:read").post("/api/v1/events", json=body(plant)).status_code == 403
    assert program("events:write").post("/api/v1/events", json=body(plant)).status_code == 403


def test_a_cloned_gateway_is_told_to_stop(plant: Any, tools: Any, gateway: httpx.Client) -> None:
    plant.now = utc_now() - timedelta(seconds=100)
    begun = plant.event(None, kind="gateway_started")
    later = begun | {"observed_at": (utc_now() - timedelta(seconds=50)).isoformat()}
    goes_on = plant.event(tools.code(A), observed_at=utc_now().isoformat())
    gateway.post("/api/v1/events", json={"gateway": "gw-1", "epoch": EPOCH, "events": [begun]})
    gateway.post("/api/v1/events", json={"gateway": "gw-1", "epoch": "00000000000000bb", "events": [later]})

    answer = gateway.post("/api/v1/events", json={"gateway": "gw-1", "epoch": EPOCH, "events": [goes_on]})

    assert (answer.status_code, answer.json()["reason"]) == (409, "cloned_gateway")
    assert "Stop one of them" in answer.json()["detail"]


def test_database_trouble_asks_to_come_again(
    plant: Any, tools: Any, gateway: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from server.ingest import http

    def trouble(*_: Any, **__: Any) -> None:
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))

    content = body(plant, plant.event(tools.code(A)))
    monkeypatch.setattr(http, "accept_all", trouble)

    answer = gateway.post("/api/v1/events", json=content)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    monkeypatch.undo()
    assert gateway.post("/api/v1/events", json=content).json()["results"][0]["status"] == "applied"


# --- heartbeats ---


def test_a_heartbeat_is_kept_and_answered_with_our_time(plant: Any, gateway: httpx.Client) -> None:
    told = {
        "version": "0.1",
        "backlog": 3,
        "clock": utc_now().isoformat(),
        "devices": [{"name": "s-1", "state": "ready"}],
    }

    answer = gateway.post("/api/v1/gateways/gw-1/health", json=told)

    assert answer.status_code == 200
    assert answer.json()["server_time"]
    row = plant.one(Gateway, key="gw-1")
    assert {name: row.health[name] for name in told} == told
    assert answer.json()["notice"] is None
    assert abs(row.clock_offset_seconds) < 30
    assert row.last_seen_at is not None


def test_a_heartbeat_notes_when_the_last_events_came(plant: Any, tools: Any, gateway: httpx.Client) -> None:
    gateway.post("/api/v1/gateways/gw-1/health", json={})
    assert plant.one(Gateway, key="gw-1").last_event_at is None

    before = utc_now()
    gateway.post("/api/v1/events", json=body(plant, plant.event(tools.code(A))))
    gateway.post("/api/v1/gateways/gw-1/health", json={})

    assert before <= plant.one(Gateway, key="gw-1").last_event_at <= utc_now()


@pytest.mark.parametrize(
    "content",
    [b"[]", b"nope", b'"x"', b'{"a":' * 3000, b'{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}', b"\xff"],
)
def test_a_wrong_heartbeat_is_refused(gateway: httpx.Client, content: bytes) -> None:
    assert gateway.post("/api/v1/gateways/gw-1/health", content=content).status_code == 422


def test_a_strange_heartbeat_is_kept_as_far_as_it_can_be(plant: Any, gateway: httpx.Client) -> None:
    content = b'{"version": "a\\u0000b\\ud800", "backlog": NaN, "clock": "soon", "devices": 7}'

    assert gateway.post("/api/v1/gateways/gw-1/health", content=content).status_code == 200
    kept = {"version": "a\\x00b\\ud800", "backlog": None, "clock": "soon", "devices": 7}
    health = plant.one(Gateway, key="gw-1").health
    assert {name: told for name, told in health.items() if name != "lives"} == kept


def test_heartbeats_of_others_are_refused(plant: Any, gateway: httpx.Client, client: httpx.Client) -> None:
    assert gateway.post("/api/v1/gateways/gw-2/health", json={}).status_code == 403
    assert client.post("/api/v1/gateways/gw-1/health", json={}).status_code == 401
    assert gateway.post("/api/v1/gateways/gw-1/health", content=b"x" * 70_000).status_code == 413


# --- browser stations ---


def screen(plant: Any, new_client: Any, settings: Any, station: str) -> httpx.Client:
    """A paired screen at a station."""

    def pair(session: Session) -> str:
        expected = devices.add_device(session, name="screen", station_key=station, actor="test", now=utc_now())
        return str(devices.pair(session, expected.code, now=utc_now()).token)

    client: httpx.Client = new_client()
    client.cookies.set(settings.cookie("device"), plant.database.write(pair))
    return client


def test_a_person_scans_at_a_browser_under_his_own_name_until_a_badge_joins(
    plant: Any, tools: Any, signed_in: Any
) -> None:
    browser = signed_in("operator")

    def scan(code: str) -> str:
        sent = browser.post("/api/v1/stations/cut/scans", json=body(plant, plant.event(code), gateway="web-1"))
        assert sent.json()["results"][0]["status"] == "applied", sent.text
        return str(plant.sql("SELECT actor FROM fact ORDER BY id DESC")[0][0])

    assert scan(tools.code(A)).startswith("user:operator")
    scan(tools.badge("17"))
    assert scan(tools.code("U-1001")) == "operator:17"


def test_a_browsers_event_without_a_read_point_is_read_at_the_stations_own(
    plant: Any, tools: Any, signed_in: Any
) -> None:
    event = plant.event(tools.code(A))
    del event["read_point"]

    answer = signed_in("operator").post("/api/v1/stations/cut/scans", json=body(plant, event, gateway="web-1"))

    assert answer.json()["results"][0]["action"] == "operation_completed"
    assert plant.unit(A).last_read_point == "cut-end"


def test_a_browser_reads_only_at_its_own_station(plant: Any, tools: Any, signed_in: Any) -> None:
    event = plant.event(tools.code(A), "cut-end")

    answer = signed_in("operator").post("/api/v1/stations/weld/scans", json=body(plant, event, gateway="web-1"))

    assert answer.json()["results"][0]["reason"] == "not_allowed"


def test_undo_from_a_browser_names_what_it_takes_back(plant: Any, tools: Any, signed_in: Any) -> None:
    browser = signed_in("operator")
    browser.post("/api/v1/stations/cut/scans", json=body(plant, plant.event(tools.code(A)), gateway="web-1"))
    corrects = {"gateway": "web-1", "epoch": EPOCH, "sequence": 1}
    undo = plant.event(None, kind="undo_requested", corrects=corrects)
    del undo["read_point"]

    answer = browser.post("/api/v1/stations/cut/scans", json=body(plant, undo, gateway="web-1"))

    assert answer.json()["results"][0]["action"] == "reversed"


def test_browsers_speak_under_names_of_their_own(plant: Any, signed_in: Any, client: httpx.Client) -> None:
    browser = signed_in("operator")

    as_gateway = browser.post("/api/v1/stations/cut/scans", json=body(plant))
    nowhere = browser.post("/api/v1/stations/nowhere/scans", json=body(plant, gateway="web-1"))

    assert (as_gateway.status_code, as_gateway.json()["reason"]) == (403, "wrong_gateway")
    assert nowhere.status_code == 404
    assert client.post("/api/v1/stations/cut/scans", json=body(plant, gateway="web-1")).status_code == 401
    assert signed_in("finance").post("/api/v1/stations/cut/scans", json=body(plant, gateway="web-1")).status_code == 403


def test_a_paired_screen_scans_at_its_station_alone(plant: Any, tools: Any, new_client: Any, settings: Any) -> None:
    browser = screen(plant, new_client, settings, "cut")
    batch = body(plant, plant.event(tools.badge("17")), plant.event(tools.code(A)), gateway="web-1")

    here = browser.post("/api/v1/stations/cut/scans", json=batch)
    elsewhere = browser.post("/api/v1/stations/weld/scans", json=batch)

    assert [one["status"] for one in here.json()["results"]] == ["applied", "applied"]
    assert elsewhere.status_code == 403
    assert plant.sql("SELECT actor FROM fact ORDER BY id DESC")[0][0] == "operator:17"


# --- the inbox ---


def test_people_who_decide_see_what_waits(plant: Any, tools: Any, signed_in: Any) -> None:
    plant.send(*(plant.event(f"CODE-{place}") for place in range(3)))
    planner = signed_in("planner")

    first = planner.get("/api/v1/quarantine", params={"limit": 2, "state": "open"}).json()
    rest = planner.get("/api/v1/quarantine", params={"after": first["next"]}).json()
    one = planner.get(f"/api/v1/quarantine/{first['items'][0]['id']}").json()

    assert [item["code"] for item in first["items"] + rest["items"]] == ["CODE-0", "CODE-1", "CODE-2"]
    assert rest["next"] is None
    assert (one["gateway"], one["sequence"], one["event"]["code"]) == ("gw-1", 1, "CODE-0")
    assert planner.get("/api/v1/quarantine/99999").status_code == 404
    assert planner.get("/api/v1/quarantine", params={"state": "lost"}).status_code == 422
    assert signed_in("operator").get("/api/v1/quarantine").status_code == 403
    assert signed_in("sales").post("/api/v1/quarantine/1/resolve", json={}).status_code == 403


def test_binding_an_unknown_code_judges_its_event_anew(plant: Any, tools: Any, signed_in: Any) -> None:
    plant.scan("ACME 4711")
    entry = plant.inbox()[0]
    planner = signed_in("planner")

    answer = planner.post(f"/api/v1/quarantine/{entry.id}/resolve", json={"unit": A})

    assert answer.status_code == 200, answer.text
    assert answer.json()["say"] == "Cut done: U-1000, 1 of 3. Next: Weld."
    fact = plant.sql("SELECT kind, event_id, actor FROM fact ORDER BY id DESC")[0]
    assert (fact.kind, fact.event_id) == ("operation_completed", entry.event_id)
    assert fact.actor.startswith("user:planner")
    decided = planner.get(f"/api/v1/quarantine/{entry.id}").json()
    assert (decided["state"], decided["decision"]["unit"]) == ("resolved", A)
    assert plant.scan("ACME 4711").say == "U-1000: Cut is done already. Next: Weld."
    again = planner.post(f"/api/v1/quarantine/{entry.id}/resolve", json={"unit": A})
    assert (again.status_code, again.json()["reason"]) == (409, "already_decided")
    assert plant.sql("SELECT action FROM audit ORDER BY id DESC")[0][0] == "quarantine_resolved"


def test_a_replayed_event_can_be_taken_back(plant: Any, tools: Any, signed_in: Any) -> None:
    plant.scan("ACME 4711")
    signed_in("planner").post(f"/api/v1/quarantine/{plant.inbox()[0].id}/resolve", json={"unit": A})

    assert plant.scan(tools.card("UNDO")).subject == A
    assert plant.unit(A).step == 10


def test_the_missing_read_point_is_made_and_the_event_judged_anew(plant: Any, tools: Any, signed_in: Any) -> None:
    plant.scan(tools.code(A), "cut-9")
    point = {"key": "cut-9", "name": "Cut, scanner 9", "station": "cut", "context": "end"}

    answer = signed_in("planner").post(f"/api/v1/quarantine/{plant.inbox()[0].id}/resolve", json={"read_point": point})

    assert answer.json()["action"] == "operation_completed", answer.text
    assert plant.unit(A).last_read_point == "cut-9"
    assert plant.scan(tools.code("U-1001"), "cut-9").status == "applied"


def test_what_still_cannot_be_understood_stays_in_the_inbox(plant: Any, signed_in: Any) -> None:
    plant.scan("ACME 4711")
    planner = signed_in("planner")
    entry = plant.inbox()[0].id

    as_it_is = planner.post(f"/api/v1/quarantine/{entry}/resolve", json={})
    wrong = planner.post(f"/api/v1/quarantine/{entry}/resolve", json={"unit": "U-9"})

    assert (as_it_is.status_code, as_it_is.json()["reason"]) == (409, "unknown_code")
    assert (wrong.status_code, wrong.json()["reason"]) == (422, "unknown_unit")
    assert plant.inbox()[0].state == "open"
    assert plant.facts() == []


def test_a_refused_event_closes_its_entry_with_the_reason(plant: Any, tools: Any, signed_in: Any) -> None:
    plant.scan("ACME 4711", "weld-end")

    answer = signed_in("planner").post(f"/api/v1/quarantine/{plant.inbox()[0].id}/resolve", json={"unit": A})

    assert (answer.status_code, answer.json()["reason"]) == (200, "out_of_sequence")
    assert plant.inbox()[0].state == "resolved"


def test_what_cannot_be_read_can_only_be_discarded(plant: Any, tools: Any, signed_in: Any) -> None:
    event = plant.event(tools.code(A))
    plant.send(plant.event("X", antenna="left"), event)
    plant.send(event | {"code": "OTHER"})
    planner = signed_in("planner")

    for entry in plant.inbox():
        refused = planner.post(f"/api/v1/quarantine/{entry.id}/resolve", json={})
        assert (refused.status_code, refused.json()["reason"]) == (409, "not_resolvable")
        gone = planner.post(f"/api/v1/quarantine/{entry.id}/discard", json={"reason": "A test of the scanner."})
        assert (gone.status_code, gone.json()["state"]) == (200, "discarded")
    assert planner.post("/api/v1/quarantine/1/discard", json={"reason": ""}).status_code == 422
    assert plant.order("SO-1000").moved_at is not None


def test_a_code_that_names_another_unit_is_not_bound_twice(plant: Any, tools: Any, signed_in: Any) -> None:
    plant.scan("ACME 4711")
    plant.scan("ACME 4711")
    first, second = plant.inbox()
    planner = signed_in("planner")
    planner.post(f"/api/v1/quarantine/{first.id}/resolve", json={"unit": A})

    answer = planner.post(f"/api/v1/quarantine/{second.id}/resolve", json={"unit": "U-1001"})

    assert (answer.status_code, answer.json()["reason"]) == (409, "code_taken")
