"""Hostile words kept in every field, shown on every page; and what protects the visitor's browser."""

import json
import logging
import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from server.app.logs import JsonLines, TextLines
from server.auth import sessions, users
from server.auth.passwords import hash_password
from server.auth.users import NewUser
from server.settings import Settings
from server.settings.clock import utc_now
from server.web.page import safe_target

OURS = "Aurora Bikes"
#: Breaks out of text, of attributes in either kind of quotes, of a comment and of a script, and formulas of sheets.
EVIL = "=E\"'><script>alert(1)</script><img src=x onerror=alert(2)>--></title></textarea>{{7*7}}"
SHORT = "\"'><img src=x onerror=alert(3)>"
MARK = "onerror="
PHRASE = "correct horse battery"


@pytest.fixture(scope="module")
def house_url(sqlite_house_url: str) -> str:
    """Pages do not depend on the engine, so one is enough."""
    return sqlite_house_url


#: Pictures of packaging that the server has read and stored: by their hash, or within paper as nothing but their bytes.
OUR_PICTURE = re.compile(
    r"/(packaging-pictures|orders/[A-Z0-9-]+/pictures)/[0-9a-f]{64}|data:image/(png|jpeg);base64,[A-Za-z0-9+/]+={0,2}"
)


class Watchdog(HTMLParser):
    """Reads a page as a browser would, and notes whatever would run or load something of a stranger's."""

    def __init__(self) -> None:
        super().__init__()
        self.alarms: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "img" and OUR_PICTURE.fullmatch(given.get("src") or ""):
            del given["src"]
        elif tag == "script" and not str(given.get("src", "")).startswith("/static/"):
            self.alarms.append(f"script {given}")
        elif tag in ("img", "iframe", "object", "embed", "base") and not str(given.get("src", "")).startswith(
            "/static/"
        ):
            self.alarms.append(f"{tag} {given}")
        self.alarms += [f"{tag} {name}" for name in given if name.startswith("on") or name == "style"]
        self.alarms += [
            f"{tag} {name}={value}"
            for name, value in given.items()
            if name in ("href", "src", "action", "formaction") and re.match(r"(?i)\s*(javascript|data|//)", value or "")
        ]

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(scope="module")
def evil_house(house: Any) -> Any:
    """The house, with hostile words in every field that people and programs can write."""
    _poison(house)
    return house


def _poison(house: Any) -> None:
    values, admin = house.belongings[OURS].values, house.callers["admin"]

    def send(method: str, address: str, body: dict[str, Any]) -> Any:
        answer = admin.request(
            method, f"/api/v1{address}", json=body, headers={"If-Match": "*"} if method == "PATCH" else {}
        )
        assert answer.status_code in (200, 201), (address, answer.text)
        return answer.json()

    send("PATCH", "/site", {"name": EVIL})
    contacts = [{"name": EVIL, "role": SHORT, "email": "a@b.example"}]
    addresses = [{"kind": "delivery", "lines": EVIL, "city": EVIL, "postal_code": "90326", "country": "SE"}]
    send("PATCH", f"/customers/{values['customer']}",
         {"name": EVIL, "segment": SHORT, "special_instructions": EVIL, "contacts": contacts,
         "addresses": addresses})  # fmt: skip
    send("PATCH", "/work-centers/cut", {"name": SHORT})
    for station in ("cut", "pack"):
        send("PATCH", f"/stations/{station}", {"name": SHORT, "area": SHORT})
    send("PATCH", "/read-points/cut-1", {"name": SHORT})
    routing = [{"name": SHORT, "work_center": key, "run_minutes": 1, "instructions": EVIL} for key in ("cut", "pack")]
    product = {"sku": "EVIL-1", "name": EVIL, "packaging": EVIL, "description": EVIL, "routing": routing}
    answer = admin.post("/api/v1/products", json=product)
    if answer.status_code == 422:
        product.pop("description")
        answer = admin.post("/api/v1/products", json=product)
    assert answer.status_code == 201, answer.text
    order = send("POST", "/orders", {
        "customer": values["customer"], "customer_reference": SHORT, "special_instructions": EVIL,
        "lines": [{"product": "EVIL-1", "quantity": 2, "configuration": {SHORT: EVIL}, "packaging": EVIL}],
    })["number"]  # fmt: skip
    send("POST", f"/orders/{order}/confirm", {})
    send("POST", f"/orders/{order}/release", {})
    _work_on(house, order, send)
    values["evil"] = order
    quote = send("POST", "/quotes", {
        "customer": values["customer"], "customer_reference": SHORT, "note": EVIL,
        "lines": [{"product": "EVIL-1", "quantity": 2, "unit_price": 1, "configuration": {SHORT: EVIL}, "note": EVIL}],
    })["number"]  # fmt: skip
    send("POST", f"/quotes/{quote}/send", {})
    send("POST", f"/quotes/{quote}/messages", {"body": EVIL})
    send("POST", f"/quotes/{quote}/versions", {})
    send("PATCH", f"/quotes/{quote}", {"note": SHORT, "lines": [{"product": "EVIL-1", "quantity": 3, "unit_price": 2}]})
    values["evil_quote"] = quote
    send("PATCH", f"/shipments/{values['shipment']}", {"carrier": SHORT, "tracking_reference": SHORT})
    send("POST", "/users", {"login": "evil", "name": EVIL, "role": "sales", "badge": "66"})
    send("POST", "/devices", {"name": EVIL, "station": "cut"})
    send("POST", "/gateways", {"key": "gw-evil", "name": EVIL})
    send("POST", "/keys", {"name": EVIL, "scopes": ["orders:read"]})


