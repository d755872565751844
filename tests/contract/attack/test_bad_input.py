"""Everything wrong that can come in: each gets a clear answer in words, is kept where a person finds it, loses nothing.

The same on both engines, for what they cannot hold differs: NUL, half characters, numbers of more than 64 bits.
"""

import base64
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from orderlight.autoid import OwnCode
from server.auth import keys
from server.auth.repository import live_gateway_keys
from server.settings.clock import utc_now

OURS = "Aurora Bikes"
EPOCH = "00000000000000bb"
_MISSING = object()


def code(number: str) -> str:
    return str(OwnCode("U", number.partition("-")[2]))


@pytest.fixture(scope="module")
def bench(house: Any) -> "Bench":
    return Bench(house)


class Bench:
    """One gateway that sends what it must not."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.gateway: httpx.Client = house.callers["gateway"]
        self.sequence = 0
        self.began = utc_now() - timedelta(minutes=20)
        self.fresh = iter(self._many())

    def _many(self) -> list[str]:
        """The units of an order that is large enough for all tests here."""
        admin = self.house.callers["admin"]
        body = {"customer": "C-100", "lines": [{"product": "FRAME-CITY", "quantity": 150}]}
        number = admin.post("/api/v1/orders", json=body).json()["number"]
        for action in ("confirm", "release"):
            assert admin.post(f"/api/v1/orders/{number}/{action}", json={}).status_code == 200
        found = (
            "SELECT u.number FROM unit u JOIN sales_order o ON o.id = u.order_id WHERE o.number = :number ORDER BY u.id"
        )
        with self.house.database.read() as session:
            return [row[0] for row in session.execute(text(found), {"number": number})]

    def unit(self) -> str:
        """A unit of an order in production that waits for its first step."""
        return next(self.fresh)

    def event(self, **more: Any) -> dict[str, Any]:
        self.sequence += 1
        observed = self.began + timedelta(seconds=self.sequence)
        event = {"sequence": self.sequence, "kind": "code_scanned", "read_point": "cut-1", "reader": "scanner-3"}
        event |= {"observed_at": observed.isoformat(), **more}
        return {name: value for name, value in event.items() if value is not _MISSING}

    def post(self, body: Any, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.gateway.post(
            "/api/v1/events", content=content, headers={"Content-Type": "application/json", **headers}
        )

    def send(self, *events: Any) -> httpx.Response:
        return self.post({"gateway": "gw-attack", "epoch": EPOCH, "events": list(events)})

    def one(self, **more: Any) -> dict[str, Any]:
        answer = self.send(self.event(**more))
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["results"][0])

    def kept(self) -> dict[str, Any]:
        """The youngest entry of the inbox, as the office sees it; its page is there, too."""
        with self.house.database.read() as session:
            number = session.scalar(text("SELECT max(id) FROM quarantine"))
        admin = self.house.callers["admin"]
        page = admin.get(f"/admin/inbox/{number}")
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        return dict(admin.get(f"/api/v1/quarantine/{number}").json())

    def first(self, where: str) -> str:
        with self.house.database.read() as session:
            found = f"SELECT u.number FROM unit u JOIN sales_order o ON o.id = u.order_id WHERE {where}"  # noqa: S608
            return str(session.scalar(text(found)))


# --- codes ---


@pytest.mark.parametrize(
    ("event", "reason", "says"),
    [
        ({"code": "HELLO-WORLD"}, "unknown_code", "HELLO-WORLD is not known here."),
        ({"code": "]C1010400638133393121XYZ"}, "foreign_code", "is a code of another company."),
        ({"code": "OLU1005*"}, "unknown_code", "OLU1005* is not known here."),
        ({"code": code("U-999999")}, "unknown_code", "is not known here."),
        ({"code": "]C101095060001343"}, "unreadable_code", "cannot be read as a code."),
        ({"code": "A" * 4096}, "unknown_code", "\u2026 is not known here."),
        ({"code": "A" * 10_000}, "bad_field", "expected 1 to 4096 characters, got 10000"),
        ({"code": ""}, "bad_field", "expected 1 to 4096 characters, got 0"),
        ({"code": "\x01\x02\x1b[2J\x07"}, "unreadable_code", "\u00b7\u00b7\u00b7[2J\u00b7 cannot be read as a code."),
        ({"code": "a\x00b"}, "bad_field", "got a NUL or a lone surrogate"),
        ({"code": "\ud800"}, "bad_field", "got a NUL or a lone surrogate"),
        ({"code": "\u202eU-1000"}, "unknown_code", "\u00b7U-1000 is not known here."),
        ({"code": "U-\u0430\u0435"}, "unknown_code", "is not known here."),
        ({"code": "<script>alert(1)</script>"}, "unknown_code", "<script>alert(1)</script> is not known here."),
        ({"code": "'; DROP TABLE sales_order;--"}, "unknown_code", "'; DROP TABLE sales_order;-- is not known here."),
        ({"code": 5}, "bad_field", "expected a text, got int"),
        ({"code": ["U-1"]}, "bad_field", "expected a text, got list"),
        ({"code": _MISSING}, "bad_field", "expected code or raw, got none"),
        ({"code": _MISSING, "raw": base64.b64encode(b"\xff\xfe\x00").decode()}, "unreadable_code", "cannot be read"),
        ({"code": _MISSING, "raw": "%%%"}, "bad_field", "expected base64"),
        ({"code": _MISSING, "kind": "tag_arrived", "epc": "XYZ"}, "bad_field", "expected hexadecimal digits"),
        ({"code": _MISSING, "kind": "tag_arrived", "epc": "A" * 200}, "bad_field",
        "expected at most 124 digits, got 200"),
        ({"code": "X", "kind": "nonsense"}, "unknown_kind", "expected one of code_scanned"),
        ({"code": "X", "v": 2}, "bad_field", "the sender is newer than this program"),
        ({"code": "X", "reads": 2**63}, "bad_field", "expected 0 to 2147483647"),
        ({"code": "X", "antenna": -1}, "bad_field", "expected 0 to 65535"),
        ({"code": "X", "rssi_dbm": 1e308}, "bad_field", "expected -200 to 100 dBm"),
        ({"code": "X", "extra": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}}}}, "bad_field",
        "8 levels"),
        ({"code": "X", "extra": "\ud800"}, "bad_field", "without NUL or lone surrogates"),
        ({"code": "X", "extra": 2**70}, "unknown_code", "X is not known here."),
        ({"code": "X", "keys": {"unit": "1000'; --"}}, "unknown_code", "X is not known here."),
        ({"code": "X", "keys": {"unit": "\x00"}}, "bad_field", "got a NUL or a lone surrogate"),
        ({"code": "X", "keys": {str(n): "1" for n in range(65)}}, "bad_field", "expected at most 64 entries, got 65"),
        ({"code": "X", "read_point": "nowhere"}, "unknown_read_point", "The read point nowhere is not known."),
        ({"code": "X", "read_point": "'; DROP TABLE station;--"}, "unknown_read_point", "is not known."),
        ({"code": "X", "read_point": _MISSING}, "unknown_read_point", "This read names no read point."),
        ({"code": "X", "observed_at": "0001-01-01T00:00:00+14:00"}, "bad_field",
        "expected a year from 1970 to 2200, got 1"),
        ({"code": "X", "observed_at": "9999-12-31T23:59:59-14:00"}, "bad_field", "expected a year from 1970 to 2200"),
        ({"code": "X", "observed_at": "2026-01-01T00:00:00"}, "bad_field", "expected a time with its offset from UTC"),
        ({"code": "X", "observed_at": "yesterday"}, "bad_field", "expected an ISO 8601 time"),
    ],
)  # fmt: skip
def test_a_bad_read_is_answered_in_words_and_waits_for_a_person(
    bench: Bench, event: dict[str, Any], reason: str, says: str
) -> None:
    facts, rows = bench.house.count("fact"), bench.house.count("event")

    answer = bench.one(**event)

    assert (answer["status"], answer["reason"]) == ("quarantined", reason)
    assert says in answer["say"]
    assert "It waits in the inbox" in answer["say"] or "waits in the inbox" in answer["say"]
    kept = bench.kept()
    assert (kept["state"], kept["reason"], kept["sequence"]) == ("open", reason, bench.sequence)
    assert bench.house.count("event") == rows + 1
    assert bench.house.count("fact") == facts
    assert bench.one(code=code(bench.unit()))["status"] == "applied"


@pytest.mark.parametrize(
    ("where", "at", "reason", "says"),
    [
        ("o.on_hold", "cut-1", "on_hold", "is on hold: Waiting for the customer to approve the drawing. Put "),
        ("o.lifecycle = 'processing' AND u.state = 'queued' AND NOT o.on_hold", "assemble-1", "out_of_sequence",
        "not Assemble"),
        ("o.lifecycle = 'processing' AND u.state = 'queued' AND NOT o.on_hold", "ship-gate", "not_finished",
        "next step is Cut"),
    ],
)  # fmt: skip
def test_a_scan_that_is_not_allowed_is_refused_and_logged(
    bench: Bench, where: str, at: str, reason: str, says: str
) -> None:
    unit = bench.first(where + " ORDER BY u.id DESC LIMIT 1")

    answer = bench.one(code=code(unit), read_point=at)

    assert (answer["status"], answer["reason"], answer["signal"]) == ("refused", reason, "stop")
    assert says in answer["say"]
    assert unit in answer["say"]


def test_a_step_of_another_station_is_refused(bench: Bench) -> None:
    rack = bench.first("u.product_id = (SELECT id FROM product WHERE sku = 'RACK-REAR') ORDER BY u.id LIMIT 1")

    answer = bench.one(code=code(rack), read_point="assemble-1")

    assert (answer["status"], answer["reason"]) == ("refused", "wrong_station")


def test_a_repeated_scan_counts_once(bench: Bench) -> None:
    unit = bench.unit()
    first, facts = bench.one(code=code(unit)), bench.house.count("fact")

    again = bench.one(code=code(unit))

    assert (first["status"], again["status"], again["reason"]) == ("applied", "refused", "already_done")
    assert bench.house.count("fact") == facts


@pytest.mark.parametrize("observed", ["2000-01-01T00:00:00Z", "1970-01-01T00:00:01Z", "2199-12-31T23:59:59Z"])
def test_a_wrong_clock_loses_no_scan(bench: Bench, observed: str) -> None:
    unit = bench.unit()

    assert bench.one(code=code(unit), observed_at=observed)["status"] == "applied"

    with bench.house.database.read() as session:
        row = session.execute(text("SELECT clock_suspect FROM event ORDER BY id DESC LIMIT 1")).one()
    assert row[0]
    assert bench.house.callers["admin"].get("/board").status_code == 200


# --- batches ---


def test_one_bad_event_spoils_no_batch(bench: Bench) -> None:
    good = [bench.event(code=code(bench.unit())) for _ in range(2)]
    bad = bench.event(code="\x00")
    strange = [
        1,
        None,
        "x",
        [],
        {},
        {"sequence": -1},
        {"sequence": 2**63},
        {"sequence": "1", "code": "x"},
        {"sequence": True},
    ]
    waiting = bench.house.count("quarantine")

    answer = bench.send(good[0], bad, *strange, good[1])

    assert answer.status_code == 200
    fates = {result["sequence"]: result["status"] for result in answer.json()["results"]}
    assert [fates[event["sequence"]] for event in (good[0], bad, good[1])] == ["applied", "quarantined", "applied"]
    # What has no number is answered without one, at the end; it is kept all the same.
    numbers = [result["sequence"] for result in answer.json()["results"]]
    assert numbers[-len(strange) :] == [None] * len(strange)
    assert bench.house.count("quarantine") == waiting + 1 + len(strange)
    assert bench.kept()["state"] == "open"


def test_the_same_identity_with_other_content_changes_nothing(bench: Bench) -> None:
    first = bench.event(code=code(bench.unit()))
    assert bench.send(first).json()["results"][0]["status"] == "applied"
    facts = bench.house.count("fact")

    other = bench.send(first | {"code": code(bench.unit())}).json()["results"][0]

    assert (other["status"], other["reason"]) == ("refused", "identity_conflict")
    assert bench.house.count("fact") == facts
    assert bench.send(first).json()["results"][0]["status"] == "duplicate"


@pytest.mark.parametrize("sequence", [2**62, 2**63 - 1])
def test_a_leap_of_numbers_costs_no_memory(bench: Bench, sequence: int) -> None:
    answer = bench.send(bench.event(code="X") | {"sequence": sequence})

    assert answer.json()["results"][0]["sequence"] == sequence
    assert answer.json()["committed_sequence"] < 10_000


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422), (b"null", 422), (b"[]", 422), (b'"x"', 422), (b"{", 422), (b"\xff\xfe", 422), (b"\xef\xbb\xbf{}",
        422),
        (b"[" * 200_000, 422), (b'{"a":' * 100_000, 422), (b"9" * 5000, 422), (b"\x00", 422), (b"\xc0\xaf", 422),
        (b'{"gateway":"gw-attack","epoch":"00000000000000bb","events":{}}', 422),
        (b'{"gateway":"gw-attack","epoch":"00000000000000bb","events":[{"sequence":1,"rssi_dbm":NaN}]}', 422),
        (b'{"gateway":"gw-attack","epoch":"\\ud800","events":[]}', 422),
        (b'{"gateway":"../../x","epoch":"00000000000000bb","events":[]}', 422),
        (b'{"gateway":"gw-other","epoch":"00000000000000bb","events":[]}', 403),
        (b'{"gateway":"gw-attack","gateway":"gw-other","epoch":"00000000000000bb","events":[]}', 403),
        (b'{"gateway":"gw-attack","epoch":"00000000000000bb","events":[' + b"{}," * 1000 + b"{}]}", 413),
        (b" " * (1024 * 1024 + 1), 413),
    ],
    ids=lambda value: value[:24].decode("latin-1") if isinstance(value, bytes) else None,
)  # fmt: skip
def test_a_request_that_is_wrong_as_a_whole_is_told_why(bench: Bench, body: bytes, status: int) -> None:
    rows = bench.house.count("event")

    answer = bench.post(body)

    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert problem["detail"].endswith((".", ")"))
    assert answer.text.isascii()
    assert len(answer.content) < 1500
    assert bench.house.count("event") == rows


@pytest.mark.parametrize(
    "kind", ["text/plain", "", "application/xml", "application/json-seq", "multipart/form-data; boundary=x"]
)
def test_only_json_is_read(bench: Bench, kind: str) -> None:
    answer = bench.post({"gateway": "gw-attack", "epoch": EPOCH, "events": []}, **{"Content-Type": kind})

    assert answer.status_code == 415


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, identity", "x"])
def test_compressed_bodies_are_refused_before_they_unfold(bench: Bench, encoding: str) -> None:
    answer = bench.post(b"\x1f\x8b" + b"\x00" * 100, **{"Content-Encoding": encoding})

    assert (answer.status_code, answer.json()["reason"]) == (415, "content_encoding")


# --- keys ---


@pytest.mark.parametrize(
    "header",
    ["Bearer ol_wrongkey_nothing", "Bearer", "Bearer ", "Basic Zm9vOmJhcg==", "bearer\tx", "Bearer " + "x" * 5000,
    "Bearer \xff",
     "Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer ol__", "Bearer ol_%00_x"],
)  # fmt: skip
def test_a_wrong_key_opens_nothing_and_no_cookie_helps(house: Any, header: str) -> None:
    caller = house.client()
    caller.cookies.update(house.callers["admin"].cookies)

    for path in ("/api/v1/orders", "/api/v1/events", "/api/v1/feed"):
        method = "POST" if path.endswith("events") else "GET"
        answer = caller.request(method, path, headers={"Authorization": header.encode("latin-1")})
        assert (answer.status_code, answer.json()["reason"]) == (401, "key_not_valid")


def test_a_revoked_key_is_out_at_once(house: Any) -> None:
    def make(session: Any) -> str:
        return str(keys.create_gateway_key(session, "gw-attack", actor="test", now=utc_now()).text)

    caller = house.client(Authorization="Bearer " + house.database.write(make))
    batch = {"gateway": "gw-attack", "epoch": EPOCH, "events": []}
    assert caller.post("/api/v1/events", json=batch).status_code == 200

    def revoke(session: Any) -> None:
        newest = max(live_gateway_keys(session, ["gw-attack"], utc_now())["gw-attack"], key=lambda key: key.id)
        keys.revoke_key(session, newest, actor="test", now=utc_now())

    house.database.write(revoke)

    answer = caller.post("/api/v1/events", json=batch)
    assert (answer.status_code, answer.json()["reason"]) == (401, "key_not_valid")
