"""A gateway's own keys: it makes the secret itself and tells only the fingerprint.

So no answer of ours can be lost that mattered: whoever asks again with the same key finds it in place. A one-time code
lets a gateway in that has no key yet; a key that is live lets it bring the next one.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from server.auth import repository
from server.auth.keys import LIVE_GATEWAY_KEYS, revoke_key
from server.auth.models import ApiKey
from server.auth.permissions import GATEWAY_SCOPES
from server.auth.tokens import PAIRING_ALPHABET, PAIRING_LENGTH, hash_token, new_pairing_code
from server.auth.topic import AUTH_TOPIC
from server.db import touch
from server.errors import Conflict, NotFound, Refused
from server.journal.audit import write_audit
from server.journal.models import Gateway
from server.messages import translate as _

CODE_MINUTES: Final = 15
#: A key that the gateway brought and never used ends by itself after this; the one before stays.
UNUSED_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a gateway tells of a key that it made: the public prefix, and the SHA-256 of the secret."""

    prefix: str
    secret_hash: bytes


def make_code(session: Session, gateway: Gateway, *, actor: str, now: datetime) -> str:
    """A one-time code for the gateway, in place of one made before; it is shown once and kept as a hash."""
    code = new_pairing_code()
    gateway.enrol_hash, gateway.enrol_prefix = hash_token(code), None
    gateway.enrol_expires_at = now + timedelta(minutes=CODE_MINUTES)
    session.flush()
    write_audit(session, at=now, actor=actor, action="gateway_code_made", subject=f"gateway:{gateway.key}")
    return code


def enrol(session: Session, code: str, shown: Fingerprint, *, now: datetime) -> ApiKey:
    """Take the gateway's key in exchange for the code; raises NotFound for a code that is wrong, used or too old.

    The same key may come again while the code lives: then its answer was lost.
    """
    gateway = _gateway_of(session, code, now)
    if gateway is None or gateway.enrol_prefix not in (None, shown.prefix):
        message = _("This code is wrong, used or too old. Ask for a new one at the gateway's page.")
        raise NotFound(message, reason="code_ended")
    found = _same(session, gateway.key, shown, now)
    if found is not None:
        return found
    gateway.enrol_prefix = shown.prefix
    _make_room(session, gateway.key, now)
    return _take(session, gateway.key, shown, None, now)


def bring_next(session: Session, key_id: int | None, shown: Fingerprint, *, now: datetime) -> ApiKey:
    """Take the key that shall follow the one it comes with, which ends when the new one is first used."""
    present = session.get_one(ApiKey, key_id)
    assert present.gateway is not None
    found = _same(session, present.gateway, shown, now)
    if found is not None:
        if found.last_used_at is None and found.id != present.id:
            found.expires_at = now + timedelta(days=UNUSED_DAYS)
        return found
    live = repository.live_gateway_keys(session, [present.gateway], now)[present.gateway]
    for key in live:
        if key.replaces_id == present.id and key.last_used_at is None:
            # The gateway lost the key that it brought before, and brings another.
            revoke_key(session, key, actor=f"gateway:{present.gateway}", now=now)
    _require_room(present.gateway, live)
    return _take(session, present.gateway, shown, present.id, now)


def note_first_use(session: Session, key_id: int, *, now: datetime) -> None:
    """The key was used for the first time: it stays, and the one it follows ends."""
    key = session.get_one(ApiKey, key_id)
    if key.replaces_id is None or key.last_used_at is not None:
        return
    before = session.get(ApiKey, key.replaces_id)
    key.expires_at = None
    if before is not None:
        revoke_key(session, before, actor=f"gateway:{key.gateway}", now=now)


def _gateway_of(session: Session, code: str, now: datetime) -> Gateway | None:
    clean = "".join(character for character in code.upper() if character in PAIRING_ALPHABET)
    gateway = repository.gateway_by_code(session, hash_token(clean)) if len(clean) == PAIRING_LENGTH else None
    if gateway is None or gateway.retired_at is not None:
        return None
    return gateway if gateway.enrol_expires_at is not None and gateway.enrol_expires_at > now else None


def _same(session: Session, gateway: str, shown: Fingerprint, now: datetime) -> ApiKey | None:
    """The very key, where it is in place already; raises Refused where the prefix is another key's, or it ended."""
    found = repository.key_by_prefix(session, shown.prefix)
    if found is None:
        return None
    is_same = found.gateway == gateway and hmac.compare_digest(found.secret_hash, shown.secret_hash)
    is_over = found.expires_at is not None and found.expires_at <= now and found.last_used_at is not None
    if not is_same or found.revoked_at is not None or is_over:
        raise Refused(_("Another key has this name. Make a new key and try again."), reason="prefix_taken")
    return found


def _make_room(session: Session, gateway: str, now: datetime) -> None:
    """A gateway that comes by a code has none of the keys that were never used; raises Conflict where two are used."""
    live = repository.live_gateway_keys(session, [gateway], now)[gateway]
    for key in live:
        if key.last_used_at is None:
            revoke_key(session, key, actor=f"gateway:{gateway}", now=now)
    _require_room(gateway, live)


def _require_room(gateway: str, live: Sequence[ApiKey]) -> None:
    if len([key for key in live if key.revoked_at is None]) >= LIVE_GATEWAY_KEYS:
        message = _("{gateway} has two live keys. Revoke the one it no longer uses, then try again.")
        raise Conflict(message.format(gateway=gateway), reason="two_live_keys")


def _take(session: Session, gateway: str, shown: Fingerprint, replaces: int | None, now: datetime) -> ApiKey:
    key = ApiKey(
        name=gateway,
        gateway=gateway,
        prefix=shown.prefix,
        secret_hash=shown.secret_hash,
        scopes=list(GATEWAY_SCOPES),
        created_at=now,
        expires_at=now + timedelta(days=UNUSED_DAYS) if replaces is not None else None,
        replaces_id=replaces,
    )
    session.add(key)
    session.flush()
    touch(session, AUTH_TOPIC, "gateways")
    action = "key_brought" if replaces is not None else "gateway_enrolled"
    write_audit(session, at=now, actor=f"gateway:{gateway}", action=action, subject=f"gateway:{gateway}/{key.prefix}")
    return key
