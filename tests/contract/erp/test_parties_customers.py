"""The site and customers through the programming interface."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from server.db import Database
from server.erp.seed import DemoWorld
from server.migrations import upgrade
from server.parties.repository import site
from server.parties.schemas import SitePatch
from server.parties.service import update_site
from server.settings.clock import utc_now

SignedIn = Callable[..., httpx.Client]


def test_a_customer_is_made_read_and_changed_under_a_number_from_the_counter(manager: httpx.Client) -> None:
    body = {
        "name": "Ærø Cykler",
        "currency": "DKK",
        "contacts": [{"name": "Ida", "email": "ida@cykler.example"}],
        "addresses": [{"kind": "delivery", "lines": "Havn 1", "city": "Marstal", "country": "DK"}],
    }

    made = manager.post("/api/v1/customers", json=body)

    assert made.status_code == 201
    assert made.headers["location"] == "/api/v1/customers/C-103"
    read = manager.get("/api/v1/customers/C-103")
    assert read.headers["etag"] == '"1"'
    assert read.json()["contacts"][0]["email"] == "ida@cykler.example"
    changed = manager.patch("/api/v1/customers/C-103", json={"contacts": []}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200
    assert changed.json()["contacts"] == []
    assert changed.headers["etag"] == '"2"'


def test_a_number_that_came_from_outside_is_never_given_out_again(manager: httpx.Client) -> None:
    manager.post("/api/v1/customers", json={"name": "First", "number": "C-107"})

    numbers = [manager.post("/api/v1/customers", json={"name": f"Next {n}"}).json()["number"] for n in range(3)]

    assert numbers == ["C-108", "C-109", "C-110"]


def test_a_number_that_is_there_is_told_before_any_likeness(manager: httpx.Client) -> None:
    body = {"name": "Lumen Werke", "number": "C-900"}
    assert manager.post("/api/v1/customers", json=body).status_code == 201

    again = manager.post("/api/v1/customers", json=body)
    form = manager.post("/customers/new", data=body, headers={"Accept": "text/html"})
    alike = manager.post("/api/v1/customers", json=body | {"number": "C-901"})

    said = "There is a customer C-900 already. Choose another number."
    assert (again.status_code, again.json()["reason"], again.json()["detail"]) == (409, "number_taken", said)
    assert (form.status_code, said in form.text) == (409, True)
    assert alike.json()["reason"] == "possible_duplicate"


def test_the_same_idempotency_key_makes_one_customer(manager: httpx.Client) -> None:
    headers = {"Idempotency-Key": "order-form-17"}

    first = manager.post("/api/v1/customers", json={"name": "Once"}, headers=headers)
    again = manager.post("/api/v1/customers", json={"name": "Once"}, headers=headers)
    other = manager.post("/api/v1/customers", json={"name": "Other"}, headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert other.status_code == 422
    assert other.json()["reason"] == "idempotency_key_reused"
    assert len(manager.get("/api/v1/customers", params={"text": "once"}).json()["items"]) == 1


def test_a_change_without_if_match_is_428_and_a_stale_one_is_409_with_the_difference(manager: httpx.Client) -> None:
    manager.post("/api/v1/customers", json={"name": "Aurora", "priority": 5})
    manager.patch("/api/v1/customers/C-103", json={"priority": 2}, headers={"If-Match": '"1"'})

    missing = manager.patch("/api/v1/customers/C-103", json={"priority": 3})
    stale = manager.patch("/api/v1/customers/C-103", json={"priority": 3}, headers={"If-Match": '"1"'})

    assert missing.status_code == 428
    assert stale.status_code == 409
    assert stale.json()["reason"] == "stale_version"
    assert stale.json()["difference"] == {"priority": {"wanted": 3, "now": 2}}


@pytest.mark.parametrize(
    "field",
    [
        {"name": "a\x00b"},
        {"name": "a\nb"},
        {"name": ""},
        {"name": "x" * 201},
        {"name": "\ud800"},
        {"name": "A", "currency": "XYZ"},
        {"name": "A", "credit_limit": "NaN"},
        {"name": "A", "credit_limit": "1e999999"},
        {"name": "A", "credit_limit": -1},
        {"name": "A", "unknown": 1},
        {"name": "A", "contacts": [{"name": "B", "email": "no"}]},
        {"name": "A", "addresses": [{"kind": "delivery", "lines": "x", "city": "y", "country": "QQ"}]},
    ],
)
def test_a_bad_field_is_refused_in_words(manager: httpx.Client, field: dict[str, object]) -> None:
    answer = manager.post(
        "/api/v1/customers", content=json.dumps(field).encode(), headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]


def test_customers_are_found_without_case_and_accents_page_by_page(manager: httpx.Client) -> None:
    for number in range(5):
        manager.post("/api/v1/customers", json={"name": f"Škoda Works {number}"})
    manager.post("/api/v1/customers", json={"name": "Other"})

    first = manager.get("/api/v1/customers", params={"text": "skoda", "limit": 3}).json()
    second = manager.get("/api/v1/customers", params={"text": "skoda", "limit": 3, "after": first["next"]}).json()

    assert [item["name"][-1] for item in first["items"]] == ["0", "1", "2"]
    assert [item["name"][-1] for item in second["items"]] == ["3", "4"]
    assert second["next"] is None
    assert manager.get("/api/v1/customers", params={"after": "C-999"}).status_code == 422
    assert manager.get("/api/v1/customers", params={"text": "\x00"}).status_code == 422


def test_the_site_changes_in_the_fields_that_are_sent(signed_in: SignedIn, database: Database) -> None:
    admin = signed_in("admin")

    before = admin.get("/api/v1/site")
    changed = admin.patch(
        "/api/v1/site", json={"name": "Works", "time_zone": "Europe/Oslo"}, headers={"If-Match": before.headers["etag"]}
    )

    assert changed.json() == before.json() | {"name": "Works", "time_zone": "Europe/Oslo", "row_version": 2}
    with database.read() as session:
        assert site(session).gs1_company_prefix == "9506000"


@pytest.mark.parametrize(
    "field",
    [
        {"time_zone": "../../etc/passwd"},
        {"time_zone": "Mars/Olympus"},
        {"name": None},
        {"gs1_company_prefix": "12345"},
        {"working_hours": {"days": [], "start": "06:00", "end": "22:00"}},
        {"working_hours": {"days": [0], "start": "22:00", "end": "06:00"}},
        {"working_hours": {"days": [7], "start": "06:00", "end": "22:00"}},
    ],
)
def test_a_setting_of_the_site_that_cannot_be_is_refused(signed_in: SignedIn, field: dict[str, object]) -> None:
    answer = signed_in("admin").patch("/api/v1/site", json=field, headers={"If-Match": "*"})

    assert answer.status_code == 422


def test_before_it_is_set_up_the_site_has_defaults_that_the_first_change_stores(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    upgrade(database.engine)

    with database.read() as session:
        assert (site(session).time_zone, site(session).row_version) == ("UTC", 0)
    database.write(lambda session: update_site(session, SitePatch(name="Works"), actor="test", now=utc_now()))

    with database.read() as session:
        assert (site(session).name, site(session).row_version) == ("Works", 1)
    database.close()


def test_rights_are_kept(signed_in: SignedIn, client: httpx.Client, world: DemoWorld) -> None:
    operator, sales = signed_in("operator"), signed_in("sales")

    assert client.get("/api/v1/customers").status_code == 401
    assert operator.get("/api/v1/customers").status_code == 403
    assert sales.get("/api/v1/customers").status_code == 200
    assert signed_in("planner").post("/api/v1/customers", json={"name": "X"}).status_code == 403
    assert sales.get("/api/v1/customers/C-999").status_code == 404
    assert sales.get("/api/v1/customers/%00").status_code in (404, 422)
