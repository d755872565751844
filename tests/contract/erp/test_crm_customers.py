"""What happens with a customer across both sides: his timeline, merging two into one, and the privacy of a person."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from server.db import Database
from server.erp.seed import DemoWorld
from server.journal.models import Audit
from server.parties.models import MatchKey

SignedIn = Callable[..., httpx.Client]
PERSON = {"name": "Ida Holm", "email": "ida@cykler.example", "phone": "+45 62 53 00 00"}


def enter(caller: httpx.Client, name: str, **more: Any) -> dict[str, Any]:
    """A new prospect."""
    made = caller.post("/api/v1/customers", json={"name": name, "is_distinct": True, **more})
    assert made.status_code == 201, made.text
    return dict(made.json())


def order_for(caller: httpx.Client, number: str) -> str:
    """A draft of one line."""
    body = {"customer": number, "lines": [{"product": "RACK-REAR", "quantity": "2"}]}
    made = caller.post("/api/v1/orders", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["number"])


def test_the_timeline_tells_what_both_sides_did_newest_first_and_page_by_page(
    manager: httpx.Client, world: DemoWorld
) -> None:
    customer = enter(manager, "Tandem", contacts=[PERSON])
    base = f"/api/v1/customers/{customer['number']}"
    order = order_for(manager, customer["number"])
    manager.post(f"/api/v1/orders/{order}/confirm", json={})
    contact = customer["contacts"][0]["id"]
    call = {"kind": "call", "direction": "in", "text": "Wants <b>two</b> more.", "contact": contact}
    said = manager.post(f"{base}/interactions", json=call)
    for number in range(30):
        at = f"2020-01-01T00:00:{number:02d}Z" if number < 20 else "2020-02-01T00:00:00Z"
        manager.post(f"{base}/interactions", json={"text": f"Note {number}", "at": at})

    first = manager.get(f"{base}/timeline").json()
    second = manager.get(f"{base}/timeline", params={"after": first["next"]}).json()
    whole = manager.get(f"{base}/timeline", params={"limit": 200}).json()

    assert said.status_code == 201
    assert whole == {"items": [*first["items"], *second["items"]], "next": None}
    assert len(manager.get(f"{base}/timeline", params={"limit": 3}).json()["items"]) == 3
    entries = [*first["items"], *second["items"]]
    newest = [(entry["source"], entry["kind"]) for entry in entries[:5]]
    assert newest == [
        ("interaction", "call"),
        ("customer", "customer_won"),
        ("order", "order_confirmed"),
        ("order", "order_created"),
        ("customer", "customer_created"),
    ]
    assert (entries[0]["text"], entries[0]["contact"]) == ("Wants <b>two</b> more.", "Ida Holm")
    notes = [entry["text"] for entry in entries[5:]]
    assert notes == [f"Note {number}" for number in range(29, -1, -1)]
    assert second["next"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"text": ""},
        {"text": "x" * 10_001},
        {"text": "a\x00b"},
        {"text": "A call without direction.", "kind": "call"},
        {"text": "Tomorrow.", "at": "2099-01-01T00:00:00Z"},
        {"text": "About nobody.", "contact": 999999},
    ],
)
def test_what_cannot_have_been_said_is_refused(manager: httpx.Client, world: DemoWorld, body: dict[str, Any]) -> None:
    number = world.customers["Aurora Bikes"].number

    answer = manager.post(f"/api/v1/customers/{number}/interactions", json=body)

    assert answer.status_code == 422, answer.text


def test_a_merge_moves_everything_and_the_old_number_leads_to_the_new_one(
    manager: httpx.Client, world: DemoWorld, database: Database
) -> None:
    survivor = enter(manager, "Ærø Cykler", vat_number="DK12345678")
    loser = enter(manager, "AERO CYKLER A/S", vat_number="DK 12345678", contacts=[PERSON], segment="bicycles")
    order = order_for(manager, loser["number"])
    manager.post(f"/api/v1/customers/{loser['number']}/interactions", json={"text": "Remember."})

    suspects = manager.get("/api/v1/customer-suspects").json()["items"]
    merged = manager.post(f"/api/v1/customers/{survivor['number']}/merge", json={"other": loser["number"]})

    assert [customer["number"] for customer in suspects[0]["customers"]] == [survivor["number"], loser["number"]]
    assert merged.status_code == 200, merged.text
    assert merged.json()["moved"] == {"contact": 1, "interaction": 1, "sales_order": 1}
    assert merged.json()["segment"] == "bicycles"
    assert [person["name"] for person in merged.json()["contacts"]] == ["Ida Holm"]
    assert manager.get(f"/api/v1/orders/{order}").json()["customer"]["number"] == survivor["number"]
    led = manager.get(f"/api/v1/customers/{loser['number']}")
    assert (led.status_code, led.headers["location"]) == (308, f"/api/v1/customers/{survivor['number']}")
    told = manager.get(f"/api/v1/customers/{survivor['number']}/timeline").json()["items"]
    assert {"Remember."} <= {entry["text"] for entry in told}
    assert manager.get("/api/v1/customer-suspects").json()["items"] == []
    again = manager.post(f"/api/v1/customers/{survivor['number']}/merge", json={"other": loser["number"]})
    assert (again.status_code, again.json()["reason"]) == (409, "merged")
    assert order_for(manager, loser["number"])
    with database.read() as session:
        orphans = select(func.count()).where(MatchKey.customer_id.in_([0]))
        assert session.scalar(orphans) == 0


def test_a_person_who_stands_at_both_is_one_person_after_the_merge(manager: httpx.Client, world: DemoWorld) -> None:
    survivor = enter(manager, "Tandem", contacts=[{"name": "IDA HOLM", "email": "Ida@cykler.example"}])
    loser = enter(manager, "Tandem Works", contacts=[PERSON, {"name": "Ida Holm", "email": "other@cykler.example"}])
    base, person = f"/api/v1/customers/{loser['number']}", loser["contacts"][0]["id"]
    for door, body in (
        ("interactions", {"kind": "call", "direction": "in", "text": "Rang.", "contact": person}),
        ("consents", {"contact": person, "purpose": "news", "source": "fair"}),
    ):
        assert manager.post(f"{base}/{door}", json=body).status_code == 201

    merged = manager.post(f"/api/v1/customers/{survivor['number']}/merge", json={"other": loser["number"]}).json()

    people = {contact["email"]: contact for contact in merged["contacts"]}
    assert people.keys() == {"Ida@cykler.example", "other@cykler.example"}
    kept = people["Ida@cykler.example"]
    assert (kept["id"], kept["phone"]) == (survivor["contacts"][0]["id"], PERSON["phone"])
    # What she said and allowed is exported as hers.
    told = manager.post(f"/api/v1/customers/{survivor['number']}/contacts/{kept['id']}/export").text
    assert "Rang." in told
    assert "news" in told


def test_two_customers_with_logins_are_not_merged_for_each_would_see_the_other(
    manager: httpx.Client, signed_in: SignedIn, world: DemoWorld
) -> None:
    one, other = world.customers["Aurora Bikes"], world.customers["Kestrel Rail"]
    signed_in("customer", customer_id=one.id)
    signed_in("customer", customer_id=other.id)

    refused = manager.post(f"/api/v1/customers/{one.number}/merge", json={"other": other.number})
    itself = manager.post(f"/api/v1/customers/{one.number}/merge", json={"other": one.number})

    assert (refused.status_code, refused.json()["reason"]) == (409, "both_have_logins")
    assert "would see the orders of both" in refused.json()["detail"]
    assert (itself.status_code, itself.json()["reason"]) == (409, "same_customer")
    assert manager.get(f"/api/v1/customers/{other.number}").json()["status"] == "active"


def test_a_pair_that_somebody_called_distinct_is_no_suspect_any_more(manager: httpx.Client) -> None:
    one = enter(manager, "Twin Works", vat_number="PL1111111111")
    other = enter(manager, "Twin Works", vat_number="PL1111111111")

    manager.post(f"/api/v1/customers/{one['number']}/distinct", json={"other": other["number"]})

    assert manager.get("/api/v1/customer-suspects").json()["items"] == []


def test_a_person_gets_all_that_is_stored_of_him_and_is_erased_everywhere(
    manager: httpx.Client, database: Database, world: DemoWorld
) -> None:
    customer = enter(manager, "Tandem", contacts=[PERSON, {"name": "Bo"}])
    base = f"/api/v1/customers/{customer['number']}"
    ida = next(person["id"] for person in customer["contacts"] if person["name"] == "Ida Holm")
    manager.post(f"{base}/consents", json={"contact": ida, "purpose": "news", "source": "Trade fair"})
    note = {"kind": "call", "direction": "in", "text": "Ida has a cold.", "contact": ida}
    manager.post(f"{base}/interactions", json=note)

    export = manager.post(f"{base}/contacts/{ida}/export").json()
    erased = manager.post(f"{base}/contacts/{ida}/erase")

    assert export["person"]["email"] == "ida@cykler.example"
    assert [consent["purpose"] for consent in export["consents"]] == ["news"]
    assert [said["text"] for said in export["interactions"]] == ["Ida has a cold."]
    assert erased.status_code == 200, erased.text
    told = manager.get(base).text + manager.get(f"{base}/timeline").text + manager.get(f"{base}/consents").text
    assert not [trace for trace in ("Ida", "ida@", "62 53", "cold") if trace in told]
    assert manager.get(f"{base}/consents").json()["items"][0]["withdrawn_at"]
    assert manager.post(f"{base}/contacts/{ida}/export").status_code == 404
    with database.read() as session:
        kinds = session.scalars(select(Audit.action).where(Audit.subject == f"{customer['number']}/contact:{ida}"))
        assert set(kinds) == {"person_exported", "contact_erased"}


def test_the_only_contact_of_open_orders_is_not_erased(manager: httpx.Client, world: DemoWorld) -> None:
    customer = enter(manager, "Tandem", contacts=[PERSON])
    order_for(manager, customer["number"])

    refused = manager.post(f"/api/v1/customers/{customer['number']}/contacts/{customer['contacts'][0]['id']}/erase")

    assert refused.status_code == 409
    assert "the only one to turn to" in refused.json()["detail"]


@pytest.mark.parametrize("role", ["operator", "planner", "service", "finance", "customer"])
def test_merging_and_erasing_take_rights_of_their_own(signed_in: SignedIn, world: DemoWorld, role: str) -> None:
    customer = world.customers["Aurora Bikes"]
    caller = signed_in(role, **({"customer_id": customer.id} if role == "customer" else {}))
    base = f"/api/v1/customers/{customer.number}"

    answers = [
        caller.post(f"{base}/merge", json={"other": "C-101"}),
        caller.post(f"{base}/contacts/1/erase"),
        caller.post(f"{base}/contacts/1/export"),
        caller.get("/api/v1/customer-suspects"),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 403]
