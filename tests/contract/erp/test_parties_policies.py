"""Prospects and customers, who sees what of them, and what is written down about it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from server.db import Database
from server.erp.seed import DemoWorld
from server.journal.models import Audit, Fact

SignedIn = Callable[..., httpx.Client]

TERMS = {
    "credit_limit": "25000",
    "payment_terms_days": 14,
    "discount_days": 7,
    "discount_percent": "2",
}
PERSON = {"name": "Ida Holm", "role": "Purchasing", "email": "ida@cykler.example", "phone": "+45 62 53 00 00"}


@pytest.fixture
def number(manager: httpx.Client) -> str:
    """A prospect with terms and a person."""
    body = {"name": "Ærø Cykler", "currency": "DKK", "vat_number": "dk 1234 5678", **TERMS, "contacts": [PERSON]}
    made = manager.post("/api/v1/customers", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["number"])


@pytest.mark.parametrize(
    ("role", "sees_credit", "sees_people"),
    [("planner", False, False), ("service", False, True), ("sales", True, True), ("finance", True, True)],
)
def test_a_role_sees_what_it_needs_and_the_rest_is_named_as_masked(
    signed_in: SignedIn, number: str, role: str, sees_credit: bool, sees_people: bool
) -> None:
    shown = signed_in(role).get(f"/api/v1/customers/{number}").json()

    assert (shown["credit_limit"], shown["discount_days"]) == (("25000", 7) if sees_credit else (None, None))
    assert ("credit_limit" in shown["masked"]) is not sees_credit
    person = shown["contacts"][0]
    assert person["name"] == "Ida Holm"
    assert person["email"] == ("ida@cykler.example" if sees_people else None)
    assert ("contacts.email" in shown["masked"]) is not sees_people


def test_every_view_of_what_is_sensitive_is_in_the_audit_with_its_request(
    signed_in: SignedIn, database: Database, number: str
) -> None:
    signed_in("finance").get(f"/api/v1/customers/{number}", headers={"X-Request-Id": "look-1"})
    signed_in("planner").get(f"/api/v1/customers/{number}", headers={"X-Request-Id": "look-2"})

    with database.read() as session:
        rows = session.scalars(select(Audit).where(Audit.action == "customer_viewed", Audit.request_id.is_not(None)))
        views = {row.request_id: row for row in rows if (row.request_id or "").startswith("look-")}
    assert list(views) == ["look-1"]
    assert views["look-1"].subject == number
    assert views["look-1"].actor.startswith("user:finance")
    assert views["look-1"].detail == {"fields": [*TERMS, "contacts.email", "contacts.phone"]}


def test_a_list_shows_nothing_sensitive_to_anybody(manager: httpx.Client, number: str) -> None:
    listed = manager.get("/api/v1/customers", params={"text": "DK12345678", "kind": "prospect"}).json()["items"]

    assert [item["number"] for item in listed] == [number]
    assert listed[0]["credit_limit"] is None
    assert listed[0]["contacts"][0]["email"] is None


@pytest.mark.parametrize(
    ("role", "change", "status"),
    [
        ("sales", {"credit_limit": "99999"}, 403),
        ("sales", {"priority": 1, "alerts": "Gloves."}, 200),
        ("service", {"priority": 1}, 403),
        ("service", {"name": "Other"}, 200),
        ("finance", {"credit_limit": "99999"}, 200),
        ("finance", {"name": "Other"}, 403),
        ("planner", {"name": "Other"}, 403),
    ],
)
def test_each_field_takes_the_right_of_its_kind(
    signed_in: SignedIn, number: str, role: str, change: dict[str, object], status: int
) -> None:
    answer = signed_in(role).patch(f"/api/v1/customers/{number}", json=change, headers={"If-Match": "*"})

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"credit_limit": "-1"},
        {"discount_percent": None},
        {"discount_days": 30},
        {"vat_number": "x"},
        {"status": "merged"},
        {"kind": "customer"},
        {"contacts": [{"id": 999999, "name": "Nobody"}]},
        {"contacts": [{"name": "A", "preferred": True}, {"name": "B", "preferred": True}]},
        {"alerts": "x" * 2001},
    ],
)
def test_what_cannot_be_is_refused_in_words(manager: httpx.Client, number: str, change: dict[str, object]) -> None:
    answer = manager.patch(f"/api/v1/customers/{number}", json=change, headers={"If-Match": "*"})

    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]


def test_a_prospect_becomes_a_customer_by_its_first_confirmed_order_alone(
    manager: httpx.Client, number: str, database: Database, world: DemoWorld
) -> None:
    order = manager.post(
        "/api/v1/orders", json={"customer": number, "lines": [{"product": "RACK-REAR", "quantity": "2"}]}
    ).json()["number"]
    drafted = manager.get(f"/api/v1/customers/{number}").json()["kind"]

    manager.post(f"/api/v1/orders/{order}/confirm", json={})

    won = manager.get(f"/api/v1/customers/{number}").json()
    assert (drafted, won["kind"]) == ("prospect", "customer")
    assert won["customer_since"]
    with database.read() as session:
        facts = session.scalars(select(Fact).where(Fact.kind == "customer_won", Fact.subject == number)).all()
    assert [fact.detail["cause"] for fact in facts] == [order]


def test_open_orders_follow_the_priority_of_their_customer(manager: httpx.Client, world: DemoWorld) -> None:
    customer = world.customers["Aurora Bikes"].number
    orders = manager.get("/api/v1/orders", params={"customer": customer}).json()["items"]
    by_hand = orders[0]["number"]
    manager.patch(f"/api/v1/orders/{by_hand}", json={"priority": 9}, headers={"If-Match": "*"})

    manager.patch(f"/api/v1/customers/{customer}", json={"priority": 1}, headers={"If-Match": "*"})

    after = manager.get("/api/v1/orders", params={"customer": customer}).json()["items"]
    assert {order["number"]: order["priority"] for order in after} == {
        order["number"]: 9 if order["number"] == by_hand else 1 for order in orders
    }


def test_no_fact_holds_limits_terms_or_what_identifies_a_person(
    manager: httpx.Client, number: str, database: Database
) -> None:
    manager.patch(
        f"/api/v1/customers/{number}",
        json={"credit_limit": "77777", "contacts": [{"name": "Bo", "email": "bo@cykler.example"}], "alerts": "Gloves."},
        headers={"If-Match": "*"},
    )

    with database.read() as session:
        details = str([fact.detail for fact in session.scalars(select(Fact).where(Fact.subject == number))])
    assert "Gloves." in details
    assert "credit_limit" in details
    assert not [secret for secret in ("77777", "25000", "bo@", "Ida", "ida@") if secret in details]


def test_contacts_addresses_and_consents_have_doors_of_their_own(manager: httpx.Client, number: str) -> None:
    base = f"/api/v1/customers/{number}"
    made = manager.post(f"{base}/contacts", json={"name": "Bo", "preferred": True})
    bo = next(person["id"] for person in made.json()["contacts"] if person["name"] == "Bo")

    consent = manager.post(f"{base}/consents", json={"contact": bo, "purpose": "news", "source": "Trade fair"})
    again = manager.post(f"{base}/consents", json={"contact": bo, "purpose": "news", "source": "Telephone"})
    unguarded = manager.patch(f"{base}/contacts/{bo}", json={"role": "Goods in"})
    changed = manager.patch(f"{base}/contacts/{bo}", json={"role": "Goods in"}, headers={"If-Match": '"2"'})
    stale = manager.delete(f"{base}/contacts/{bo}", headers={"If-Match": '"2"'})
    overtaken = manager.patch(f"{base}/contacts/{bo}", json={"role": "Sales"}, headers={"If-Match": '"2"'})
    gone = manager.delete(f"{base}/contacts/{bo}", headers={"If-Match": '"3"'})

    assert consent.json()["id"] == again.json()["id"]
    assert (unguarded.status_code, changed.status_code, stale.status_code, gone.status_code) == (428, 200, 409, 200)
    assert overtaken.json()["difference"] == {"role": {"wanted": "Sales", "now": "Goods in"}}
    assert {person["name"] for person in stale.json()["now"]["contacts"]} == {"Ida Holm", "Bo"}
    assert [person["name"] for person in gone.json()["contacts"]] == ["Ida Holm"]
    withdrawn = manager.get(f"{base}/consents").json()["items"][0]
    assert withdrawn["withdrawn_at"]
    assert manager.get("/api/v1/customers/C-999/contacts").status_code == 404


def test_a_company_is_not_entered_twice_without_saying_so(manager: httpx.Client, number: str) -> None:
    twin = {"name": "AERO CYKLER A/S", "vat_number": "DK-12345678"}

    refused = manager.post("/api/v1/customers", json=twin)
    said = manager.post("/api/v1/customers", json=twin | {"is_distinct": True})

    assert refused.status_code == 409
    assert refused.json()["reason"] == "possible_duplicate"
    assert refused.json()["suspects"][0] == {"number": number, "name": "Ærø Cykler", "score": 80, "traits": ["vat"]}
    assert said.status_code == 201


@pytest.mark.parametrize(
    ("like", "score", "traits"),
    [
        ({"name": "ÆRØ-CYKLER Ltd."}, 60, ["name"]),
        ({"name": "Other Works", "contacts": [{"name": "Ida Holm", "email": "Ida@cykler.example"}]}, 50, ["email"]),
    ],
)
def test_whatever_a_page_would_ask_about_a_program_must_answer_too(
    manager: httpx.Client, number: str, like: dict[str, Any], score: int, traits: list[str]
) -> None:
    refused = manager.post("/api/v1/customers", json=like)
    said = manager.post("/api/v1/customers", json=like | {"is_distinct": True})

    suspect = {"number": number, "name": "Ærø Cykler", "score": score, "traits": traits}
    assert (refused.status_code, refused.json()["suspects"], said.status_code) == (409, [suspect], 201)


def test_a_file_sets_only_what_its_sender_may_set_by_hand(signed_in: SignedIn, manager: httpx.Client) -> None:
    text = "number,name,credit_limit,customer_since\nK-9,Kilo,5000,2019-05-01\n"
    headers = {"Content-Type": "text/csv"}

    refused = signed_in("sales").post("/api/v1/imports/customers", content=text, headers=headers)
    taken = manager.post("/api/v1/imports/customers", content=text, headers=headers)
    again = manager.post("/api/v1/imports/customers", content=text, headers=headers)

    assert refused.status_code == 403
    assert (taken.json()["created"], again.json()["unchanged"]) == (1, 1)
    stored = manager.get("/api/v1/customers/K-9").json()
    assert (stored["kind"], stored["customer_since"][:10]) == ("customer", "2019-04-30")
