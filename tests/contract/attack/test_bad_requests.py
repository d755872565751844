"""Requests, files, heartbeats and bytes that make no sense: a 4xx in words, and nothing changed."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.app import guards, protocol
from server.app.serve import make_server
from server.cli.context import CommandFailed, make_folder
from server.erp.search import MAX_TEXT

OURS = "Aurora Bikes"


# --- the programming interface ---


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quantity", "NaN"), ("quantity", "Infinity"), ("quantity", -1), ("quantity", 0), ("quantity", 2**63),
        ("quantity", "1e999"),
        ("quantity", 10**400), ("quantity", True), ("quantity", "0.0000001"), ("quantity", [1]), ("unit_price",
        "-0.01"),
        ("product", "FRAME\x00"), ("product", "\ud800"), ("product", "x" * 300), ("product", None), ("colour", "red"),
        ("configuration", {"a": {"b": 1}}), ("configuration", {"\x00": "x"}), ("configuration",
        {str(n): "x" for n in range(41)}),
        ("packaging", "\u202eevil"), ("packaging", "\x1b[2J"),
    ],
)  # fmt: skip
def test_a_line_that_makes_no_sense_is_refused_by_its_field(house: Any, field: str, value: Any) -> None:
    orders = house.count("sales_order")
    body = {"customer": "C-100", "lines": [{"product": "FRAME-CITY", "quantity": 1} | {field: value}]}

    answer = house.callers["admin"].post("/api/v1/orders", content=json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})  # fmt: skip

    assert answer.status_code == 422, answer.text
    assert any(field in error["field"] for error in answer.json()["errors"])
    assert house.count("sales_order") == orders


@pytest.mark.parametrize("field", ["customer_id", "lifecycle", "number", "created_by", "row_version", "id", "billing"])
def test_what_is_not_ones_to_set_is_refused(house: Any, field: str) -> None:
    body = {"customer": "C-100", "lines": [{"product": "FRAME-CITY", "quantity": 1}], field: "1"}

    answer = house.callers["admin"].post("/api/v1/orders", json=body)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    "day", ["0001-01-01", "9999-12-31", "1999-12-31", "2101-01-01", "2026-02-30", "tomorrow", 1e999]
)
def test_a_promise_beyond_all_calendars_is_refused(house: Any, day: Any) -> None:
    body = json.dumps({"promise_date": day}).encode()
    admin, headers = house.callers["admin"], {"Content-Type": "application/json", "If-Match": "*"}

    assert admin.patch("/api/v1/orders/SO-1010", content=body, headers=headers).status_code == 422
    assert admin.post("/api/v1/orders/SO-1010/confirm", content=body, headers=headers).status_code == 422
    page = admin.post("/orders/SO-1010/confirm", data={"promise_date": str(day)})
    assert page.status_code in (303, 422)
    assert admin.get("/orders").status_code == 200


@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-01-01T00:00:00", "1e999"]
)
def test_a_key_that_ends_beyond_all_calendars_is_refused(house: Any, moment: str) -> None:
    body = {"name": "x", "scopes": ["orders:read"], "expires_at": moment}

    assert house.callers["admin"].post("/api/v1/keys", json=body).status_code == 422


@pytest.mark.parametrize("path", ["/admin/inbox?before={0}", "/admin/audit?before={0}", "/orders/SO-1000?before={0}",
                                  "/api/v1/feed?after={0}", "/api/v1/quarantine/{0}", "/api/v1/orders?limit={0}",
                                  "/admin/inbox/{0}", "/api/v1/devices/{0}/revoke",
                                  "/work-orders/WO-1000/labels?start={0}",
                                  "/api/v1/orders/SO-1000/links/{0}/revoke",
                                  "/orders/SO-1000/links/{0}/revoke"])  # fmt: skip
@pytest.mark.parametrize("number", [2**31, 2**63, 2**64, 10**30, -1, "9" * 4500, "1e5", "%00", "\u0661"])
def test_numbers_no_database_can_hold_are_told_so(house: Any, path: str, number: Any) -> None:
    method = "POST" if "revoke" in path else "GET"

    answer = house.callers["admin"].request(method, path.format(number))

    # A number that fits 64 bits may simply name nothing, or be a place in a list.
    assert answer.status_code in ((404, 422, 200) if number == 2**31 else (404, 422))
    assert answer.headers["content-type"] == "application/problem+json" or answer.status_code == 200


@pytest.mark.parametrize(
    "text", ["%", "_", "%%%%", "\\", "'", "' OR 1=1 --", "\x00", "a" * 5000, "(a+)+$", "\u0130\u0130", "%_%_%"]
)
def test_search_takes_every_text_as_text(house: Any, text: str) -> None:
    admin = house.callers["admin"]

    known, answer = (admin.get("/api/v1/search", params={"text": wanted}) for wanted in ("SO-1000", text))

    assert known.json()["items"]
    assert answer.status_code == (422 if len(text) > MAX_TEXT else 200)
    assert answer.json().get("items", []) == []


def test_no_table_was_dropped_by_what_was_sent(house: Any) -> None:
    for table in ("sales_order", "unit", "station", "customer", "event"):
        assert house.count(table) > 0


# --- files ---


PRODUCTS = "sku,name\nP-1,Plate\n"


@pytest.mark.parametrize(
    ("kind", "content", "status", "says"),
    [
        ("products", b"", 422, "The file is empty"), ("products", b"\n\n\n", 422, "The file is empty"),
        ("products", b"colour,size\nred,5\n", 422, "The column sku is missing"),
        ("products", b"sku,name,sku\nP,Q,R\n", 422, "The column sku appears 2 times"),
        ("products", b"sku,name,<script>\nP,Q,R\n", 422, "There is no column"),
        ("products", b"sku,name\nP,Q,R,S\n", 422, "The row has 4 cells, the header 2"),
        ("products", b'sku,name\n"P,Q\n', 422, "cannot be read as CSV"),
        ("products", b"sku,name\nP\x00,Q\n", 422, ""), ("products", b"\xff\xfes\x00k\x00u\x00", 422, "not UTF-8"),
        ("products", b"sku,name\nP,\xe9\n", 422, "line 2 holds the byte E9"),
        ("products", b"sku,name\nP," + b"x" * 5000 + b"\n", 422, "at most 4000 fit"),
        ("products", b"sku,name\n" + b"P,Q\n" * 2001, 422, "at most 2000 go at once"),
        ("products", b"sku,name,routing\nP,Q,Cut@nowhere:1\n", 422, "nowhere"),
        ("products", b"sku,name,gtin\nP,Q,12345\n", 422, ""), ("products", "sku,name\nP,\u202eQ\n".encode(), 422,
        "U+202E"),
        ("customers", b"number,name\nC-100'; DROP TABLE customer;--,X\n", 422, ""),
        ("orders", b"number,customer,product,quantity\nSO-9,C-NO,FRAME-CITY,1\n", 422, "C-NO"),
        ("orders", b"number,customer,product,quantity\nSO-9,C-100,FRAME-CITY,NaN\n", 422, ""),
        ("orders", b"number,customer,product,quantity\nSO-9,C-100,FRAME-CITY,9223372036854775808\n", 422, ""),
        ("orders", b"number,customer,promise_date,product,quantity\nSO-9,C-100,9999-12-31,FRAME-CITY,1\n", 422, ""),
        ("nothing", b"a,b\n", 404, ""), ("%00", b"a", 422, ""), ("products", b"x" * 1_000_001, 413, ""),
    ],
    ids=lambda value: value[:40].decode("latin-1") if isinstance(value, bytes) else None,
)  # fmt: skip
def test_a_wrong_file_brings_in_nothing_and_says_where_it_is_wrong(
    house: Any, kind: str, content: bytes, status: int, says: str
) -> None:
    before = [house.count(table) for table in ("product", "customer", "sales_order")]

    answer = house.callers["admin"].post(
        f"/api/v1/imports/{kind}", content=content, headers={"Content-Type": "text/csv"}
    )

    assert answer.status_code == status, answer.text
    told = json.dumps(answer.json(), ensure_ascii=False)
    assert says in told
    if status == 422 and kind != "%00" and b"\xff" not in content and b"\xe9" not in content:
        assert answer.json()["reason"] == "import_refused"
        assert answer.json()["errors"]
    assert [house.count(table) for table in ("product", "customer", "sales_order")] == before
    upload = {"file": ("../../etc/passwd\x00<script>.csv", content, "text/csv")}
    page = house.callers["admin"].post("/import", data={"kind": kind}, files=upload, headers={"Accept": "text/html"})
    assert page.status_code in (404, 413, 422)
    assert "<script>.csv" not in page.text


def test_formulas_in_a_file_are_kept_as_words(house: Any) -> None:
    admin = house.callers["admin"]
    content = b"number,name\nC-F1,=HYPERLINK(1)\nC-F2,+cmd|calc\nC-F3,@SUM(1)\nC-F4,-2+3\n"

    answer = admin.post("/api/v1/imports/customers", content=content, headers={"Content-Type": "text/csv"})

    assert answer.status_code == 200, answer.text
    names = [admin.get(f"/api/v1/customers/C-F{n}").json()["name"] for n in range(1, 5)]
    assert names == ["=HYPERLINK(1)", "+cmd|calc", "@SUM(1)", "-2+3"]


def test_nothing_leaves_as_a_sheet(house: Any) -> None:
    """Formulas only bite in CSV and XLSX; as long as no door gives these out, there is nothing to disarm."""
    admin, values = house.callers["admin"], house.belongings[OURS].values
    for door in house.endpoints:
        if door.method == "GET" and door.path != "/live":
            answer = admin.get(
                door.at({**values, "number": values["order"], "key": "cut"}), headers={"Accept": "text/csv"}
            )
            assert not any(kind in answer.headers.get("content-type", "") for kind in ("csv", "sheet", "excel")), (
                door.path
            )


# --- bytes on a socket ---


@pytest.fixture(scope="module")
def port(house: Any) -> Iterator[int]:
    """The house behind a real socket, so that what no client would send can be sent."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen(64)
        server = make_server(house.app, house.settings)
        # The house runs its own lifespan, and closes its own streams.
        server.config.lifespan = "off"
        thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, name="attacked-server")
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield held.getsockname()[1]
        server.should_exit = True
        thread.join(10)


