"""Keys of programs and gateways, station screens, and what each may do."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.auth import gateways
from server.auth.models import ApiKey, Device
from server.db import Database
from server.errors import Invalid
from server.journal.models import Audit
from server.settings.clock import utc_now

Client = Callable[..., httpx.Client]


def _bearer(new_client: Client, key: str) -> httpx.Client:
    caller = new_client(Authorization=f"Bearer {key}")
    del caller.headers["Sec-Fetch-Site"]
    return caller


def test_a_key_is_shown_once_and_kept_as_a_hash(signed_in: Client, database: Database) -> None:
    admin = signed_in("admin")

    made = admin.post("/api/v1/keys", json={"name": "mes", "scopes": ["orders:read", "feed:read"]})

    assert made.status_code == 201
    text = made.json()["key"]
    assert text.startswith(f"ol_{made.json()['prefix']}_")
    assert text not in admin.get("/api/v1/keys").text
    with database.read() as session:
        row = session.scalars(select(ApiKey)).one()
    assert text.encode() not in bytes(row.secret_hash)
    assert len(row.secret_hash) == 32


def test_a_key_may_do_what_its_scopes_say_and_no_more(signed_in: Client, new_client: Client) -> None:
    admin = signed_in("admin")
    key = admin.post("/api/v1/keys", json={"name": "mes", "scopes": ["feed:read"]}).json()["key"]
    program = _bearer(new_client, key)

    me, feed, users = (program.get(f"/api/v1/{door}") for door in ("session", "feed", "users"))

    assert (me.json()["kind"], me.json()["name"]) == ("key", "mes")
    assert feed.status_code == 200
    assert (users.status_code, users.json()["permission"]) == (403, "admin")


def test_a_key_cannot_be_given_the_right_to_administer(signed_in: Client) -> None:
    asked = signed_in("admin").post("/api/v1/keys", json={"name": "mes", "scopes": ["admin"]})

    assert asked.status_code == 422


def test_a_revoked_key_is_refused_at_its_next_call(signed_in: Client, new_client: Client) -> None:
    admin = signed_in("admin")
    made = admin.post("/api/v1/keys", json={"name": "mes", "scopes": ["feed:read"]}).json()
    program = _bearer(new_client, made["key"])
    assert program.get("/api/v1/feed").status_code == 200

    admin.post(f"/api/v1/keys/{made['prefix']}/revoke")

    refused = program.get("/api/v1/feed")
    assert (refused.status_code, refused.json()["reason"]) == (401, "key_not_valid")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key[:-1],
        lambda key: key + "x",
        lambda _: "ol_nobodyxx_secret",
        lambda _: "",
        lambda _: "ol__",
        ascii,
    ],
)
def test_a_key_that_is_not_exactly_right_is_none(
    signed_in: Client, new_client: Client, spoil: Callable[[str], str]
) -> None:
    key = signed_in("admin").post("/api/v1/keys", json={"name": "mes", "scopes": ["feed:read"]}).json()["key"]

    assert _bearer(new_client, spoil(key)).get("/api/v1/feed").status_code == 401


def test_a_key_ends_at_its_time(signed_in: Client, new_client: Client, database: Database) -> None:
    soon = (utc_now() + timedelta(hours=1)).isoformat()
    body = {"name": "mes", "scopes": ["feed:read"], "expires_at": soon}
    key = signed_in("admin").post("/api/v1/keys", json=body).json()["key"]

    database.write(lambda session: session.execute(update(ApiKey).values(expires_at=utc_now())))

    assert _bearer(new_client, key).get("/api/v1/feed").status_code == 401


def test_a_wrong_key_is_not_made_good_by_a_cookie(signed_in: Client) -> None:
    admin = signed_in("admin")

    asked = admin.get("/api/v1/users", headers={"Authorization": "Bearer ol_wrong_key"})

    assert asked.status_code == 401


def test_the_use_of_a_key_is_noted(signed_in: Client, new_client: Client, database: Database) -> None:
    key = signed_in("admin").post("/api/v1/keys", json={"name": "mes", "scopes": ["feed:read"]}).json()["key"]

    _bearer(new_client, key).get("/api/v1/feed")

    # Whatever is handed in after the note is written after it (SQLite), or when the note is (PostgreSQL).
    for _ in range(200):
        with database.read() as session:
            if session.scalars(select(ApiKey.last_used_at)).one() is not None:
                return
        database.write(lambda session: session.execute(select(1)).scalar_one())
    pytest.fail("The use of the key was not noted.")


def test_a_gateway_changes_over_to_a_second_key_without_a_gap(signed_in: Client, new_client: Client) -> None:
    admin = signed_in("admin")
    first = admin.post("/api/v1/gateways", json={"key": "gw-hall-1", "name": "Hall 1"}).json()
    second = admin.post("/api/v1/gateways/gw-hall-1/keys").json()
    third = admin.post("/api/v1/gateways/gw-hall-1/keys")

    before = [_bearer(new_client, made["key"]).get("/api/v1/session") for made in (first, second)]
    admin.post(f"/api/v1/gateways/gw-hall-1/keys/{first['prefix']}/revoke")
    after = [_bearer(new_client, made["key"]).get("/api/v1/session").status_code for made in (first, second)]

    assert [answer.json()["gateway"] for answer in before] == ["gw-hall-1", "gw-hall-1"]
    assert (third.status_code, third.json()["reason"]) == (409, "two_live_keys")
    assert after == [401, 200]


def test_a_gateway_is_listed_with_its_health_and_keys_but_no_secret(signed_in: Client) -> None:
    admin = signed_in("admin")
    made = admin.post("/api/v1/gateways", json={"key": "gw-hall-1", "name": "Hall 1"}).json()

    listed = signed_in("planner").get("/api/v1/gateways")
    gateway = listed.json()["items"][0]

    assert (gateway["key"], gateway["silent"], gateway["last_seen_at"]) == ("gw-hall-1", True, None)
    assert gateway["keys"][0]["prefix"] == made["prefix"]
    assert made["key"].split("_", 2)[2] not in listed.text
    assert admin.get("/api/v1/gateways/gw-hall-1").json()["name"] == "Hall 1"


def test_a_gateway_name_is_used_once_and_never_like_a_screen(signed_in: Client) -> None:
    admin = signed_in("admin")
    admin.post("/api/v1/gateways", json={"key": "gw-hall-1", "name": "Hall 1"})

    again = admin.post("/api/v1/gateways", json={"key": "gw-hall-1", "name": "Hall 1"})
    screen = admin.post("/api/v1/gateways", json={"key": "web-7", "name": "no"})

    assert (again.status_code, screen.status_code) == (409, 422)


def test_a_retired_gateway_is_out_with_all_its_keys(signed_in: Client, new_client: Client) -> None:
    admin = signed_in("admin")
    made = admin.post("/api/v1/gateways", json={"key": "gw-hall-1", "name": "Hall 1"}).json()

    # The answer to the first request got lost, so it is sent again.
    once = {"Idempotency-Key": "retire-hall-1"}
    retired = [admin.post("/api/v1/gateways/gw-hall-1/retire", headers=once).status_code for _ in range(2)]

    assert retired == [204, 204]
    assert _bearer(new_client, made["key"]).get("/api/v1/session").status_code == 401
    assert admin.get("/api/v1/gateways/gw-hall-1").status_code == 404
    assert admin.get("/api/v1/gateways").json()["items"] == []


def test_a_gateway_is_silent_after_three_missed_heartbeats() -> None:
    now = utc_now()
    seen = gateways.Gateway(key="gw", name="gw", created_at=now, last_seen_at=now - timedelta(seconds=29))
    missed = gateways.Gateway(key="gw", name="gw", created_at=now, last_seen_at=now - timedelta(seconds=31))

    assert [gateways.is_silent(gateway, now) for gateway in (seen, missed)] == [False, True]


def test_a_screen_pairs_once_by_a_code_that_is_read_out(signed_in: Client, new_client: Client) -> None:
    code = signed_in("admin").post("/api/v1/devices", json={"name": "wall"}).json()["code"]
    screen, thief = new_client(), new_client()

    paired = screen.post("/api/v1/devices/pair", json={"code": f" {code[:4].lower()}-{code[4:].lower()} "})
    late = thief.post("/api/v1/devices/pair", json={"code": code})

    assert len(code) == 8
    assert paired.status_code == 200
    assert paired.headers["set-cookie"].startswith("device=")
    assert screen.get("/api/v1/session").json()["kind"] == "device"
    assert (late.status_code, late.json()["reason"]) == (404, "code_ended")


def test_a_code_is_too_old_after_ten_minutes(signed_in: Client, client: httpx.Client, database: Database) -> None:
    code = signed_in("admin").post("/api/v1/devices", json={"name": "wall"}).json()["code"]
    past = utc_now() - timedelta(seconds=1)

    database.write(lambda session: session.execute(update(Device).values(pairing_expires_at=past)))

    assert client.post("/api/v1/devices/pair", json={"code": code}).status_code == 404


def test_codes_cannot_be_guessed_by_trying(client: httpx.Client) -> None:
    answers = [client.post("/api/v1/devices/pair", json={"code": f"2222222{digit}"}) for digit in range(2, 10)]
    answers += [client.post("/api/v1/devices/pair", json={"code": f"3333333{digit}"}) for digit in range(2, 10)]

    assert {answer.status_code for answer in answers} == {404, 429}
    assert [answer.status_code for answer in answers].count(404) == 10


def test_a_revoked_screen_is_dark_at_once_and_a_replaced_one_when_the_new_one_comes(
    signed_in: Client, new_client: Client
) -> None:
    admin, old, new = signed_in("admin"), new_client(), new_client()
    made = admin.post("/api/v1/devices", json={"name": "wall"}).json()
    old.post("/api/v1/devices/pair", json={"code": made["code"]})
    again = admin.post(f"/api/v1/devices/{made['id']}/pair-again").json()

    assert old.get("/api/v1/session").status_code == 200
    new.post("/api/v1/devices/pair", json={"code": again["code"]})
    assert old.get("/api/v1/session").status_code == 401
    assert new.get("/api/v1/session").status_code == 200
    admin.post(f"/api/v1/devices/{made['id']}/revoke")
    assert new.get("/api/v1/session").status_code == 401


def test_a_screen_is_bound_to_a_station_that_exists(signed_in: Client) -> None:
    asked = signed_in("admin").post("/api/v1/devices", json={"name": "cut", "station": "nowhere"})

    assert (asked.status_code, asked.json()["errors"][0]["reason"]) == (422, "unknown_station")


@pytest.mark.parametrize("role", ["operator", "planner", "sales", "service", "finance", "manager"])
def test_only_an_administrator_makes_users_keys_screens_and_gateways(signed_in: Client, role: str) -> None:
    somebody = signed_in(role)
    bodies = {
        "users": {"login": "x", "name": "x", "role": "admin"},
        "keys": {"name": "x", "scopes": ["feed:read"]},
        "devices": {"name": "x"},
        "gateways": {"key": "gw", "name": "x"},
    }

    answers = {door: somebody.post(f"/api/v1/{door}", json=body) for door, body in bodies.items()}

    assert {door: answer.status_code for door, answer in answers.items()} == dict.fromkeys(bodies, 403)


def test_the_last_administrator_stays_one(signed_in: Client) -> None:
    admin = signed_in("admin")
    login = admin.get("/api/v1/session").json()["actor"].removeprefix("user:")

    for change in ({"active": False}, {"role": "sales"}):
        refused = admin.patch(f"/api/v1/users/{login}", json=change, headers={"If-Match": "*"})
        assert (refused.status_code, refused.json()["reason"]) == (409, "last_admin")


def test_a_person_is_added_listed_and_changed_against_its_version(signed_in: Client) -> None:
    admin = signed_in("admin")
    added = admin.post("/api/v1/users", json={"login": "berta", "name": "Berta", "role": "operator", "badge": "17"})
    again = admin.post("/api/v1/users", json={"login": "berta", "name": "Berta", "role": "operator"})
    badge = admin.post("/api/v1/users", json={"login": "carl", "name": "Carl", "role": "operator", "badge": "17"})
    version = admin.get("/api/v1/users/berta").headers["etag"]

    changed = admin.patch("/api/v1/users/berta", json={"role": "planner"}, headers={"If-Match": version})
    stale = admin.patch("/api/v1/users/berta", json={"role": "sales"}, headers={"If-Match": version})

    assert added.status_code == 201
    assert (again.json()["reason"], badge.json()["reason"]) == ("login_taken", "badge_taken")
    assert (changed.status_code, changed.json()["role"]) == (200, "planner")
    assert (stale.status_code, stale.json()["reason"]) == (409, "stale_version")
    assert "berta" in [user["login"] for user in admin.get("/api/v1/users").json()["items"]]


@pytest.mark.parametrize(
    "body",
    [
        {"login": "x", "name": "x", "role": "customer"},
        {"login": "x", "name": "x", "role": "customer", "customer_id": 999_999},
        {"login": "x", "name": "x", "role": "boss"},
        {"login": "X Y", "name": "x", "role": "sales"},
        {"login": "x", "name": "x\u0000", "role": "sales"},
        {"login": "x", "name": "x", "role": "sales", "password_hash": "x"},
        {"login": "x", "name": "x", "role": "sales", "customer_id": 1},
        {"login": "x", "name": "x", "role": "sales", "customer_id": 2**70},
        {"login": "x", "name": "x", "role": "customer", "customer_id": 2**70},
    ],
)
def test_a_person_that_makes_no_sense_is_refused_in_words(signed_in: Client, body: dict[str, object]) -> None:
    refused = signed_in("admin").post("/api/v1/users", json=body)

    assert refused.status_code == 422
    assert refused.json()["errors"]


def test_every_change_of_keys_and_screens_is_in_the_audit_without_a_secret(
    signed_in: Client, database: Database
) -> None:
    admin = signed_in("admin")
    made = admin.post("/api/v1/gateways", json={"key": "gw-hall-1", "name": "Hall 1"}).json()
    admin.post(f"/api/v1/gateways/gw-hall-1/keys/{made['prefix']}/revoke")
    code = admin.post("/api/v1/devices", json={"name": "wall"}).json()["code"]

    def told(session: Session) -> list[Audit]:
        return list(session.scalars(select(Audit).order_by(Audit.id)))

    with database.read() as session:
        rows = told(session)

    assert [row.action for row in rows][-4:] == ["gateway_added", "key_made", "key_revoked", "device_added"]
    everything = " ".join(f"{row.subject} {row.detail}" for row in rows)
    assert made["key"].split("_", 2)[2] not in everything
    assert code not in everything


@pytest.mark.parametrize("key", ["web-7", "Hall 1", "", "-x", "x" * 81, "gw\n"])
def test_no_way_in_makes_a_gateway_with_a_name_it_could_not_use(database: Database, key: str) -> None:
    def work(session: Session) -> None:
        gateways.create_gateway(session, key=key, name="Hall", actor="cli", now=utc_now())

    with pytest.raises(Invalid):
        database.write(work)
