"""Signing in: passwords, cookies, limits, links, and forms of other sites."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from server.auth import users
from server.auth.models import OneTimeLink, SessionRecord, User
from server.auth.passwords import hash_password
from server.auth.users import NewUser
from server.db import Database
from server.journal.models import Audit
from server.settings.clock import utc_now

PASSWORD = "a short sentence is good"


@pytest.fixture
def anna(database: Database) -> None:
    """Anna of sales, with a password."""
    new = NewUser(login="anna", name="Anna", role="sales", password_hash=hash_password(PASSWORD))
    database.write(lambda session: users.add_user(session, new, actor="test", now=utc_now()))


def _enter(client: httpx.Client, password: str = PASSWORD, login: str = "anna") -> httpx.Response:
    return client.post("/api/v1/session", json={"login": login, "password": password})


@pytest.mark.usefixtures("anna")
def test_a_right_password_signs_the_browser_in_until_it_signs_out(client: httpx.Client) -> None:
    entered = _enter(client, login="Anna ")
    cookie = entered.headers["set-cookie"]
    known = client.get("/api/v1/session")
    left = client.delete("/api/v1/session")

    assert entered.status_code == 200
    assert cookie.startswith("sid=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert known.json()["actor"] == "user:anna"
    assert left.status_code == 204
    assert client.get("/api/v1/session").status_code == 401


@pytest.mark.usefixtures("anna")
def test_the_token_of_a_signed_out_browser_opens_nothing(client: httpx.Client) -> None:
    _enter(client)
    token = client.cookies["sid"]
    client.delete("/api/v1/session")

    client.cookies.set("sid", token)

    assert client.get("/api/v1/session").status_code == 401


@pytest.mark.usefixtures("anna")
def test_a_wrong_password_and_an_unknown_login_get_the_same_answer(client: httpx.Client) -> None:
    wrong, unknown = _enter(client, "not the password"), _enter(client, login="nobody")

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content
    assert wrong.json()["reason"] == "wrong_password"


@pytest.mark.usefixtures("anna")
def test_the_sixth_try_in_a_minute_is_told_to_wait(client: httpx.Client) -> None:
    for _ in range(5):
        assert _enter(client, "wrong").status_code == 401

    sixth = _enter(client)

    assert sixth.status_code == 429
    assert 1 <= int(sixth.headers["retry-after"]) <= 60
    assert sixth.json()["reason"] == "too_many_logins"


@pytest.mark.usefixtures("anna")
def test_a_right_password_forgives_the_wrong_ones_before_it(client: httpx.Client) -> None:
    for _ in range(2):
        for _ in range(4):
            _enter(client, "wrong")
        assert _enter(client).status_code == 200


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize(
    "change",
    [
        {"last_seen_at": utc_now() - timedelta(hours=12, minutes=1)},
        {"expires_at": utc_now() - timedelta(seconds=1)},
    ],
    ids=["idle for twelve hours", "seven days old"],
)
def test_an_old_session_ends(client: httpx.Client, database: Database, change: dict[str, object]) -> None:
    _enter(client)

    database.write(lambda session: session.execute(update(SessionRecord).values(**change)))

    assert client.get("/api/v1/session").status_code == 401


@pytest.mark.usefixtures("anna")
def test_a_form_sent_after_the_session_ended_is_told_how_to_be_sent_again(
    client: httpx.Client, database: Database
) -> None:
    _enter(client)
    database.write(lambda session: session.execute(update(SessionRecord).values(expires_at=utc_now())))

    answer = client.post("/password", data={"current": "a"}, headers={"Accept": "text/html"})

    assert answer.status_code == 401
    assert "nothing was stored" in answer.text
    assert "reload this page" in answer.text
    assert 'href="/login" target="_blank"' in answer.text


@pytest.mark.usefixtures("anna")
def test_a_disabled_person_is_out_at_once(client: httpx.Client, signed_in: Callable[..., httpx.Client]) -> None:
    _enter(client)
    assert client.get("/api/v1/session").status_code == 200
    admin = signed_in("admin")

    disabled = admin.patch("/api/v1/users/anna", json={"active": False}, headers={"If-Match": "*"})

    assert disabled.status_code == 200
    assert client.get("/api/v1/session").status_code == 401
    assert _enter(client).status_code == 401


@pytest.mark.usefixtures("anna")
def test_a_new_password_signs_every_other_browser_out(
    client: httpx.Client, new_client: Callable[..., httpx.Client]
) -> None:
    other = new_client()
    _enter(client)
    _enter(other)

    changed = client.post("/api/v1/password", json={"current": PASSWORD, "new": "another good sentence"})

    assert changed.status_code == 204
    assert client.get("/api/v1/session").status_code == 200
    assert other.get("/api/v1/session").status_code == 401
    assert _enter(other, "another good sentence").status_code == 200


@pytest.mark.usefixtures("anna")
def test_a_password_change_needs_the_password_so_far_and_a_new_one_that_is_hard_to_guess(client: httpx.Client) -> None:
    _enter(client)

    foreign = client.post("/api/v1/password", json={"current": "guess", "new": "another good sentence"})
    weak = client.post("/api/v1/password", json={"current": PASSWORD, "new": "short"})

    assert (foreign.status_code, foreign.json()["errors"][0]["field"]) == (422, "current")
    assert (weak.status_code, weak.json()["errors"][0]["reason"]) == (422, "weak_password")
    assert "10 characters" in weak.json()["errors"][0]["message"]


@pytest.mark.usefixtures("anna")
def test_a_one_time_link_sets_a_password_once(
    client: httpx.Client, signed_in: Callable[..., httpx.Client], database: Database
) -> None:
    link = signed_in("admin").post("/api/v1/users/anna/reset").json()["link"]
    token = link.rsplit("/", 1)[1]

    first = client.post("/api/v1/set-password", json={"token": token, "password": "set by a link, once"})
    second = client.post("/api/v1/set-password", json={"token": token, "password": "set by a link, twice"})

    assert link.startswith("http://127.0.0.1:8000/set-password/")
    assert first.status_code == 204
    assert second.status_code == 404
    assert _enter(client, "set by a link, once").status_code == 200
    with database.read() as session:
        assert session.scalars(select(OneTimeLink)).one().used_at is not None


@pytest.mark.usefixtures("anna")
def test_an_old_link_sets_nothing(
    client: httpx.Client, signed_in: Callable[..., httpx.Client], database: Database
) -> None:
    token = signed_in("admin").post("/api/v1/users/anna/reset").json()["link"].rsplit("/", 1)[1]
    past = utc_now() - timedelta(seconds=1)

    database.write(lambda session: session.execute(update(OneTimeLink).values(expires_at=past)))

    assert client.post("/api/v1/set-password", json={"token": token, "password": PASSWORD}).status_code == 404


@pytest.mark.usefixtures("anna")
def test_who_must_change_his_password_can_do_only_that(client: httpx.Client, database: Database) -> None:
    database.write(lambda session: session.execute(update(User).values(must_change_password=True, role="admin")))
    _enter(client)

    refused = client.get("/api/v1/users")

    assert (refused.status_code, refused.json()["reason"]) == (403, "password_change_needed")
    changed = client.post("/api/v1/password", json={"current": PASSWORD, "new": "another good sentence"})
    assert changed.status_code == 204
    assert client.get("/api/v1/users").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 401),
        ({"Sec-Fetch-Site": "none"}, 401),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://127.0.0.1:8000"}, 401),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:8001"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[half"}, 403),
        ({}, 403),
    ],
)
def test_a_form_of_another_site_is_refused(
    new_client: Callable[..., httpx.Client], headers: dict[str, str], status: int
) -> None:
    client = new_client()
    del client.headers["Sec-Fetch-Site"]

    sent = client.post("/api/v1/session", json={"login": "anna", "password": "x"}, headers=headers)

    assert sent.status_code == status
    assert status == 401 or sent.json()["reason"] == "cross_site"


@pytest.mark.usefixtures("anna")
def test_the_audit_knows_who_came_in_and_who_did_not(client: httpx.Client, database: Database) -> None:
    _enter(client, "wrong")
    _enter(client, "wrong", login="no\x1bbody")
    _enter(client)

    with database.read() as session:
        told = [(row.action, row.subject) for row in session.scalars(select(Audit).order_by(Audit.id))][1:]

    assert told == [
        ("sign_in_failed", "user:anna"),
        ("sign_in_failed", "user:no?body"),
        ("signed_in", "user:anna"),
    ]