def _work_on(house: Any, order: str, send: Any) -> None:
    with house.database.read() as session:
        found = text("SELECT number FROM unit WHERE order_id = (SELECT id FROM sales_order WHERE number = :order)")
        units = [row[0] for row in session.execute(found, {"order": order})]
    house.scan(units[0], "cut-1", reader=SHORT)
    for code in (EVIL, "\x1b[2J\x07\u202eevil", "'; DROP TABLE sales_order;--", "OL<script>"):
        house.scan(code, "cut-1", reader=SHORT, operator=SHORT)
    house.scan(units[0], SHORT)
    send("POST", f"/units/{units[1]}/hold", {"reason": EVIL})
    send("POST", f"/orders/{order}/hold", {"reason": EVIL})
    health = {"version": SHORT, "devices": [{"name": SHORT, "driver": SHORT, "state": SHORT, "error": EVIL}]}
    assert house.callers["gateway"].post("/api/v1/gateways/gw-attack/health", json=health).status_code == 200
    house.belongings[OURS].values["evil_unit"] = units[0]


def addresses_of(house: Any) -> list[str]:
    """Every page, for each thing that it can be about."""
    values = house.belongings[OURS].values
    fill = {"login": "evil", "sku": "EVIL-1", "prefix": "x", "gtin": "09506000134352", "serial": "%3Cscript%3E1"}
    found = ["/search?q=%3Cscript%3Ealert(1)%3C/script%3E", "/search?q=alert", "/admin/audit?actor=%22%3E%3Cscript%3E",
             "/orders?customer=%22%3E%3Cscript%3E", "/login?next=%22%3E%3Cscript%3E", "/orders?show=draft"]  # fmt: skip
    for door in house.endpoints:
        if door.method != "GET" or door.is_api or door.path in ("/live", "/metrics", "/openapi.json"):
            continue
        numbers = {
            values["evil"], *(values[key] for key in ("order", "customer", "work_order", "box", "evil_quote")),
        } if "number" in door.names else {""}  # fmt: skip
        for number in sorted(numbers):
            unit = values["evil_unit" if number == values["evil"] else "unit"]
            keys = {"key": "gw-attack" if "gateways" in door.path else "cut-1" if "read-points" in door.path else "cut"}
            found += [
                door.at({**fill, **keys, "version": "1", "number": number, "unit": unit, "entry_id": str(entry)})
                for entry in (range(1, 7) if "entry_id" in door.names else (1,))
            ]
    return found


@pytest.mark.parametrize("who", ["admin", f"customer of {OURS}", f"visit of {OURS}", "screen"])
def test_hostile_words_are_only_words_on_every_page(evil_house: Any, who: str) -> None:
    alarms, shown = [], 0
    for address in addresses_of(evil_house):
        answer = evil_house.callers[who].get(address, headers={"Accept": "text/html"})
        assert answer.status_code < 500, address
        dog = Watchdog()
        dog.feed(answer.text)
        shown += MARK in dog.words
        alarms += [(address, alarm) for alarm in dog.alarms]
        if "<script>alert" in answer.text or "\x1b" in answer.text or "\u202e" in answer.text:
            alarms.append((address, "raw"))

    assert not alarms, "\n".join(map(str, alarms))
    assert shown >= {"admin": 25, "screen": 2}.get(who, 1)


def test_hostile_words_are_only_words_in_live_fragments(evil_house: Any) -> None:
    values = evil_house.belongings[OURS].values
    render = evil_house.app.state.hub._render
    audiences = ("staff", "station", f"customer:{values['customer_id']}")
    drawn = [
        (topic, audience, render(topic, "en", audience))
        for topic in (
            f"order:{values['evil']}",
            f"order:{values['order']}",
            f"quote:{values['evil_quote']}",
            "station:cut",
            "station:pack",
            "board",
        )
        for audience in audiences
    ]
    texts = [(topic, audience, fragment.html) for topic, audience, fragment in drawn if fragment is not None]

    assert len(texts) >= 7
    for topic, audience, html in texts:
        dog = Watchdog()
        dog.feed(html)
        assert not dog.alarms, (topic, audience, dog.alarms)
        assert "<script>alert" not in html
        assert "\x1b" not in html
        assert "\u202e" not in html


