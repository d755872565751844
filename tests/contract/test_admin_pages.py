"""Pages of administration and set-up over HTTP: who may open them, what they store, and faults beside their fields."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from orderlight.events import Answer, Batch, Event
from server.auth.models import ApiKey, Device, User
from server.catalog.models import Product
from server.db import Database
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit
from server.ingest.accept import accept
from server.ingest.door import Door
from server.journal.models import Audit, Gateway, Quarantine
from server.parties.models import Customer, Site
from server.settings.clock import utc_now

HTML = {"Accept": "text/html"}
SignedIn = Callable[..., httpx.Client]

ADMIN_ALONE = ("/admin/users", "/admin/keys", "/admin/devices", "/admin/audit", "/admin/site", "/admin/gateways/new")
DECIDERS = ("/admin", "/admin/gateways", "/admin/inbox", "/admin/tags")


@pytest.fixture
def admin(signed_in: SignedIn) -> httpx.Client:
    """The browser of an administrator."""
    browser = signed_in("admin")
    browser.headers.update(HTML)
    return browser


@pytest.fixture
def sqlite_template(request: pytest.FixtureRequest, sqlite_template: Path) -> Path:
    """The demo factory for a test that asks for it, an empty house for the others."""
    return request.getfixturevalue("seeded_sqlite")[0] if "demo" in request.fixturenames else sqlite_template


@pytest.fixture
def postgres_template(request: pytest.FixtureRequest, postgres_template: str) -> str:
    """The same on PostgreSQL."""
    return request.getfixturevalue("seeded_postgres")[0] if "demo" in request.fixturenames else postgres_template


@pytest.fixture
def demo(database: Database) -> Database:
    """The database, which holds the demo factory."""
    return database


def scan(database: Database, code: str, at: str, *, sequence: int = 1) -> Answer:
    now = utc_now()
    told = {"sequence": sequence, "kind": "code_scanned", "code": code, "read_point": at, "reader": "scanner-1"}
    event = Event.parse({**told, "observed_at": (now - timedelta(seconds=5)).isoformat()})
    batch = Batch("gw-test", "00000000000000aa", (event,), ())
    door = Door(actor="gateway:gw-test", guards_against_clones=False)
    return database.write(lambda session: accept(session, batch, door=door, now=now)).results[0]


def one(database: Database, statement: Any) -> Any:
    with database.read() as session:
        return session.scalars(statement).one()


def fault_at(page: httpx.Response, field: str) -> str:
    found = re.search(rf'id="fault-{re.escape(field)}">.*?<span>(.*?)</span>', page.text, re.S)
    assert found is not None, f"no fault at {field}"
    return unescape(found[1])


def shown_once(page: httpx.Response) -> str:
    found = re.search(r'id="new-(?:key|link)" class="code" readonly value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


# --- who may open what ---


@pytest.mark.parametrize("path", [*ADMIN_ALONE, *DECIDERS, "/setup", "/setup/products", "/import"])
def test_a_stranger_is_led_to_the_door(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers=HTML)

    assert (answer.status_code, answer.headers["location"][:7]) == (303, "/login?")


@pytest.mark.parametrize(
    ("role", "admins", "decides", "plans", "sells"),
    [
        ("operator", False, False, False, False),
        ("sales", False, False, False, True),
        ("planner", False, True, True, False),
        ("manager", False, True, True, True),
        ("admin", True, True, True, True),
    ],
)
def test_each_role_opens_its_rooms_alone(
    signed_in: SignedIn, role: str, admins: bool, decides: bool, plans: bool, sells: bool
) -> None:
    browser = signed_in(role)

    def opens(path: str) -> bool:
        answer = browser.get(path, headers=HTML)
        assert answer.status_code in (200, 403), path
        return answer.status_code == 200

    assert {opens(path) for path in ADMIN_ALONE} == {admins}
    assert {opens(path) for path in DECIDERS} == {decides}
    assert {opens(path) for path in ("/setup/products/new", "/setup/stations/new")} == {plans}
    assert opens("/customers/new") is sells
    assert opens("/setup")


def test_a_customer_sees_neither_room(signed_in: SignedIn, demo: Database) -> None:
    browser = signed_in("customer", customer_id=one(demo, select(Customer.id).limit(1)))

    for path in (*ADMIN_ALONE, *DECIDERS, "/setup", "/customers", "/import", "/setup/orders/new"):
        assert browser.get(path, headers=HTML).status_code == 403, path


# --- gateways and their keys ---


def test_a_gateway_gets_a_key_that_opens_its_door_until_it_is_revoked(
    admin: httpx.Client, client: httpx.Client, database: Database
) -> None:
    made = admin.post("/admin/gateways/new", data={"key": "gw-saw", "name": "Saw"})
    key = shown_once(made)
    beat = {"version": "9.9", "backlog": 3, "oldest_age_seconds": 1.5, "devices": [], "set_aside": 0}

    def speak() -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return client.post("/api/v1/gateways/gw-saw/health", json=beat, headers=headers).status_code

    assert made.headers["cache-control"] == "no-store"
    assert speak() == 200
    assert "version 9.9" in admin.get("/admin/gateways").text
    page = admin.get("/admin/gateways/gw-saw")
    assert key not in page.text

    prefix = one(database, select(ApiKey.prefix).where(ApiKey.gateway == "gw-saw"))
    revoked = admin.post(f"/admin/gateways/gw-saw/keys/{prefix}/revoke")
    assert revoked.status_code == 303
    assert speak() == 401


def test_a_gateway_that_is_refused_is_trouble_and_says_why(admin: httpx.Client, client: httpx.Client) -> None:
    key = shown_once(admin.post("/admin/gateways/new", data={"key": "gw-saw", "name": "Saw"}))
    beat = {"version": "9.9", "devices": [], "refused": "Server sees this gateway twice. Stop the copy."}
    headers = {"Authorization": f"Bearer {key}"}

    assert client.post("/api/v1/gateways/gw-saw/health", json=beat, headers=headers).status_code == 200

    assert "Saw cannot deliver: Server sees this gateway twice. Stop the copy." in admin.get("/admin").text


def test_two_devices_of_one_name_are_told_to_both_and_to_the_administrator(
    admin: httpx.Client, client: httpx.Client
) -> None:
    key = shown_once(admin.post("/admin/gateways/new", data={"key": "gw-saw", "name": "Saw"}))
    headers = {"Authorization": f"Bearer {key}"}
    original = {"version": "9.9", "devices": [], "started_at": "2026-11-27T06:00:00.000Z", "refused": "Two programs."}
    copy = {"version": "9.9", "devices": [], "started_at": "2026-11-27T07:00:00.000Z", "lives": [{"at": "forged"}]}

    answers = [
        client.post("/api/v1/gateways/gw-saw/health", json=beat, headers=headers).json()["notice"]
        for beat in (original, copy, original, copy)
    ]

    assert answers[:2] == [None, None]
    assert all(str(notice).startswith("2 devices speak as gw-saw, from ") for notice in answers[2:])
    assert "2 devices speak as Saw, from" in admin.get("/admin").text
    page = admin.get("/admin/gateways/gw-saw").text
    assert "Devices of this name" in page
    # The copy spoke last and is taken in; why the original is not stays on the page.
    assert all(shown in page for shown in ("2026-11-27T06:00:00.000Z", "2026-11-27T07:00:00.000Z", "Two programs."))


def test_a_third_live_key_is_refused_in_words(admin: httpx.Client) -> None:
    admin.post("/admin/gateways/new", data={"key": "gw-saw"})
    assert shown_once(admin.post("/admin/gateways/gw-saw/keys"))

    third = admin.post("/admin/gateways/gw-saw/keys")

    assert third.status_code == 303
    assert "two live keys" in admin.get("/admin/gateways/gw-saw").text


def test_a_wrong_or_taken_name_is_said_beside_the_field_and_what_was_typed_stays(admin: httpx.Client) -> None:
    admin.post("/admin/gateways/new", data={"key": "gw-saw"})

    wrong = admin.post("/admin/gateways/new", data={"key": "Säge <1>", "name": "The saw"})
    taken = admin.post("/admin/gateways/new", data={"key": "gw-saw", "name": "The saw"})

    assert wrong.status_code == 422
    assert "small letters" in fault_at(wrong, "key")
    assert 'value="Säge &lt;1&gt;"' in wrong.text
    assert 'value="The saw"' in wrong.text
    assert taken.status_code == 409
    assert "taken" in fault_at(taken, "key")


def test_a_gateway_that_stops_speaking_turns_silent_within_a_minute(admin: httpx.Client, database: Database) -> None:
    admin.post("/admin/gateways/new", data={"key": "gw-saw", "name": "The saw"})

    def seen(seconds: int) -> str:
        at = utc_now() - timedelta(seconds=seconds)
        database.write(lambda session: session.execute(update(Gateway).values(last_seen_at=at, health={})))
        return admin.get("/admin/gateways").text

    assert "Never spoke yet" in admin.get("/admin/gateways").text
    assert "Working" in seen(5)
    assert "Silent" in seen(60)
    assert "The saw is silent" in admin.get("/admin").text


def test_a_strange_heartbeat_breaks_no_page(admin: httpx.Client, database: Database) -> None:
    admin.post("/admin/gateways/new", data={"key": "gw-saw"})
    strange = {
        "backlog": 10**40, "oldest_age_seconds": "old", "set_aside": True, "version": "<script>1</script>",
        "devices": [7, {"name": "<b>x</b>", "state": "lost", "reads": "many", "since": "never", "last_read_at": 5}],
    }  # fmt: skip
    database.write(lambda session: session.execute(update(Gateway).values(last_seen_at=utc_now(), health=strange)))

    for path in ("/admin", "/admin/gateways", "/admin/gateways/gw-saw"):
        page = admin.get(path)
        assert page.status_code == 200, path
        assert "<b>x</b>" not in page.text
        assert "<script>1" not in page.text


def test_the_page_of_a_gateway_shows_its_last_raw_reads(admin: httpx.Client, demo: Database) -> None:
    admin.post("/admin/gateways/new", data={"key": "gw-test"})
    scan(demo, "]C1<script>\x1dx", "cut-1")

    page = admin.get("/admin/gateways/gw-test").text

    assert "]C1&lt;script&gt;&lt;GS&gt;x" in page
    assert "in the inbox" in page


# --- the inbox ---


def test_an_unknown_code_is_bound_to_its_unit_and_the_order_moves(admin: httpx.Client, demo: Database) -> None:
    assert scan(demo, "STRAY-1", "cut-1").status == "quarantined"
    entry = one(demo, select(Quarantine))
    unit = one(demo, select(Unit).order_by(Unit.id).limit(1))

    found = admin.get(f"/admin/inbox/{entry.id}?q={unit.number}")
    done = admin.post(f"/admin/inbox/{entry.id}/resolve", data={"unit": unit.number})
    again = admin.post(f"/admin/inbox/{entry.id}/resolve", data={"unit": unit.number})

    assert f'name="unit" value="{unit.number}"' in found.text
    assert done.status_code == 303
    shown = admin.get(done.headers["location"]).text
    assert "Cut done" in shown
    assert unit.number in shown
    assert one(demo, select(Unit).where(Unit.id == unit.id)).last_seen_at is not None
    assert again.status_code == 409
    assert "already" in again.text


def test_an_unknown_read_point_is_created_from_the_inbox(admin: httpx.Client, demo: Database) -> None:
    number = one(demo, select(Unit.number).order_by(Unit.id).limit(1))
    assert scan(demo, number, "saw-9").reason == "unknown_read_point"
    entry = one(demo, select(Quarantine))
    address = f"/admin/inbox/{entry.id}/read-point"

    wrong = admin.post(address, data={"name": "Saw 9", "station": "", "context": "sideways"})
    done = admin.post(address, data={"name": "Saw 9", "station": "cut", "context": "end"})

    assert wrong.status_code == 422
    assert fault_at(wrong, "station") == "Fill this in."
    assert fault_at(wrong, "context") == "Choose one of the list."
    assert done.status_code == 303
    assert scan(demo, number, "saw-9", sequence=2).reason == "already_done"


def test_a_read_is_discarded_with_a_reason_and_stays_visible(admin: httpx.Client, demo: Database) -> None:
    scan(demo, "STRAY-1", "cut-1")
    entry = one(demo, select(Quarantine))

    without = admin.post(f"/admin/inbox/{entry.id}/discard", data={"reason": " "})
    done = admin.post(f"/admin/inbox/{entry.id}/discard", data={"reason": "Label of a supplier"})

    assert without.status_code == 422
    assert fault_at(without, "reason") == "Fill this in."
    assert done.headers["location"] == "/admin/inbox"
    assert "STRAY-1" in admin.get("/admin/inbox?show=discarded").text
    assert "Label of a supplier" in admin.get(f"/admin/inbox/{entry.id}").text


def test_a_unit_that_is_not_there_is_said_on_the_entry(admin: httpx.Client, demo: Database) -> None:
    scan(demo, "STRAY-1", "cut-1")
    entry = one(demo, select(Quarantine))

    answer = admin.post(f"/admin/inbox/{entry.id}/resolve", data={"unit": "U-99999"})

    assert answer.status_code == 422
    assert "There is no unit U-99999" in answer.text
    assert admin.get("/admin/inbox/4711").status_code == 404


# --- people ---


def test_a_person_gets_a_link_and_sets_a_password_by_it(
    admin: httpx.Client, client: httpx.Client, database: Database
) -> None:
    data = {"login": "mei", "name": "Mei", "role": "planner", "badge": "21", "language": "en", "link": "1"}
    link = shown_once(admin.post("/admin/users/new", data=data))
    path = "/" + link.split("/", 3)[3]
    words = {"password": "a calm lamp at night", "repeat": "a calm lamp at night"}

    assert client.get(path, headers=HTML).status_code == 200
    assert client.post(path, data=words, headers=HTML).status_code == 303
    assert client.post("/login", data={"login": "mei", "password": words["password"]}).status_code == 303
    assert one(database, select(User).where(User.login == "mei")).badge == "21"


def test_a_taken_badge_and_a_customer_that_is_missing_are_said_beside_their_fields(admin: httpx.Client) -> None:
    admin.post("/admin/users/new", data={"login": "piotr", "name": "Piotr", "role": "operator", "badge": "17"})

    taken = admin.post("/admin/users/new", data={"login": "jan", "name": "Jan", "role": "operator", "badge": "17"})
    nobody = admin.post("/admin/users/new", data={"login": "kim", "name": "Kim", "role": "customer", "customer": "C-9"})
    none = admin.post("/admin/users/new", data={"login": "kim", "name": "Kim", "role": "customer"})

    assert "belongs to Piotr" in fault_at(taken, "badge")
    assert "There is no customer C-9" in fault_at(nobody, "customer")
    assert "needs the customer" in fault_at(none, "customer")


def test_disabling_a_person_signs_him_out_at_once(admin: httpx.Client, signed_in: SignedIn, database: Database) -> None:
    browser = signed_in("sales")
    login = one(database, select(User).where(User.role == "sales")).login
    assert browser.get("/orders", headers=HTML).status_code == 200

    admin.post(f"/admin/users/{login}/active", data={"active": "0"})

    assert browser.get("/orders", headers=HTML).status_code == 303
    assert "Disabled" in admin.get("/admin/users").text


def test_the_last_administrator_cannot_disable_himself(admin: httpx.Client, database: Database) -> None:
    login = one(database, select(User)).login

    answer = admin.post(f"/admin/users/{login}/active", data={"active": "0"})

    assert "last administrator" in admin.get(answer.headers["location"]).text


# --- keys and screens ---


def test_a_key_opens_what_its_scopes_name_until_it_is_revoked(
    admin: httpx.Client, client: httpx.Client, database: Database
) -> None:
    none = admin.post("/admin/keys/new", data={"name": "shop"})
    key = shown_once(admin.post("/admin/keys/new", data={"name": "shop", "scope.orders:read": "1"}))

    def status(path: str) -> int:
        return client.get(path, headers={"Authorization": f"Bearer {key}"}).status_code

    assert none.status_code == 422
    assert "At least one" in none.text
    assert (status("/api/v1/orders"), status("/api/v1/customers")) == (200, 403)
    prefix = one(database, select(ApiKey)).prefix
    admin.post(f"/admin/keys/{prefix}/revoke")
    assert status("/api/v1/orders") == 401


def test_a_key_cannot_end_before_it_begins(admin: httpx.Client) -> None:
    data = {"name": "shop", "scope.orders:read": "1"}

    past = admin.post("/admin/keys/new", data=data | {"expires_on": "2020-01-01"})
    garbled = admin.post("/admin/keys/new", data=data | {"expires_on": "soon"})

    assert "past" in fault_at(past, "expires_on")
    assert fault_at(garbled, "expires_on") == "Write a date such as 2026-11-27."


def test_a_screen_pairs_with_its_code_once_and_ends_when_revoked(
    admin: httpx.Client, client: httpx.Client, demo: Database
) -> None:
    page = admin.post("/admin/devices/new", data={"name": "Tablet", "station": "cut"}).text
    code = re.search(r'pairing-code" translate="no">([^<]+)<', page)
    assert code is not None

    paired = client.post("/pair", data={"code": code[1]}, headers=HTML)

    assert paired.headers["location"] == "/station/cut"
    assert client.get("/station/cut", headers=HTML).status_code == 200
    admin.post(f"/admin/devices/{one(demo, select(Device)).id}/revoke")
    assert client.get("/station/cut", headers=HTML).status_code == 303


# --- the site ---

SITE = {
    "name": "Lampworks", "time_zone": "Europe/Warsaw", "currency": "PLN", "language": "en", "day.0": "1", "day.5": "1",
    "working_hours.start": "07:00", "working_hours.end": "15:00", "gs1_company_prefix": "9506000", "row_version": "0",
}  # fmt: skip


def test_the_site_is_named_and_a_stale_form_is_refused(admin: httpx.Client, database: Database) -> None:
    first = admin.post("/admin/site", data=SITE)
    stale = admin.post("/admin/site", data=SITE | {"name": "Other"})

    assert first.status_code == 303
    site = one(database, select(Site))
    assert (site.name, site.working_hours["days"]) == ("Lampworks", [0, 5])
    assert "Europe/Warsaw" in admin.get("/admin").text
    assert stale.status_code == 409
    assert "changed meanwhile" in stale.text


def test_mistakes_about_the_site_are_said_beside_their_fields(admin: httpx.Client) -> None:
    wrong = {"time_zone": "Mars/Olympus", "currency": "XXX", "gs1_company_prefix": "12", "working_hours.end": "06:00"}
    answer = admin.post("/admin/site", data=SITE | wrong)

    assert answer.status_code == 422
    assert "Mars/Olympus" in fault_at(answer, "time_zone")
    assert "ISO 4217" in fault_at(answer, "currency")
    assert "6 to 12 digits" in fault_at(answer, "gs1_company_prefix")
    assert "after the start" in answer.text


# --- set-up, from nothing to the first order ---

PRODUCT = {
    "sku": "LAMP-1", "name": "Lamp", "revision": "A", "uom": "C62", "tracking": "serial", "made": "1", "active": "1",
}  # fmt: skip


def _floor(admin: httpx.Client) -> None:
    admin.post("/setup/work-centers/new", data={"key": "bend", "name": "Bend", "position": "10"})
    admin.post("/setup/stations/new", data={"key": "bend", "name": "Bending", "work_center": "bend", "active": "1"})
    admin.post(
        "/setup/read-points/new",
        data={"key": "bend-1", "station": "bend", "context": "end", "quiet_seconds": "0", "active": "1"},
    )


def test_from_an_empty_server_to_a_scan_by_forms_alone(admin: httpx.Client, database: Database) -> None:
    assert "Name your site" in admin.get("/setup").text
    admin.post("/admin/site", data=SITE)
    _floor(admin)
    made = admin.post(
        "/setup/products/new",
        data=PRODUCT | {"routing.2.name": "Bend", "routing.2.work_center": "bend", "routing.2.run_minutes": "2.5"},
    )
    admin.post(
        "/customers/new",
        data={"name": "Aurora", "language": "en", "currency": "PLN", "payment_terms_days": "30", "priority": "5",
              "active": "1", "number": "C-7"},
    )  # fmt: skip
    day = (utc_now() + timedelta(days=20)).date().isoformat()
    entered = admin.post(
        "/setup/orders/new",
        data={"customer": "C-7", "promise_date": day, "lines.0.product": "LAMP-1", "lines.0.quantity": "2",
              "lines.0.options": "colour: red; bell: yes"},
    )  # fmt: skip
    order = entered.headers["location"]
    admin.post(f"{order}/confirm", data={"promise_date": ""})
    admin.post(f"{order}/release")

    assert made.status_code == 303
    unit = one(database, select(Unit.number).order_by(Unit.id).limit(1))
    assert scan(database, unit, "bend-1").status == "applied"
    with database.read() as session:
        assert session.scalar(select(SalesOrder.lifecycle)) == "processing"
    steps = admin.get("/setup").text
    assert "Everything is set up" in steps


def test_more_rows_keep_what_was_typed_and_store_nothing(admin: httpx.Client, database: Database) -> None:
    answer = admin.post(
        "/setup/products/new", data=PRODUCT | {"routing.1.name": "Bend", "bom.0.component": "TUBE", "more": "routing"}
    )

    assert answer.status_code == 200
    assert 'name="routing.0.name" type="text" value="Bend"' in answer.text
    assert 'name="routing.3.name"' in answer.text
    assert 'value="TUBE"' in answer.text
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Product)) == 0


def test_a_mistake_in_a_row_is_said_in_that_row(admin: httpx.Client) -> None:
    _floor(admin)
    rows = {
        "routing.0.name": "Bend", "routing.0.work_center": "bend", "routing.0.run_minutes": "two",
        "routing.1.name": "", "routing.3.name": "Glow", "routing.3.work_center": "oven",
        "bom.0.component": "NOTHING", "bom.0.quantity": "-1",
    }  # fmt: skip
    numbers = admin.post("/setup/products/new", data=PRODUCT | rows | {"gtin": "09506000134353"})
    fixed = rows | {"routing.0.run_minutes": "2", "bom.0.quantity": "1"}
    unknown = admin.post("/setup/products/new", data=PRODUCT | fixed)

    assert numbers.status_code == unknown.status_code == 422
    assert fault_at(numbers, "routing.0.run_minutes") == "Write a number, such as 2.5."
    assert fault_at(numbers, "bom.0.quantity") == "This must be more than 0."
    assert "check digit" in fault_at(numbers, "gtin").lower()
    assert "There is no work center oven" in fault_at(unknown, "routing.1.work_center")
    assert "There is no product NOTHING" in fault_at(unknown, "bom.0.component")


def test_changing_a_product_keeps_its_routing_and_guards_against_a_second_editor(
    admin: httpx.Client, demo: Database
) -> None:
    page = admin.get("/setup/products/FRAME-CITY/edit").text
    typed = {
        unescape(name): unescape(value)
        for name, value in re.findall(r'<input[^>]*? name="([^"]+)" type="\w+" value="([^"]*)"', page)
        if name not in ("q", "active")
    }
    version = re.search(r'name="row_version" value="(\d+)"', page)
    assert version is not None
    chosen = {"tracking": "serial", "kind": "made", "packaging": "Two to a carton, foam between."}
    data = typed | chosen | {"active": "1", "row_version": version[1], "name": "City frame"}

    first = admin.post("/setup/products/FRAME-CITY/edit", data=data)
    second = admin.post("/setup/products/FRAME-CITY/edit", data=data | {"name": "Other frame"})

    assert first.status_code == 303
    assert second.status_code == 409
    assert 'value="Other frame"' in second.text
    shown = admin.get("/api/v1/products/FRAME-CITY").json()
    assert [step["name"] for step in shown["routing"]] == ["Cut", "Weld", "Paint", "Assemble"]
    assert shown["name"] == "City frame"
    assert shown["packaging"] == "Two to a carton, foam between."


def test_a_customer_keeps_contacts_and_addresses(admin: httpx.Client, database: Database) -> None:
    data = {
        "name": "Nordwind <GmbH>", "language": "de", "currency": "EUR", "payment_terms_days": "14", "priority": "2",
        "active": "1", "contacts.0.name": "Einkauf", "contacts.0.email": "einkauf@nordwind.example",
        "addresses.0.kind": "delivery", "addresses.0.lines": "Deichstraße 12", "addresses.0.city": "Husum",
        "addresses.0.country": "DE",
    }  # fmt: skip
    wrong = admin.post("/customers/new", data=data | {"contacts.0.email": "einkauf"})
    done = admin.post("/customers/new", data=data)

    assert "e-mail address" in fault_at(wrong, "contacts.0.email")
    assert done.status_code == 303
    number = one(database, select(Customer.number))
    page = admin.get(f"/customers/{number}/edit").text
    assert "Deichstraße 12" in page
    assert "einkauf@nordwind.example" in page
    assert "Nordwind &lt;GmbH&gt;" in admin.get("/customers").text


def test_an_order_without_lines_or_with_an_unknown_product_says_so(admin: httpx.Client, demo: Database) -> None:
    customer = one(demo, select(Customer.number).limit(1))
    empty = admin.post("/setup/orders/new", data={"customer": customer})
    unknown = admin.post(
        "/setup/orders/new", data={"customer": customer, "lines.0.product": "NIX", "lines.0.quantity": "1"}
    )

    assert empty.status_code == 422
    assert "At least one is needed" in empty.text
    assert "There is no product NIX" in fault_at(unknown, "lines.0.product")


# --- import ---

_CSV = "number,name\nC-7,Aurora\nC-8,Nordwind\n"


def _import(browser: httpx.Client, text: str | bytes, kind: str = "customers") -> httpx.Response:
    body = text.encode() if isinstance(text, str) else text
    return browser.post("/import", data={"kind": kind, "step": "check"}, files={"file": ("c.csv", body, "text/csv")})


def test_an_import_is_tried_out_first_and_then_applied_once(admin: httpx.Client, database: Database) -> None:
    tried = _import(admin, _CSV)
    with database.read() as session:
        before = session.scalar(select(func.count()).select_from(Customer))
    text = re.search(r'name="text" value="([^"]*)"', tried.text)
    assert text is not None
    fields = {"kind": (None, "customers"), "step": (None, "apply"), "text": (None, unescape(text[1]))}
    done = admin.post("/import", files=fields)
    again = _import(admin, _CSV)

    assert (tried.status_code, before) == (200, 0)
    assert "No mistake" in tried.text
    assert done.status_code == 303
    assert "nothing to store" in again.text
    assert "2 new" in again.text


def test_mistakes_of_a_file_are_listed_by_line_and_nothing_is_stored(admin: httpx.Client, database: Database) -> None:
    rows = _import(admin, "number,name\nC-7,Aurora\nc 8,\n")
    columns = _import(admin, "nummer,name\nC-7,Aurora\n")
    bytes_ = _import(admin, b"number,name\nC-7,\xff\n")
    nothing = _import(admin, "")

    assert {answer.status_code for answer in (rows, columns, bytes_, nothing)} == {422}
    assert "<code>number</code>" in rows.text
    assert "number" in columns.text
    assert "not UTF-8" in bytes_.text
    assert "Choose a file first" in nothing.text
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 0


def test_who_may_not_enter_a_thing_by_hand_may_not_import_it(signed_in: SignedIn) -> None:
    sales = signed_in("sales")
    sales.headers.update(HTML)

    assert _import(sales, "sku,name\nX,Y\n", kind="products").status_code == 403
    assert _import(sales, _CSV, kind="nonsense").status_code == 404
    assert _import(sales, _CSV).status_code == 200


# --- the audit ---


def test_the_audit_tells_who_did_what_and_finds_it(admin: httpx.Client, database: Database) -> None:
    admin.post("/admin/gateways/new", data={"key": "gw-saw"})
    admin.post("/admin/gateways/new", data={"key": "gw-oven"})

    found = admin.get("/admin/audit", params={"subject": "GATEWAY:gw-saw"}).text

    assert "Gateway registered" in found
    assert "gw-oven" not in found
    with database.read() as session:
        secrets = " ".join(str(line.detail) for line in session.scalars(select(Audit)))
    assert "ol_" not in secrets


@pytest.mark.parametrize(
    "path",
    ["/admin/gateways/nope", "/admin/users/nope", "/setup/products/nope", "/setup/stations/nope", "/admin/inbox/1",
     "/setup/read-points/nope", "/customers/C-nope/edit", "/setup/work-centers/nope", "/setup/products?after=nope"],
)  # fmt: skip
def test_what_does_not_exist_is_a_page_that_says_so(admin: httpx.Client, path: str) -> None:
    answer = admin.get(path)

    assert answer.status_code in (404, 422)
    assert "<h1>" in answer.text
