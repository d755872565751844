"""The pages of customers as people use them: the list, the tabs, the forms, and what stations and labels make of it."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.crm.seed import seed_relations
from server.db import Database
from server.db.topics import versions
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit, WorkOrder
from server.erp.seed import DemoWorld
from server.journal.models import Audit
from server.parties.models import Customer
from server.settings.clock import utc_now

SignedIn = Callable[..., httpx.Client]
Counted = Callable[[], AbstractContextManager[list[str]]]
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def sales(signed_in: SignedIn, world: DemoWorld) -> httpx.Client:
    """Somebody who sells."""
    return signed_in("sales")


def test_the_list_is_found_by_text_segment_and_kind(sales: httpx.Client, database: Database, world: DemoWorld) -> None:
    database.write(lambda session: seed_relations(session, world, utc_now()))

    def names(**wanted: str) -> list[str]:
        page = sales.get("/customers", params=wanted).text
        return re.findall(r'<th scope="row"><a href="/customers/[^"]+">([^<]+)</a>', page)

    assert names(segment="rail") == ["Kestrel Rail"]
    assert names(show="prospect") == ["Fjordlys Marine", "AURORA BIKES AB"]
    assert names(text="aurora", show="customer") == ["Aurora Bikes"]
    assert names(text="nobody") == []


@pytest.mark.parametrize("tab", ["", "/timeline", "/people", "/terms", "/orders"])
def test_every_tab_opens_and_a_guessed_number_is_404(sales: httpx.Client, world: DemoWorld, tab: str) -> None:
    assert sales.get(f"/customers/C-100{tab}").status_code == 200
    assert sales.get(f"/customers/C-999{tab}").status_code == 404


@pytest.mark.parametrize(("code", "name"), [("en", "English"), ("de", "German"), ("xx", "xx")])
def test_a_customers_language_is_told_by_its_name(
    sales: httpx.Client, database: Database, world: DemoWorld, code: str, name: str
) -> None:
    database.write(lambda session: session.execute(update(Customer).values(language=code)))

    assert f"<dt>Language</dt><dd>{name}</dd>" in sales.get("/customers/C-100").text


def test_terms_and_people_are_masked_by_role_and_each_view_is_in_the_audit(
    signed_in: SignedIn, database: Database, world: DemoWorld
) -> None:
    pages = {
        role: signed_in(role).get("/customers/C-100/terms").text + signed_in(role).get("/customers/C-100/people").text
        for role in ("planner", "service", "finance")
    }

    seen = {role: ("2 %" in page, "purchasing@aurora-bikes.example" in page) for role, page in pages.items()}
    assert seen == {"planner": (False, False), "service": (False, True), "finance": (True, True)}
    with database.read() as session:
        actors = session.scalars(select(Audit.actor).where(Audit.action == "customer_viewed")).all()
    assert sorted(re.sub(r"\d", "", actor) for actor in actors) == ["user:finance", "user:finance", "user:service"]


def test_a_note_stands_in_the_timeline_and_its_markup_is_text(sales: httpx.Client) -> None:
    said = sales.post("/customers/C-100/notes", data={"kind": "call", "direction": "in", "text": EVIL})
    bare = sales.post("/customers/C-100/notes", data={"kind": "call", "text": "No direction."})

    assert said.status_code == 303
    assert bare.status_code == 422
    page = sales.get(said.headers["location"]).text
    assert "&lt;script&gt;alert(1)" in page
    assert EVIL not in page


def test_a_stale_form_is_shown_again_with_what_it_says_now(sales: httpx.Client) -> None:
    form = sales.get("/customers/C-100/edit").text
    version = re.search(r'name="row_version" value="(\d+)"', form)
    assert version is not None
    data = {"row_version": version[1], "language": "en", "currency": "EUR"}
    first = sales.post("/customers/C-100/edit", data=data | {"name": "Aurora Cycles"})
    second = sales.post("/customers/C-100/edit", data=data | {"name": "Aurora Wheels"})

    assert first.status_code == 303
    assert second.status_code == 409
    assert "Name: Aurora Cycles" in second.text
    assert 'value="Aurora Wheels"' in second.text
    # What was typed is no name yet: the heading says whose form it is.
    assert "Edit Aurora Cycles" in second.text


@pytest.mark.parametrize(
    ("role", "data", "status"),
    [
        ("finance", {"credit_limit": "-1", "payment_terms_days": "30"}, 422),
        ("finance", {"credit_limit": "100", "payment_terms_days": "30", "priority": "1"}, 303),
        ("planner", {"priority": "1"}, 403),
    ],
)
def test_terms_are_changed_by_who_may_and_as_far_as_he_may(
    signed_in: SignedIn, world: DemoWorld, role: str, data: dict[str, str], status: int
) -> None:
    caller = signed_in(role)
    version = signed_in("manager").get("/api/v1/customers/C-101").json()["row_version"]

    answer = caller.post("/customers/C-101/terms/edit", data=data | {"row_version": str(version)})

    assert answer.status_code == status
    assert signed_in("manager").get("/api/v1/customers/C-101").json()["priority"] == 5


def test_who_looks_like_a_customer_is_shown_before_he_is_added(sales: httpx.Client) -> None:
    data = {"name": "Aurora-Bikes AB", "language": "en", "currency": "EUR"}

    asked = sales.post("/customers/new", data=data)
    added = sales.post("/customers/new", data=data | {"is_distinct": "1"})

    assert asked.status_code == 409
    assert "Is this one of these?" in asked.text
    assert added.status_code == 303


def test_stations_and_labels_obey_the_policies_of_a_customer_at_once(
    sales: httpx.Client, database: Database, world: DemoWorld
) -> None:
    with database.read() as session:
        before = versions(session, "station:cut")["station:cut"]
        number = session.scalar(
            select(WorkOrder.number).where(WorkOrder.order_id == world.orders[0].id).order_by(WorkOrder.id)
        )
    small = sales.get(f"/work-orders/{number}/labels").text
    change = {"priority": 1, "alerts": "Wear gloves.\nNo stickers.", "label_template": "large"}

    sales.patch("/api/v1/customers/C-100", json=change, headers={"If-Match": "*"})

    station = sales.get("/station/cut").text
    assert world.orders[0].number in station.split('id="at-hand"')[1].split("</strong>")[0]
    assert "Wear gloves." in station
    assert "No stickers." in station
    with database.read() as session:
        assert versions(session, "station:cut")["station:cut"] > before
    assert "labels large" not in small
    assert "labels large" in sales.get(f"/work-orders/{number}/labels").text
    queue = sales.get("/api/v1/work-centers/cut/queue").json()["items"]
    assert (queue[0]["customer"], queue[0]["alerts"]) == ("Aurora Bikes", "Wear gloves.\nNo stickers.")


def test_merging_and_erasing_are_confirmed_on_pages_of_their_own(
    manager: httpx.Client, database: Database, world: DemoWorld
) -> None:
    database.write(lambda session: seed_relations(session, world, utc_now()))
    contact = manager.get("/api/v1/customers/C-101").json()["contacts"][1]["id"]

    compare = manager.get("/customers/C-100/merge", params={"other": "C-104"})
    by_name = manager.get("/customers/C-100/merge", params={"other": "aurora bikes ab"})
    several = manager.get("/customers/C-100/merge", params={"other": "aurora"})
    nobody = manager.get("/customers/C-100/merge", params={"other": "Nobody Ltd"})
    merged = manager.post("/customers/C-100/merge", data={"other": "C-104"})
    old = manager.get("/customers/C-104")
    unsure = manager.post(f"/customers/C-101/contacts/{contact}/erase", data={})
    erased = manager.post(f"/customers/C-101/contacts/{contact}/erase", data={"confirmed": "1"})

    assert "This cannot be undone" in compare.text
    assert "Merge C-104 into C-100" in by_name.text
    assert (several.status_code, nobody.status_code) == (422, 404)
    assert "More than one customer is called so" in several.text
    assert "There is no customer of this number or name." in nobody.text
    assert merged.headers["location"] == old.headers["location"] == "/customers/C-100"
    assert unsure.headers["location"].endswith("/privacy")
    assert erased.headers["location"] == "/customers/C-101/people"
    assert "technik@" not in manager.get("/customers/C-101/people").text


def test_neither_the_list_nor_a_customer_asks_once_for_each_row(
    manager: httpx.Client, database: Database, world: DemoWorld, counted: Counted
) -> None:
    def statements(path: str) -> int:
        with counted() as sent:
            assert manager.get(path).status_code == 200
        return len(sent)

    paths = ("/customers", "/customers/C-100", "/customers/C-100/timeline", "/api/v1/customers/C-100/timeline")
    manager.post("/api/v1/customers/C-100/interactions", json={"text": "The first note."})
    for path in paths:
        manager.get(path)
    few = [statements(path) for path in paths]
    for number in range(12):
        manager.post("/api/v1/customers", json={"name": f"Row {number}", "contacts": [{"name": "Somebody"}]})
        manager.post("/api/v1/customers/C-100/interactions", json={"text": f"Note {number}"})

    assert [statements(path) for path in paths] == few


@pytest.mark.parametrize(
    ("role", "sees_credit", "sees_people"), [("planner", False, False), ("service", False, True), ("sales", True, True)]
)
def test_a_file_of_customers_is_masked_as_the_pages_are(
    signed_in: SignedIn, database: Database, world: DemoWorld, role: str, sees_credit: bool, sees_people: bool
) -> None:
    signed_in("manager").patch("/api/v1/customers/C-101", json={"alerts": EVIL}, headers={"If-Match": "*"})

    file = signed_in(role).get("/customers/export", params={"segment": "energy"})

    items = file.json()["items"]
    assert [(item["name"], item["alerts"]) for item in items] == [("Nordwind Energie", EVIL)]
    assert EVIL not in file.text
    assert (items[0]["payment_terms_days"] is not None) is sees_credit
    assert (items[0]["contacts"][0]["email"] is not None) is sees_people
    with database.read() as session:
        entry = session.scalars(select(Audit).where(Audit.action == "customers_exported")).one()
    assert entry.detail is not None
    assert entry.detail["customers"] == ["C-101"]
    assert ("contacts.email" in entry.detail["fields"]) is sees_people


def test_where_boxes_are_packed_the_next_order_stands_with_its_customers_packaging_rule(
    sales: httpx.Client, database: Database, world: DemoWorld
) -> None:
    made = world.orders[0].number
    produced = update(SalesOrder).where(SalesOrder.number == made).values(fulfilment="produced")
    finished = update(Unit).where(Unit.order_id == world.orders[0].id).values(state="finished")
    database.write(lambda session: [session.execute(each) for each in (produced, finished)] and None)

    packing, cutting = sales.get("/station/pack").text, sales.get("/station/cut").text

    assert made in packing.split('id="at-hand"')[1].split("</strong>")[0]
    assert "Foam between frames" in packing
    assert "Show every scratch" in packing
    assert "Foam between frames" not in cutting


def test_the_overview_shows_every_open_order_before_those_that_are_over(
    sales: httpx.Client, database: Database, world: DemoWorld
) -> None:
    def close_the_newest(session: Session) -> list[str]:
        orders = session.scalars(
            select(SalesOrder)
            .join(Customer, Customer.id == SalesOrder.customer_id)
            .where(Customer.number == "C-100")
            .order_by(SalesOrder.id.desc())
        ).all()
        orders[0].lifecycle = "done"
        return [order.number for order in (*orders[1:], orders[0])]

    wanted = database.write(close_the_newest)
    page = sales.get("/customers/C-100").text
    shown = re.findall(r'href="/orders/([^"/]+)"', page.partition('id="now-head"')[2].partition("</section>")[0])

    assert list(dict.fromkeys(shown)) == wanted[:6]


def test_a_consent_in_the_timeline_says_who_allowed_what_until_he_is_erased(
    signed_in: SignedIn, world: DemoWorld
) -> None:
    manager, base = signed_in("manager"), "/api/v1/customers/C-100"
    contact = manager.get(f"{base}/contacts").json()["items"][0]
    manager.post(f"{base}/consents", json={"contact": contact["id"], "purpose": "calls", "source": "On the phone"})

    told = manager.get(f"{base}/timeline").json()["items"][0]
    page = manager.get("/customers/C-100/timeline").text

    assert (told["kind"], told["contact"], told["fields"]) == ("consent_given", contact["name"], ["calls"])
    assert f"Calls · {contact['name']}</span>" in page