def test_drawings_of_codes_hold_no_markup_of_their_own(evil_house: Any) -> None:
    values, admin = evil_house.belongings[OURS].values, evil_house.callers["admin"]
    for path in (
        f"/work-orders/{values['work_order']}/traveller",
        f"/handling-units/{values['box']}/label",
        "/print/cards",
    ):
        page = admin.get(path).text
        assert "<svg" in page
        assert "<?xml" not in page
        assert "<!ENTITY" not in page


def test_a_log_line_is_one_line_whatever_a_stranger_sends(evil_house: Any) -> None:
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.extend(form.format(record) for form in (JsonLines(), TextLines()))

    handler = Keep()
    logger = logging.getLogger("server")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        stranger, admin = evil_house.callers["stranger"], evil_house.callers["admin"]
        stranger.get(
            "/orders/%0d%0aINFO%20forged%1b[2J", headers={"X-Request-ID": "a\x1b[2J", "User-Agent": "x\x1b[31m"}
        )
        stranger.request("EVIL\x1b", "/orders")
        stranger.post("/api/v1/session", json={"login": "a\x1b[2J\r\nforged", "password": "hunter2-secret"})
        admin.patch("/api/v1/site", json={"name": "\x1b[2J\r\n"}, headers={"If-Match": "*"})
        admin.get("/track/abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)

    assert lines
    for line in lines:
        assert "\n" not in line
        assert line.isprintable(), ascii(line)
        assert "hunter2" not in line
        assert "abcdefghijklmnopqrstuvwxyz" not in line
    assert all(json.loads(line) for line in lines[::2])


# --- the browser's protections ---


EVERYWHERE = {
    "x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
}  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/login", 200), ("GET", "/nowhere", 404), ("GET", "/static/css/pages.css", 200),
        ("GET", "/static/nothing.css", 404), ("GET", "/static/../app/create.py", 404), ("GET", "/orders", 401),
        ("GET", "/api/v1/orders", 401), ("PUT", "/login", 405), ("POST", "/api/v1/session", 422), ("GET", "/healthz",
        200),
        ("GET", "/live", 422), ("GET", "/openapi.json", 200), ("GET", "/static/%2e%2e/%2e%2e/app/create.py", 404),
        ("GET", "/static/..%2fapp%2fcreate.py", 404), ("GET", "/static//etc/passwd", 404), ("GET", "/static/%00", 404),
    ],
)  # fmt: skip
def test_every_answer_carries_the_headers_that_protect(house: Any, method: str, path: str, status: int) -> None:
    answer = house.callers["stranger"].request(method, path)

    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"]


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
        "/\n/evil.example",
        "/\r//evil.example", "javascript:alert(1)", " //evil.example", "/%09/evil.example\x00", "/\x00/evil.example",
        "///evil.example", "/\t/[x", "//[", "", "http:evil.example", "/a\\b", "\u2044/evil.example",
    ],
)  # fmt: skip
def test_a_sign_in_never_leads_to_another_host(house: Any, target: str) -> None:
    admin, stranger = house.callers["admin"], house.callers["stranger"]

    assert safe_target(target, "/home") in ("/home", "/%09/evil.example")
    led = admin.get("/login", params={"next": target})
    assert led.status_code == 303
    assert re.match(r"/(?![/\\\t])", led.headers["location"])
    door = stranger.get("/login", params={"next": target})
    assert door.status_code == 200
    assert "evil.example" not in door.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "x"},
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "https://127.0.0.1:8000"}, {"Origin": "http://[::1"}, {"Origin": "http://127.0.0.1.evil.example:8000"},
        {"Origin": "http://127.0.0.1:8000@evil.example"}, {},
    ],
)  # fmt: skip
def test_a_form_of_another_site_changes_nothing(house: Any, headers: dict[str, str]) -> None:
    admin = house.client()
    admin.cookies.update(house.callers["admin"].cookies)
    del admin.headers["Sec-Fetch-Site"]
    before = house.count("audit")

    answers = [
        admin.request(method, path, headers=headers)
        for method, path in (("POST", "/logout"), ("POST", "/admin/users/planner/active"), ("DELETE",
        "/api/v1/session"),
                             ("POST", "/orders/SO-1000/hold"), ("PATCH", "/api/v1/site"), ("POST", "/login"))
    ]  # fmt: skip

    assert {answer.status_code for answer in answers} == {403}
    assert {answer.json()["reason"] for answer in answers} == {"cross_site"}
    assert house.count("audit") == before