def speak(port: int, *parts: bytes, wait: float = 5.0) -> bytes:
    """Send bytes as they are, and read what comes until the server has said its piece."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as line:
        for part in parts:
            line.sendall(part)
        heard = b""
        try:
            while chunk := line.recv(65536):
                heard += chunk
                if b"\r\n\r\n" in heard and b"keep-open" not in heard:
                    break
        except (TimeoutError, ConnectionResetError):
            pass
    return heard


HEAD = b"Host: 127.0.0.1\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /orders/%ff%fe HTTP/1.1\r\n" + HEAD + b"\r\n", b"GET /%c0%ae%c0%ae/ HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET /orders/" + b"A" * 20_000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET /login?next=%ff HTTP/1.1\r\n" + HEAD + b"\r\n", b"GET /login?%ff=%zz HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET //evil.example/login HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET http://evil.example/login HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET /login HTTP/1.1\r\nHost: [\r\nConnection: close\r\nAccept: text/html\r\n\r\n",
        b"GET /login HTTP/1.1\r\nHost: a b\r\nConnection: close\r\nAccept: text/html\r\n\r\n",
        b"GET /login HTTP/1.0\r\nAccept: text/html\r\n\r\n",
        b"GET /login HTTP/1.1\r\n" + HEAD + b"Cookie: \xff\xfe=\x80; sid=\xff\r\n\r\n",
        b"GET /login HTTP/1.1\r\n" + HEAD + b"Accept-Language: \xff\xfe, \x80-\r\nAccept: text/html\r\n\r\n",
        b"GET /login HTTP/1.1\r\n" + HEAD + b"Authorization: Bearer \xff\xfe\r\n\r\n",
        b"GET /orders HTTP/1.1\r\n" + HEAD + b"X-Request-ID: a\xff\r\nX-Request-ID: b\r\n\r\n",
        b"EVIL /login HTTP/1.1\r\n" + HEAD + b"\r\n", b"TRACE /login HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"CONNECT evil.example:80 HTTP/1.1\r\n" + HEAD + b"\r\n", b"OPTIONS * HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"POST /login HTTP/1.1\r\n" + HEAD + b"Content-Length: -1\r\n\r\n",
        b"POST /login HTTP/1.1\r\n" + HEAD + b"Content-Length: 1, 2\r\n\r\nx",
        b"POST /login HTTP/1.1\r\n" + HEAD + b"Content-Length: 99999999999999999999\r\n\r\n",
        b"POST /login HTTP/1.1\r\n" + HEAD + b"Origin: http://127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /login HTTP/1.1\r\n" + HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /live?t=%ff HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET /static/%2e%2e%2f%2e%2e%2fapp%2fcreate.py HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET /login HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"  # noqa: ISC004
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nHost: 127.0.0.1\r\n\r\n",
    ],
    ids=lambda value: value[:40].decode("latin-1"),
)  # fmt: skip
def test_strange_bytes_on_the_line_are_no_fault_of_ours(port: int, request_bytes: bytes) -> None:
    heard = speak(port, request_bytes, wait=2.0)

    assert not heard or 200 <= int(heard[9:12]) < 500, heard[:300]
    assert b"Traceback" not in heard
    assert b" 200 " in speak(port, b"GET /healthz HTTP/1.1\r\n" + HEAD + b"\r\n")


def test_a_body_that_never_comes_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "BODY_SECONDS", 0.3)
    head = (
        HEAD
        + b"Origin: http://127.0.0.1\r\nContent-Length: 100\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
    )

    heard = speak(port, b"POST /login HTTP/1.1\r\n" + head, b"login=")

    assert heard.startswith(b"HTTP/1.1 408 ")


def test_a_body_that_drips_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "WHOLE_BODY_SECONDS", 0.5)
    head = (
        HEAD
        + b"Origin: http://127.0.0.1\r\nContent-Length: 100\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
    )

    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(b"POST /login HTTP/1.1\r\n" + head)
        line.settimeout(0.1)
        heard = b""
        for _ in range(40):
            try:
                heard = line.recv(100)
                break
            except TimeoutError:
                line.sendall(b"a")

    assert heard.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("head", [b"", b"GET /lo", b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half: "])
def test_a_head_that_never_comes_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch, head: bytes) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)

    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(head)
        assert line.recv(100) == b""


def test_a_second_head_that_never_comes_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        heard = b""
        while not heard.endswith(b"}"):
            heard += line.recv(1000)
        monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
        line.sendall(b"GET /half")
        assert line.recv(100) == b""


def test_a_head_without_end_is_cut_off(port: int) -> None:
    heard = speak(port, b"GET /login HTTP/1.1\r\n" + (b"X-A: " + b"a" * 5000 + b"\r\n") * 20)

    assert heard[9:12] in (b"400", b"")
    assert b" 200 " in speak(port, b"GET /healthz HTTP/1.1\r\n" + HEAD + b"\r\n")


def test_a_body_that_is_larger_than_it_said_is_cut_off(port: int) -> None:
    head = HEAD + b"Sec-Fetch-Site: same-origin\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"

    heard = speak(port, b"POST /api/v1/session HTTP/1.1\r\n" + head, chunk * 40)

    assert heard[9:12] in (b"413", b"")
    assert b" 200 " in speak(port, b"GET /healthz HTTP/1.1\r\n" + HEAD + b"\r\n")


# --- a heartbeat ---


@pytest.mark.parametrize(
    "told",
    [{"devices": "x"}, {"devices": [1, None, {}]}, {"clock": "0001-01-01T00:00:00+14:00"},
    {"clock": "9999-12-31T23:59:59-14:00"},
     {"backlog": 2**70}, {"backlog": -1}, {"version": "\ud800"}, {"version": "\x00"}, {"oldest_age_seconds": 1e308},
     {"started_at": "x" * 3000}, {"devices": [{"name": "<script>", "state": 5, "error": "\x1b[2J"}] * 200},
     {"set_aside": []}],
)  # fmt: skip
def test_a_strange_heartbeat_breaks_no_page(house: Any, told: dict[str, Any]) -> None:
    answer = house.callers["gateway"].post(
        "/api/v1/gateways/gw-attack/health",
        content=json.dumps(told).encode(),
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code in (200, 413, 422)
    for path in (
        "/admin/gateways",
        "/admin/gateways/gw-attack",
        "/admin",
        "/api/v1/gateways",
        "/api/v1/gateways/gw-attack",
        "/metrics",
    ):
        assert house.callers["admin"].get(path).status_code == 200, path


def test_a_folder_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(CommandFailed, match=r"The folder .*inside cannot be made: Not a directory\. Make it, or set"):
        make_folder(tmp_path / "file" / "inside")
