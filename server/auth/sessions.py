"""Signing in and out: a random token in the cookie, its SHA-256 in the table."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from server.auth import repository, users
from server.auth.authenticate import user_principal
from server.auth.limiter import Limiter, network_of
from server.auth.models import SessionRecord
from server.auth.passwords import check_new_password, hash_password, verify_password
from server.auth.principal import Principal
from server.auth.tokens import hash_token, new_token
from server.auth.topic import AUTH_TOPIC
from server.db import Database, touch
from server.errors import FieldError, Forbidden, Invalid, TooMany, Unauthorized
from server.journal.audit import write_audit
from server.messages import translate as _
from server.metrics import LOGINS
from server.settings import Settings

TRIES_A_MINUTE = 5
#: One address may stand for a whole office behind one router.
ADDRESS_TRIES_A_MINUTE = 30


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser that is signed in: the token for its cookie, and who it is."""

    token: str
    principal: Principal


class SignIn:
    """The door for passwords. It reads, checks outside any transaction, then writes."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._by_account = Limiter(TRIES_A_MINUTE, 60)
        self._by_address = Limiter(ADDRESS_TRIES_A_MINUTE, 60)

    def enter(self, *, login: str, password: str, address: str, now: datetime) -> SignedIn:
        """Sign in; blocks for the hash, so call it on a thread. Raises Unauthorized or TooMany."""
        login = login.strip().lower()[:80]
        place = network_of(address)
        account = f"{login} {place}"
        self._limit(account, place)
        with self._database.read() as session:
            user = repository.user_by_login(session, login)
        is_right = verify_password(password, user.password_hash if user is not None else None)
        if user is None or not is_right or not user.active:
            LOGINS.labels(outcome="wrong").inc()
            self._database.write(lambda writing: _audit_failure(writing, login=login, address=address, now=now))
            raise Unauthorized(
                _("Login and password do not belong together. Check both, then try again."), reason="wrong_password"
            )
        self._by_account.clear(account)
        LOGINS.labels(outcome="ok").inc()
        days = self._settings.session_days
        token = self._database.write(lambda writing: open_session(writing, user.id, now=now, days=days))
        return SignedIn(token, user_principal(user))

    def change_password(
        self, principal: Principal, *, current: str, new: str, address: str, token: str, now: datetime
    ) -> None:
        """Change a person's own password; `token` is the session that stays. Raises Invalid, Forbidden or TooMany."""
        if principal.kind != "user":
            raise Forbidden(_("Only people have passwords."))
        login = principal.actor.removeprefix("user:")
        place = network_of(address)
        account = f"{login} {place}"
        self._limit(account, place)
        with self._database.read() as session:
            known = users.get_user(session, login).password_hash
        if not verify_password(current, known):
            message = _("This is not your password so far.")
            raise Invalid(errors=[FieldError("current", message, "wrong_password")])
        self._by_account.clear(account)
        password_hash = hash_password(check_new_password(new, login=login))

        def work(session: Session) -> None:
            user = users.get_user(session, login)
            keep = hash_token(token)
            users.set_password(session, user, password_hash, actor=principal.actor, now=now, keep=keep)

        self._database.write(work)

    def set_password_by_link(self, *, token: str, password: str, now: datetime) -> str:
        """Set a password by a one-time link and return the login; raises NotFound or Invalid."""
        with self._database.read() as session:
            login = users.user_of_link(session, token, now=now).login
        password_hash = hash_password(check_new_password(password, login=login))
        self._database.write(lambda session: users.use_link(session, token, password_hash, now=now))
        return login

    def _limit(self, account: str, place: str) -> None:
        wait = self._by_account.try_once(account) or self._by_address.try_once(place)
        if wait:
            LOGINS.labels(outcome="limited").inc()
            seconds = math.ceil(wait)
            message = _("Too many tries to sign in. Wait {seconds} seconds, then try again.")
            raise TooMany(message.format(seconds=seconds), retry_after=seconds, reason="too_many_logins")


def open_session(session: Session, user_id: int, *, now: datetime, days: int) -> str:
    """Make a session for the person and return its token."""
    user = repository.user_by_id(session, user_id)
    repository.delete_expired_sessions(session, now)
    token = new_token()
    session.add(
        SessionRecord(
            token_hash=hash_token(token),
            user_id=user.id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + timedelta(days=days),
        )
    )
    user.last_login_at = now
    write_audit(session, at=now, actor=f"user:{user.login}", action="signed_in", subject=f"user:{user.login}")
    return token


def sign_out(session: Session, token: str, *, actor: str, now: datetime) -> None:
    """End the session behind this token at once."""
    repository.delete_session(session, hash_token(token))
    touch(session, AUTH_TOPIC)
    write_audit(session, at=now, actor=actor, action="signed_out", subject=actor)


def _audit_failure(session: Session, *, login: str, address: str, now: datetime) -> None:
    subject = "user:" + "".join(character if character.isprintable() else "?" for character in login)
    write_audit(
        session, at=now, actor="stranger", action="sign_in_failed", subject=subject, detail={"address": address}
    )
