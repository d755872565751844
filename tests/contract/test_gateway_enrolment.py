"""A gateway comes by a one-time code, and brings the next key with the one it has."""

import hashlib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from server.auth.models import ApiKey
from server.db import Database
from server.journal.models import Audit, Gateway
from server.settings.clock import utc_now

Client = Callable[..., httpx.Client]
ENROL = "/api/v1/gateways/enrol"
NEXT = "/api/v1/gateways/gw-hall-1/next-key"


class Box:
    """A gateway's computer: it makes keys and tells their fingerprints."""

    def __init__(self, new_client: Client, prefix: str, secret: str = "s" * 43) -> None:
        self.prefix, self.secret = prefix, secret
        self._client = new_client(Authorization=f"Bearer ol_{prefix}_{secret}")
        del self._client.headers["Sec-Fetch-Site"]

    @property
    def told(self) -> dict[str, str]:
        return {"prefix": self.prefix, "secret_sha256": hashlib.sha256(self.secret.encode()).hexdigest()}

    def enrol(self, code: str) -> httpx.Response:
        return self._client.post(ENROL, json={**self.told, "code": code})

    def bring(self, key: "Box", at: str = NEXT) -> httpx.Response:
        return self._client.post(at, json=key.told)

    def beat(self) -> httpx.Response:
        return self._client.post("/api/v1/gateways/gw-hall-1/health", json={"backlog": 0})

    def is_let_in(self) -> bool:
        return self.beat().status_code == 200


@pytest.fixture
def admin(signed_in: Client) -> httpx.Client:
    found = signed_in("admin")
    assert found.post("/api/v1/gateways", json={"key": "gw-hall-1", "name": "Hall 1"}).status_code == 201
    return found


def code_of(admin: httpx.Client) -> str:
    return str(admin.post("/api/v1/gateways/gw-hall-1/code").json()["code"])


def live(admin: httpx.Client) -> list[str]:
    return [key["prefix"] for key in admin.get("/api/v1/gateways/gw-hall-1").json()["keys"]]


def until_ended(box: Box) -> None:
    """What follows the first use of a key is written a moment later."""
    end = time.monotonic() + 5
    while box.is_let_in():
        assert time.monotonic() < end


def test_a_code_lets_one_gateway_in_and_is_kept_as_a_hash(
    admin: httpx.Client, new_client: Client, database: Database
) -> None:
    code, box = code_of(admin), Box(new_client, "aaaaaaaa")

    taken = box.enrol(f" {code[:4].lower()}-{code[4:]} ")

    assert (taken.status_code, taken.json()["gateway"]) == (200, "gw-hall-1")
    assert box.is_let_in()
    assert live(admin) == ["aaaaaaaa"], "The first key was never used, and ended."
    # The answer was lost: the same key may come again. Another one may not.
    assert box.enrol(code).json() == taken.json()
    assert Box(new_client, "bbbbbbbb").enrol(code).status_code == 404
    assert Box(new_client, "aaaaaaaa", "t" * 43).enrol(code).status_code == 409
    with database.read() as session:
        gateway = session.scalars(select(Gateway)).one()
        told = [f"{row.action} {row.subject} {row.detail}" for row in session.scalars(select(Audit))]
    assert code.encode() not in bytes(gateway.enrol_hash or b"")
    assert not [line for line in told if code in line or box.secret in line]
    assert {"gateway_code_made", "gateway_enrolled"} <= {line.split()[0] for line in told}


def test_a_code_that_is_old_wrong_or_replaced_lets_nobody_in(
    admin: httpx.Client, new_client: Client, database: Database
) -> None:
    replaced, code = code_of(admin), code_of(admin)
    box = Box(new_client, "aaaaaaaa")

    assert [box.enrol(each).status_code for each in (replaced, "ZZZZ2222", "", "x" * 41)] == [404, 404, 422, 422]
    database.write(lambda session: session.execute(update(Gateway).values(enrol_expires_at=utc_now())))
    assert box.enrol(code).json()["reason"] == "code_ended"
    assert not box.is_let_in()


