"""The doors to users, keys, gateways and screens keep the habits of every collection."""

from typing import Any

import pytest
from sqlalchemy import select

from server.db import Database
from server.journal.models import Audit, IdempotencyKey


def test_the_audit_names_the_request_that_did_it(signed_in: Any, database: Database) -> None:
    admin = signed_in("admin")

    answer = admin.post("/api/v1/devices", json={"name": "wall"}, headers={"X-Request-ID": "call-17"})

    with database.read() as session:
        line = session.scalars(select(Audit).where(Audit.action == "device_added")).one()
    assert (answer.headers["X-Request-ID"], line.request_id) == ("call-17", "call-17")


GATEWAY = {"key": "gw-hall-1", "name": "Hall 1"}
KEY = {"name": "mes", "scopes": ["feed:read"]}
PERSON = {"login": "anna", "name": "Anna", "role": "operator"}
POSTS = [("gateways", GATEWAY, "key"), ("keys", KEY, "key"), ("devices", {"name": "wall"}, "code")]


@pytest.mark.parametrize(("collection", "body", "secret"), [*POSTS, ("users", PERSON, None)])
def test_a_repeated_post_does_its_work_once_and_never_repeats_a_secret(
    signed_in: Any, database: Database, collection: str, body: dict[str, Any], secret: str | None
) -> None:
    admin, once = signed_in("admin"), {"Idempotency-Key": "try-1"}

    first, again = (admin.post(f"/api/v1/{collection}", json=body, headers=once) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert admin.get(first.headers["Location"]).status_code == 200
    assert again.json() == {**first.json(), **({secret: None} if secret else {})}
    with database.read() as session:
        kept = str(session.scalars(select(IdempotencyKey)).one().body)
    assert secret is None or (first.json()[secret] and first.json()[secret] not in kept)


def test_a_repeated_reset_makes_no_second_link(signed_in: Any) -> None:
    admin, once = signed_in("admin"), {"Idempotency-Key": "reset-1"}
    admin.post("/api/v1/users", json=PERSON)

    first, again = (admin.post("/api/v1/users/anna/reset", headers=once) for _ in range(2))

    assert again.json() == {"link": None}
    assert admin.get(first.json()["link"].partition("8000")[2]).status_code == 200


@pytest.mark.parametrize(
    ("collection", "body", "change"),
    [
        ("gateways", GATEWAY, {"name": "Hall 2"}),
        ("keys", KEY, {"name": "scheduler", "expires_at": "2099-01-01T00:00:00Z"}),
        ("devices", {"name": "wall"}, {"name": "Board in hall 2", "station": None}),
        ("users", PERSON, {"name": "Anna K."}),
    ],
)
def test_a_change_is_made_against_the_version_it_was_seen_in(
    signed_in: Any, collection: str, body: dict[str, Any], change: dict[str, Any]
) -> None:
    admin = signed_in("admin")
    place = admin.post(f"/api/v1/{collection}", json=body).headers["Location"]
    seen = {"If-Match": admin.get(place).headers["ETag"]}

    blind = admin.patch(place, json=change)
    changed = admin.patch(place, json=change, headers=seen)
    stale = admin.patch(place, json={"name": "Other"}, headers=seen)

    assert (blind.status_code, changed.status_code, stale.status_code) == (428, 200, 409)
    assert changed.json().items() >= change.items()
    assert stale.json()["difference"] == {"name": {"wanted": "Other", "now": change["name"]}}
    assert admin.get(place).headers["ETag"] == changed.headers["ETag"] != seen["If-Match"]


def test_what_was_ended_changes_no_more(signed_in: Any) -> None:
    admin, any_version = signed_in("admin"), {"If-Match": "*"}
    key = admin.post("/api/v1/keys", json=KEY).headers["Location"]
    screen = admin.post("/api/v1/devices", json={"name": "wall"}).headers["Location"]
    admin.post(f"{key}/revoke")
    admin.post(f"{screen}/revoke")

    refused = [admin.patch(place, json={"name": "x"}, headers=any_version) for place in (key, screen)]
    unknown = admin.patch(screen.replace("1", "999"), json={"name": "x"}, headers=any_version)
    nowhere = admin.post("/api/v1/devices", json={"name": "wall", "station": "nowhere"})

    assert [answer.status_code for answer in refused] == [409, 409]
    assert unknown.status_code == 404
    assert nowhere.json()["errors"][0]["reason"] == "unknown_station"


def test_a_heartbeat_leaves_the_version_of_its_gateway_alone(signed_in: Any, new_client: Any) -> None:
    admin = signed_in("admin")
    key = admin.post("/api/v1/gateways", json=GATEWAY).json()["key"]
    seen = admin.get("/api/v1/gateways/gw-hall-1").headers["ETag"]

    beat = new_client(Authorization=f"Bearer {key}").post("/api/v1/gateways/gw-hall-1/health", json={"backlog": 3})

    shown = admin.get("/api/v1/gateways/gw-hall-1")
    assert (beat.status_code, shown.json()["health"]["backlog"]) == (200, 3)
    assert shown.headers["ETag"] == seen
