"""From the cookies or the key of a request to a Principal.

An answer is remembered for a few seconds, so that a gateway's batch costs a dictionary look-up. Every change of
users, keys, sessions or devices touches the topic `auth`, and its commit empties the memory at once; only a change
made by another process takes those few seconds.
"""

import hmac
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from server.auth import enrolment, repository
from server.auth.models import ApiKey, Device, User
from server.auth.principal import Principal
from server.auth.tokens import KeyText, hash_token
from server.auth.topic import AUTH_TOPIC
from server.db import Database
from server.settings import Settings

log = logging.getLogger("server.auth")

REMEMBER_SECONDS = 5.0
REMEMBER_AT_MOST = 10_000
#: `last_seen_at` and `last_used_at` are written at most this often.
NOTE_SECONDS = 60.0

VisitResolver = Callable[[Session, bytes, datetime], Principal | None]
StationCheck = Callable[[Session, str], bool]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brought along; at most one of them is used, in this order."""

    bearer: str | None = None
    session: str | None = None
    device: str | None = None
    #: A visit by the link of an order, and one by that of a quote; one browser may have both.
    visit: str | None = None
    quote: str | None = None


def no_visit(_session: Session, _token_hash: bytes, _now: datetime) -> Principal | None:
    """The resolver of a server without customer links."""
    return None


class Authenticator:
    """Knows who is asking. `visit` resolves a customer's visit, which lives in a layer above this one."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        clock: Callable[[], datetime],
        visit: VisitResolver = no_visit,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._visit = visit
        self._lock = threading.Lock()
        self._generation = 0
        self._known: dict[tuple[str, bytes], tuple[float, Principal | None]] = {}
        database.on_commit(self._on_commit)

    def remembered(self, credentials: Credentials) -> tuple[bool, Principal | None]:
        """(True, who) when the answer is in memory, without any I/O; else (False, None)."""
        key = _strongest(credentials)
        if key is None:
            return True, None
        found = self._known.get((key[0], hash_token(key[1])))
        if found is None or found[0] < time.monotonic():
            return False, None
        return True, found[1]

    def authenticate(self, credentials: Credentials) -> Principal | None:
        """Who is asking, or None. Reads the database when memory does not know."""
        is_known, principal = self.remembered(credentials)
        if is_known:
            return principal
        key = _strongest(credentials)
        return self._look_up(*key) if key is not None else None

    def forget(self) -> None:
        """Empty the memory; the next request of everybody reads the database."""
        with self._lock:
            self._generation += 1
            self._known.clear()

    def _on_commit(self, versions: Mapping[str, int]) -> None:
        if AUTH_TOPIC in versions:
            self.forget()

    def _look_up(self, kind: str, token: str) -> Principal | None:
        generation = self._generation
        digest = hash_token(token)
        now = self._clock()
        with self._database.read() as session:
            principal = self._load(session, kind, token, now)
        with self._lock:
            # A right that ended while the database was read must not be remembered.
            if generation == self._generation:
                if len(self._known) >= REMEMBER_AT_MOST:
                    self._known.clear()
                self._known[(kind, digest)] = (time.monotonic() + REMEMBER_SECONDS, principal)
        return principal

    def _load(self, session: Session, kind: str, token: str, now: datetime) -> Principal | None:
        if kind == "bearer":
            return self._by_key(session, token, now)
        digest = hash_token(token)
        if kind == "session":
            return self._by_session(session, digest, now)
        if kind == "device":
            return self._by_device(session, digest, now)
        return self._visit(session, digest, now)

    def _by_key(self, session: Session, token: str, now: datetime) -> Principal | None:
        text = KeyText.parse(token)
        key = repository.key_by_prefix(session, text.prefix) if text is not None else None
        if text is None or key is None or not hmac.compare_digest(key.secret_hash, hash_token(text.secret)):
            return None
        if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
            return None
        if _is_old(key.last_used_at, now):
            self._note(lambda writing: _note_key_use(writing, key.id, now))
        return key_principal(key)

    def _by_session(self, session: Session, digest: bytes, now: datetime) -> Principal | None:
        found = repository.session_with_user(session, digest)
        if found is None:
            return None
        record, user = found
        idle = (now - record.last_seen_at).total_seconds()
        if not user.active or record.expires_at <= now or idle > self._settings.session_idle_hours * 3600:
            return None
        if _is_old(record.last_seen_at, now):
            self._note(lambda writing: repository.note_session_use(writing, digest, now))
        return user_principal(user)

    def _by_device(self, session: Session, digest: bytes, now: datetime) -> Principal | None:
        device = repository.device_by_token(session, digest)
        if device is None or device.revoked_at is not None:
            return None
        if _is_old(device.last_seen_at, now):
            self._note(lambda writing: repository.note_device_use(writing, device.id, now))
        return device_principal(device)

    def _note(self, work: Callable[[Session], None]) -> None:
        self._database.submit(work).add_done_callback(_log_failure)


def _note_key_use(session: Session, key_id: int, now: datetime) -> None:
    enrolment.note_first_use(session, key_id, now=now)
    repository.note_key_use(session, key_id, now)


def user_principal(user: User) -> Principal:
    """A person as a caller."""
    return Principal(
        kind="user",
        actor=f"user:{user.login}",
        name=user.name,
        role=user.role,
        customer_id=user.customer_id,
        language=user.language,
        row_id=user.id,
        must_change_password=user.must_change_password,
    )


def key_principal(key: ApiKey) -> Principal:
    """A gateway or another program as a caller."""
    is_gateway = key.gateway is not None
    return Principal(
        kind="gateway" if is_gateway else "key",
        actor=f"gateway:{key.gateway}" if is_gateway else f"key:{key.name}",
        name=key.gateway or key.name,
        gateway=key.gateway,
        scopes=frozenset(key.scopes),
        row_id=key.id,
    )


def device_principal(device: Device) -> Principal:
    """A paired station screen as a caller."""
    return Principal(
        kind="device",
        actor=f"device:{device.id}",
        name=device.name,
        station_key=device.station_key,
        row_id=device.id,
    )


def _strongest(credentials: Credentials) -> tuple[str, str] | None:
    for kind in ("bearer", "session", "device", "visit", "quote"):
        token: str | None = getattr(credentials, kind)
        if token:
            return kind, token
    return None


def _is_old(moment: datetime | None, now: datetime) -> bool:
    return moment is None or (now - moment).total_seconds() >= NOTE_SECONDS


def _log_failure(future: "Future[None]") -> None:
    error = future.exception()
    if error is not None:
        log.warning("A last-seen time was not written: %s", error)
