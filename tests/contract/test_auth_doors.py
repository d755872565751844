"""What every door has in common: faults in words, safe headers, limits, health, figures, the feed, the docs."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from server.db import Database
from server.journal import facts
from server.journal.models import Gateway, Quarantine
from server.tracking.facts import FactKind, NewFact

Client = Callable[..., httpx.Client]
NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "invalid"),
        (b"{", "json_invalid"),
        (b"null", "invalid"),
        (b'{"login": "\\ud800", "password": "x"}', "invalid"),
        (b'{"login": NaN, "password": 1e999}', "invalid"),
        (b'{"login": "x", "password": "x", "role": "admin"}', "invalid"),
        (b'{"login": "' + b"x" * 10_000 + b'", "password": "x"}', "invalid"),
        (b"[" * 100_000, None),
        (b"\xff\xfe\x00", None),
        (b"9" * 5000, None),
    ],
)
def test_a_body_that_makes_no_sense_is_a_sentence_and_is_not_repeated(
    client: httpx.Client, content: bytes, reason: str | None
) -> None:
    answer = client.post("/api/v1/session", content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code in {400, 401, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert reason is None or answer.status_code == 401 or answer.json()["reason"] == reason
    assert "xxxxxxxx" not in answer.text


def test_a_body_that_is_too_large_is_refused_before_it_is_read(client: httpx.Client) -> None:
    announced = client.post("/api/v1/session", content=b"x" * 1_100_000)

    def trickle() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    unannounced = client.post("/api/v1/session", content=trickle())
    packed = client.post("/api/v1/session", content=b"{}", headers={"Content-Encoding": "gzip"})

    assert (announced.status_code, announced.json()["max_bytes"]) == (413, 1_048_576)
    assert unannounced.status_code == 413
    assert packed.status_code == 415


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/v1/nothing", "/api/v1/users/none%00", "/static/../app.py", "/%2e%2e/x"]
)
def test_what_is_not_there_is_a_problem_in_words(client: httpx.Client, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code in {401, 404, 422}
    assert answer.json()["detail"].endswith(".")


def test_a_person_gets_a_page_and_a_program_a_document(client: httpx.Client) -> None:
    page = client.get("/nothing", headers={"Accept": "text/html"})
    document = client.get("/nothing")

    assert page.headers["content-type"].startswith("text/html")
    assert document.headers["content-type"] == "application/problem+json"
    assert page.status_code == document.status_code == 404


def test_a_wrong_method_names_the_right_ones(client: httpx.Client) -> None:
    answer = client.put("/api/v1/session", json={})

    assert (answer.status_code, answer.json()["reason"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["allow"] or "GET" in answer.headers["allow"]


def test_every_answer_carries_safe_headers_and_a_request_id(client: httpx.Client) -> None:
    for path in ("/healthz", "/nothing", "/docs", "/api/v1/session"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert len(headers["x-request-id"]) == 16

    assert client.get("/healthz", headers={"X-Request-ID": "abc-1"}).headers["x-request-id"] == "abc-1"
    assert client.get("/healthz", headers={"X-Request-ID": "a b\x01"}).headers["x-request-id"] != "a b\x01"


def test_what_nobody_foresaw_is_one_answer_with_an_id_that_the_log_knows(
    app: FastAPI, client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    def burst() -> None:
        raise RuntimeError("a fault that nobody foresaw")

    app.add_api_route("/api/v1/burst", burst)

    with caplog.at_level(logging.ERROR):
        answer = client.get("/api/v1/burst")

    assert answer.status_code == 500
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "nobody foresaw" not in answer.text
    assert "a fault that nobody foresaw" in caplog.text


def test_a_value_that_the_database_cannot_hold_is_no_fault_of_the_server(app: FastAPI, client: httpx.Client) -> None:
    database: Database = app.state.database
    if database.is_sqlite:
        pytest.skip("SQLite stores what PostgreSQL refuses")

    def store() -> None:
        database.write(lambda session: session.execute(text("SELECT CAST('9999999999' AS int)")))

    app.add_api_route("/api/v1/store", store)

    answer = client.get("/api/v1/store")
    assert (answer.status_code, answer.json()["reason"]) == (422, "unstorable")


def test_ready_tells_each_part(client: httpx.Client) -> None:
    ready = client.get("/readyz")

    assert ready.status_code == 200
    assert {name: part["ok"] for name, part in ready.json()["parts"].items()} == {
        "database": True,
        "migrations": True,
        "disk": True,
    }


def test_a_database_behind_the_program_is_not_ready_and_names_the_cure(
    client: httpx.Client, database: Database
) -> None:
    database.write(lambda session: session.execute(text("DELETE FROM alembic_version")))

    ready = client.get("/readyz")

    assert ready.status_code == 503
    assert "orderlight-server migrate" in ready.json()["parts"]["migrations"]["say"]


def test_figures_are_shown_on_the_machine_itself_and_to_keys_with_the_right(
    client: httpx.Client, program: Client, signed_in: Client
) -> None:
    far = {"X-Forwarded-For": "203.0.113.7"}

    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers=far).status_code == 401
    assert program("metrics:read").get("/metrics", headers=far).status_code == 200
    assert program("feed:read").get("/metrics", headers=far).status_code == 403
    assert signed_in("sales").get("/metrics", headers=far).status_code == 403


def test_figures_mirror_gateways_and_the_inbox(client: httpx.Client, database: Database) -> None:
    def work(session: Any) -> None:
        health = {"backlog": 17, "oldest_age_seconds": 4.5, "set_aside": 2, "version": "x"}
        session.add(Gateway(key="gw-figures", name="x", created_at=NOW, last_seen_at=NOW, health=health))
        session.add(Quarantine(event_id=1, reason="unknown_code", say="x", raised_at=NOW, state="open"))

    database.write(work)

    figures = client.get("/metrics").text

    assert 'orderlight_gateway_backlog_events{gateway="gw-figures"} 17.0' in figures
    assert 'orderlight_gateway_set_aside_events{gateway="gw-figures"} 2.0' in figures
    assert "orderlight_inbox_open 1.0" in figures
    assert "orderlight_live_viewers 0.0" in figures
    assert 'orderlight_http_request_duration_seconds_count{method="GET"' in figures


def _write_facts(database: Database, count: int) -> None:
    new = [
        NewFact(kind=FactKind.UNIT_SEEN, subject=f"U-{number}", actor="test", observed_at=NOW, quantity=Decimal("2.50"))
        for number in range(count)
    ]
    database.write(lambda session: facts.write(session, new, recorded_at=NOW))


def test_the_feed_gives_every_fact_once_and_in_order(program: Client, database: Database) -> None:
    reader = program("feed:read")
    _write_facts(database, 5)
    seen, after = [], 0
    while True:
        part = reader.get("/api/v1/feed", params={"after": after, "limit": 2}).json()
        seen += part["items"]
        after = part["next"]
        if not part["more"]:
            break

    assert [fact["subject"] for fact in seen] == [f"U-{number}" for number in range(5)]
    assert [fact["id"] for fact in seen] == sorted(fact["id"] for fact in seen)
    assert seen[0]["quantity"] == "2.5"
    assert reader.get("/api/v1/feed", params={"after": after}).json() == {"items": [], "next": after, "more": False}


@pytest.mark.parametrize("after", ["-1", "x", str(2**63), "1e5"])
def test_a_place_in_the_feed_that_is_none_is_refused(program: Client, after: str) -> None:
    assert program("feed:read").get("/api/v1/feed", params={"after": after}).status_code == 422


def test_the_programming_interface_is_described_for_machines_and_people(client: httpx.Client) -> None:
    schema = client.get("/openapi.json").json()
    page = client.get("/docs").text

    assert "/api/v1/feed" in schema["paths"]
    assert all(path in page for path in schema["paths"])
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page


def test_no_door_of_the_programming_interface_opens_for_a_stranger(client: httpx.Client) -> None:
    schema = client.get("/openapi.json").json()
    for_everybody = {"/healthz", "/readyz", "/metrics"}
    for_everybody |= {f"/api/v1/{door}" for door in ("session", "set-password", "devices/pair")}
    opened = {}
    for path, operations in schema["paths"].items():
        for method in operations:
            if path not in for_everybody:
                place = path.replace("{device_id}", "1").replace("{", "").replace("}", "")
                answer = client.request(method.upper(), place, json={})
                if answer.status_code not in {401, 422, 404}:
                    opened[f"{method} {path}"] = answer.status_code

    assert opened == {}


def test_a_gateway_key_that_is_known_costs_no_look_into_the_database(
    app: FastAPI, signed_in: Client, event_loop_thread: asyncio.AbstractEventLoop
) -> None:
    from server.auth.authenticate import Credentials

    made = signed_in("admin").post("/api/v1/gateways", json={"key": "gw-quick", "name": "x"}).json()
    credentials = Credentials(bearer=made["key"])
    app.state.authenticator.authenticate(credentials)

    is_known, principal = app.state.authenticator.remembered(credentials)

    assert is_known
    assert principal.gateway == "gw-quick"
    assert json.dumps(sorted(principal.scopes)) == '["events:write"]'


def test_a_database_that_cut_its_connections_is_used_again_without_a_fault(
    signed_in: Client, database: Database
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has no connections to cut")
    admin = signed_in("admin")
    assert admin.get("/api/v1/users").status_code == 200
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"  # noqa: S608 - no input in it
    with database.engine.connect() as connection:
        connection.execute(text(cut))

    answers = [admin.post("/api/v1/devices", json={"name": "wall"}).status_code for _ in range(3)]

    assert answers == [201, 201, 201]