def test_codes_cannot_be_guessed_by_trying(admin: httpx.Client, new_client: Client) -> None:
    box = Box(new_client, "aaaaaaaa")

    tried = [box.enrol("ZZZZ2222").status_code for _ in range(12)]

    assert tried[-1] == 429


def test_the_old_key_opens_the_door_until_the_new_one_is_used(
    admin: httpx.Client, new_client: Client, database: Database
) -> None:
    old, new = Box(new_client, "aaaaaaaa"), Box(new_client, "bbbbbbbb")
    old.enrol(code_of(admin))
    assert old.is_let_in()

    first, again = old.bring(new), old.bring(new)

    assert (first.status_code, again.json()) == (200, first.json())
    assert old.is_let_in(), "The answer may have been lost; nothing ends before the new key is used."
    assert new.is_let_in()
    until_ended(old)
    assert live(admin) == ["bbbbbbbb"]
    with database.read() as session:
        assert session.scalars(select(ApiKey.expires_at).where(ApiKey.prefix == "bbbbbbbb")).one() is None


def test_a_key_that_was_brought_and_never_used_ends_and_the_one_before_stays(
    admin: httpx.Client, new_client: Client, database: Database
) -> None:
    old, lost, new = (Box(new_client, each * 8) for each in "abc")
    old.enrol(code_of(admin))
    old.is_let_in()
    old.bring(lost)

    # The gateway's disk lost it, and it brings another.
    assert old.bring(new).status_code == 200
    assert live(admin) == ["a" * 8, "c" * 8]
    past = utc_now() - timedelta(seconds=1)
    database.write(
        lambda session: session.execute(update(ApiKey).where(ApiKey.prefix == "c" * 8).values(expires_at=past))
    )
    assert not new.is_let_in()
    assert old.is_let_in()
    # Found again, it is as good as new.
    assert old.bring(new).status_code == 200


def test_a_gateway_brings_keys_for_itself_alone(admin: httpx.Client, new_client: Client) -> None:
    other = admin.post("/api/v1/gateways", json={"key": "gw-other", "name": "Other"}).json()["key"]
    _ol, prefix, secret = other.split("_", 2)
    stranger, new = Box(new_client, prefix, secret), Box(new_client, "bbbbbbbb")

    assert stranger.bring(new).json()["reason"] == "wrong_gateway"
    assert admin.post(NEXT, json=new.told).status_code == 403
    # The prefix of another's key is taken, whatever the secret.
    code = code_of(admin)
    assert Box(new_client, prefix).enrol(code).json()["reason"] == "prefix_taken"
    for told in ({"prefix": "short"}, {"secret_sha256": "00"}, {"secret": "x"}):
        assert stranger._client.post(NEXT, json={**new.told, **told}).status_code == 422


def test_two_keys_in_use_leave_no_room_for_a_third(admin: httpx.Client, new_client: Client) -> None:
    old, new = Box(new_client, "aaaaaaaa"), Box(new_client, "bbbbbbbb")
    old.enrol(code_of(admin))
    assert old.is_let_in()
    admin.post("/api/v1/gateways/gw-hall-1/keys")

    assert old.bring(new).json()["reason"] == "two_live_keys"
    assert old.is_let_in()


def test_a_heartbeat_tells_how_old_its_key_is(admin: httpx.Client, new_client: Client) -> None:
    box = Box(new_client, "aaaaaaaa")
    taken: dict[str, Any] = box.enrol(code_of(admin)).json()

    assert box.beat().json()["key_made_at"][:19] == taken["created_at"][:19]


def test_the_page_shows_a_code_once(admin: httpx.Client, new_client: Client) -> None:
    made = admin.post("/admin/gateways/gw-hall-1/code")

    assert made.headers["cache-control"] == "no-store"
    code = made.text.partition("--code ")[2][:8]
    assert Box(new_client, "aaaaaaaa").enrol(code).status_code == 200
    assert code not in admin.get("/admin/gateways/gw-hall-1").text
    assert "One-time code made" in admin.get("/admin/audit").text
