"""Random nonsense at every door and form, from a fixed seed: whatever comes, the answer is never a 5xx."""

import copy
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

SEED = 20_261_122
#: How often each door is tried; more takes longer and finds little more.
ROUNDS_API = 6
ROUNDS_PAGE = 3
ROUNDS_FORM = 3

TEXTS = (
    "", " ", "\x00", "a\x00b", "\u202eSO-1000", "\ufeff", "'; DROP TABLE sales_order;--", "' OR 1=1 --", "%%%%", "%_\\",
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "{{7*7}}", "{%s}%n", "../../../etc/passwd", "..%2f",
    "A" * 300, "A" * 10_000, "\U0001f600" * 200, "\x1b[2J\x07", "a\r\nSet-Cookie: x=y", "=HYPERLINK(1)", "-1", "0",
    "1e999",
    "NaN", "Infinity", "-0.0", "1e-400", str(2**31), str(2**63), str(2**64), "9" * 5000, "0001-01-01", "9999-12-31",
    "2026-02-30", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "null", "true", "\u0661\u0662", "1_000",
    "\u00b2",
    "\u0130", "\uffff", "SO-1000", "U-1000", "C-100", "cut", "FRAME-CITY", "on", "EUR", "de", "Europe/Berlin", "1",
    "2.5",
)  # fmt: skip
#: What JSON can say and text cannot.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**400, 1e308, float("nan"), float("inf"), 0.1,
    "\ud800", "x\udfffy", [], {}, [[]], [{}], [None], {"a": 1}, {"": ""}, ["x"] * 300,
)  # fmt: skip
BODIES = (
    b"", b"null", b"[]", b"{}", b'"x"', b"1", b"NaN", b"{", b"\xff\xfe", b"\xef\xbb\xbf{}", b"[" * 100_000,
    b'{"a":' * 3000, b'{"number":"1","number":"2"}', b"9" * 5000, b'{"a":"\\ud800"}',
    b"<?xml version='1.0'?><!DOCTYPE x>",
)  # fmt: skip
TYPES = (
    "application/json", "text/plain", "text/csv", "application/x-www-form-urlencoded", "multipart/form-data",
    "multipart/form-data; boundary=x", "multipart/form-data; boundary=x; charset=nonsense", "application/xml", "",
    ";;;",
    "application/json; charset=utf-16",
)  # fmt: skip
HEADERS = (
    {"If-Match": '"1"'}, {"If-Match": "*"}, {"If-Match": "W/x"}, {"If-Match": '"99999999999"'},
    {"If-Match": b"\xff\xfe"},
    {"Idempotency-Key": "a"}, {"Idempotency-Key": "x" * 5000}, {"Idempotency-Key": b"\xe9"},
    {"Accept-Language": "@,;q=9,zh-"},
    {"Accept-Language": "a" * 5000}, {"Cookie": "lang=\x7f; flash=" + "W" * 40}, {"Host": "["}, {"Origin": "http://[::1"},
    {"Accept": "text/html"}, {"Accept": "\x7f"}, {"Content-Length": "5"}, {"Range": "bytes=0-0,-1"},
    {"X-Request-ID": "a b"},
)  # fmt: skip