def person(house: Any, login: str) -> httpx.Client:
    """Somebody with a password, signed in by the form."""
    house.database.write(
        lambda session: users.add_user(
            session, NewUser(login=login, name=login, role="sales", password_hash=hash_password(PHRASE)),
            actor="test", now=utc_now(),
        )
    )  # fmt: skip
    browser: httpx.Client = house.client()
    answer = browser.post("/login", data={"login": login, "password": PHRASE})
    assert answer.status_code == 303, answer.text
    return browser


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(house: Any) -> None:
    browser = house.client()
    person(house, "cookie")
    answer = browser.post("/login", data={"login": "cookie", "password": PHRASE})
    visit = house.client().post(f"/track/{house.belongings[OURS].values['token']}")

    for cookie in (answer.headers["set-cookie"], visit.headers["set-cookie"]):
        flags = {part.strip().lower().partition("=")[0] for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite", "path", "max-age"} <= flags
        assert "samesite=lax" in cookie.lower()
        assert "domain" not in flags
    https = Settings.load({"ORDERLIGHT_PUBLIC_URL": "https://orders.example", "ORDERLIGHT_DATA_DIR": "."})
    assert https.cookie("sid") == "__Host-sid"
    assert https.https


def test_wrong_passwords_are_slowed_down_and_all_told_the_same(house: Any) -> None:
    person(house, "guessed")
    browser = house.client()

    tries = [browser.post("/api/v1/session", json={"login": "guessed", "password": f"wrong {n}"}) for n in range(6)]
    nobody = browser.post("/api/v1/session", json={"login": "nobody-at-all", "password": "wrong"})

    assert [answer.status_code for answer in tries] == [401] * 5 + [429]
    assert 1 <= int(tries[-1].headers["Retry-After"]) <= 60
    assert nobody.content == tries[0].content
    page = browser.post("/login", data={"login": "guessed", "password": "wrong"})
    assert page.status_code == 429
    assert "seconds" in page.text


def test_a_changed_password_signs_the_other_browsers_out_at_once(house: Any) -> None:
    here = person(house, "changing")
    there = house.client()
    there.post("/login", data={"login": "changing", "password": PHRASE})
    assert there.get("/api/v1/session").status_code == 200

    changed = here.post("/api/v1/password", json={"current": PHRASE, "new": "another long phrase"})

    assert changed.status_code == 204
    assert here.get("/api/v1/session").status_code == 200
    assert there.get("/api/v1/session").status_code == 401


def test_a_person_who_is_switched_off_is_out_at_once(house: Any) -> None:
    browser = person(house, "leaving")
    assert browser.get("/api/v1/orders").status_code == 200

    off = house.callers["admin"].patch("/api/v1/users/leaving", json={"active": False}, headers={"If-Match": "*"})

    assert off.status_code == 200
    assert browser.get("/api/v1/orders").status_code == 401
    assert browser.get("/live?t=board").status_code == 401
    again = browser.post("/api/v1/session", json={"login": "leaving", "password": PHRASE})
    assert (again.status_code, again.json()["reason"]) == (401, "wrong_password")


def test_a_role_that_was_taken_away_opens_nothing_more(house: Any) -> None:
    browser = person(house, "demoted")
    assert browser.get("/api/v1/customers").status_code == 200

    house.callers["admin"].patch("/api/v1/users/demoted", json={"role": "operator"}, headers={"If-Match": "*"})

    assert browser.get("/api/v1/customers").status_code == 403


def test_who_must_change_his_password_watches_nothing_before(house: Any) -> None:
    now = utc_now()

    def work(session: Any) -> str:
        user = users.add_user(session, NewUser(login="new", name="new", role="sales"), actor="test", now=now)
        user.must_change_password = True
        return sessions.open_session(session, user.id, now=now, days=1)

    browser = house.client()
    browser.cookies.set(house.settings.cookie("sid"), house.database.write(work))

    assert browser.get("/api/v1/orders").json()["reason"] == "password_change_needed"
    assert browser.get("/live", params={"t": "customer:C-999999 "}).status_code == 422
    assert browser.get("/live", params={"t": "order:SO-1001"}).json()["reason"] == "password_change_needed"


@pytest.mark.parametrize(
    "cookie",
    [
        "flash=" + "W" * 3000, "flash=W1siemVicmEiLCJ4Il1d", "flash=e30=", "flash=bnVsbA==",
        "flash=W1siXHVkODAwIiwiXHVkODAwIl1d",
        "flash=%ff%fe", "sid=\x7f\x01", "sid=" + "x" * 6000, "lang=../../etc", "lang=%00", "=;;=;a",
        "device=x; visit=y; sid=z",
    ],
)  # fmt: skip
def test_a_mangled_cookie_is_no_cookie(house: Any, cookie: str) -> None:
    answer = house.client().get("/login", headers={"Cookie": cookie, "Accept": "text/html"})

    assert answer.status_code == 200