@dataclass
class Fuzzer:
    """Sends what the dice say, and notes every answer that it must not get."""

    house: Any
    dice: random.Random
    schema: Mapping[str, Any]
    faults: list[str] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    caller: Any = None

    def send(self, method: str, address: str, **more: Any) -> httpx.Response | None:
        """One request; a 5xx, or an answer that says nothing, is a fault."""
        caller = self.caller or self.house.callers["admin"]
        try:
            request = caller.build_request(method, address, **more)
        except (httpx.InvalidURL, UnicodeError, ValueError):
            return None
        answer: httpx.Response = caller.send(request)
        self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
        if answer.status_code >= 500:
            body = str(more.get("content") or more.get("files") or "")[:300]
            self.faults.append(f"{answer.status_code} {method} {address[:200]} {more.get('headers')} {body}")
        return answer

    # --- values ---

    def word(self) -> str:
        return self.dice.choice(TEXTS)

    def path(self, endpoint: Any) -> str:
        known = self.house.belongings["Aurora Bikes"].values
        good = {
            "number": self.dice.choice(list(known.values())[:6]), "key": "cut", "sku": "FRAME-CITY", "login": "planner",
            "unit": known["unit"], "reference": known["unit"], "entry_id": "1", "device_id": "1", "link_id": "1",
            "prefix": "abcd2345", "action": "hold", "kind": "orders", "gtin": "09506000134352", "serial": "1",
        }  # fmt: skip
        values = {
            name: good.get(name, "x") if self.dice.random() < 0.7 else quote(self.word()[:3000], safe="")
            for name in endpoint.names
        }
        return str(endpoint.at(values))

    def query(self, endpoint: Any) -> str:
        if not endpoint.query or self.dice.random() < 0.3:
            return ""
        pairs = [(name, self.word()[:2000]) for name in endpoint.query if self.dice.random() < 0.6]
        return "?" + urlencode(pairs, errors="surrogatepass")

    def json_value(self, schema: Mapping[str, Any], depth: int = 0) -> Any:
        """Something of about this shape; now and then something else."""
        if self.dice.random() < 0.12:
            return self.dice.choice((*VALUES, self.word()))
        while "$ref" in schema:
            schema = self.schema["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if "anyOf" in schema:
            return self.json_value(self.dice.choice(schema["anyOf"]), depth + 1)
        if "enum" in schema:
            return self.dice.choice(schema["enum"])
        kind = schema.get("type")
        if kind == "object" or "properties" in schema:
            needed = schema.get("required", ())
            found = {
                name: self.json_value(inner, depth + 1)
                for name, inner in schema.get("properties", {}).items()
                if depth < 6 and (name in needed or self.dice.random() < 0.5)
            }
            return found or {"a": "b"}
        if kind == "array":
            return [self.json_value(schema.get("items", {}), depth + 1) for _ in range(self.dice.randint(0, 3))]
        if kind in ("integer", "number"):
            return self.dice.choice((0, 1, 2, 5, 1.5, 10**9))
        if kind == "boolean":
            return self.dice.random() < 0.5
        return self.dice.choice(
            ("cut", "SO-1000", "C-100", "FRAME-CITY", "U-1000", "HU-1000", "x", "2027-01-01", "EUR", self.word())
        )

    def body(self, endpoint: Any) -> dict[str, Any]:
        if endpoint.method in ("GET", "DELETE"):
            return {}
        if self.dice.random() < 0.15:
            return {"content": self.dice.choice(BODIES), "headers": {"Content-Type": self.dice.choice(TYPES)}}
        described = self.schema["paths"].get(endpoint.path.replace(":path", ""), {}).get(endpoint.method.lower(), {})
        content = described.get("requestBody", {}).get("content", {})
        shape = content.get("application/json", {}).get("schema") or {}
        value = (
            self.json_value(shape) if shape else {"gateway": "web-x", "epoch": "0" * 16, "events": [{"sequence": 1}]}
        )
        return {"content": json.dumps(value).encode(), "headers": {"Content-Type": "application/json"}}


@pytest.fixture
def fuzzer(house: Any) -> Fuzzer:
    return Fuzzer(house, random.Random(SEED), copy.deepcopy(house.app.openapi()))


def test_no_nonsense_breaks_a_door_of_the_programming_interface(fuzzer: Fuzzer) -> None:
    # Gateways first, before somebody retires theirs.
    for endpoint in sorted(fuzzer.house.endpoints, key=lambda door: door.right != "events:write"):
        if not endpoint.is_api or endpoint.path == "/api/v1/session":
            continue
        if endpoint.right == "events:write":
            fuzzer.caller = fuzzer.house.callers["gateway"]
        for _ in range(ROUNDS_API):
            sent = fuzzer.body(endpoint)
            headers = sent.pop("headers", {}) | (fuzzer.dice.choice(HEADERS) if fuzzer.dice.random() < 0.3 else {})
            if endpoint.method == "PATCH":
                headers.setdefault("If-Match", "*")
            fuzzer.send(endpoint.method, fuzzer.path(endpoint) + fuzzer.query(endpoint), headers=headers, **sent)
        fuzzer.caller = None

    assert not fuzzer.faults, "\n".join(fuzzer.faults)
    assert fuzzer.house.count("sales_order") >= 12
    assert fuzzer.house.callers["admin"].get("/api/v1/users").status_code == 200


def test_no_nonsense_breaks_a_page(fuzzer: Fuzzer) -> None:
    pages = [one for one in fuzzer.house.endpoints if one.method == "GET" and not one.is_api and one.path != "/live"]
    for caller in ("admin", "customer of Aurora Bikes", "visit of Aurora Bikes", "screen", "stranger"):
        fuzzer.caller = fuzzer.house.callers[caller]
        for endpoint in pages:
            for _ in range(ROUNDS_PAGE if caller == "admin" else 1):
                address = fuzzer.path(endpoint) + fuzzer.query(endpoint)
                headers = fuzzer.dice.choice(HEADERS) if fuzzer.dice.random() < 0.4 else {"Accept": "text/html"}
                fuzzer.send("GET", address, headers=headers)

    assert not fuzzer.faults, "\n".join(fuzzer.faults)


class Forms(HTMLParser):
    """The forms of a page: where they lead, and their fields with what stands in them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self._open = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method", "get").lower() == "post":
            self.found.append((given.get("action", ""), {}))
            self._open = True
        elif self._open and tag in ("input", "textarea", "button") and given.get("name"):
            self.found[-1][1][given["name"]] = given.get("value", "x")
        elif self._open and tag == "select":
            self._select = given.get("name", "")
        elif self._open and tag == "option" and self._select and (given.get("value") or "selected" in given):
            self.found[-1][1].setdefault(self._select, given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


def forms_of(house: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """Every form that an administrator finds, by walking through all pages."""
    known = house.belongings["Aurora Bikes"].values
    fill = {"sku": "FRAME-CITY", "key": "cut", "login": "planner", "entry_id": "1", **known, "number": known["order"]}
    seen = set()
    for endpoint in house.endpoints:
        if endpoint.method != "GET" or endpoint.is_api or endpoint.path == "/live":
            continue
        for number in (known["order"], known["customer"]):
            address = endpoint.at(
                {**fill, "number": number, "key": "gw-attack" if "gateways" in endpoint.path else "cut"}
            )
            answer = house.callers["admin"].get(address, headers={"Accept": "text/html"})
            parser = Forms()
            parser.feed(answer.text)
            for action, fields in parser.found:
                where = action or address
                if (where, tuple(fields)) not in seen:
                    seen.add((where, tuple(fields)))
                    yield where, fields


def test_no_nonsense_breaks_a_form(fuzzer: Fuzzer) -> None:
    fuzzer.house.scan("no such code", "cut-1")
    forms = [form for form in forms_of(fuzzer.house) if not form[0].startswith(("/logout", "/password"))]
    assert len(forms) > 20
    for where, fields in [*forms, ("/login", {"login": "a", "password": "b", "next": "/"}), ("/pair", {"code": "x"})]:
        for _ in range(ROUNDS_FORM):
            sent = dict(fields)
            for name in fuzzer.dice.sample(sorted(sent), min(len(sent), fuzzer.dice.randint(0, 3))):
                sent[name] = fuzzer.word()
            if fuzzer.dice.random() < 0.1:
                sent[fuzzer.word()[:40]] = "x"
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
            content = urlencode(sent, errors="surrogatepass").encode()
            if fuzzer.dice.random() < 0.1:
                headers["Content-Type"], content = fuzzer.dice.choice(TYPES), fuzzer.dice.choice(BODIES)
            fuzzer.send("POST", where, headers=headers, content=content)

    assert not fuzzer.faults, "\n".join(fuzzer.faults)
    assert fuzzer.house.callers["admin"].get("/admin/users").status_code == 200
    assert fuzzer.statuses.get(303, 0) > 20
