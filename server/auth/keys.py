"""Keys of programs and gateways: shown once, kept as a hash, revoked at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.auth import repository
from server.auth.models import ApiKey
from server.auth.permissions import GATEWAY_SCOPES, KEY_SCOPES
from server.auth.tokens import KeyText, hash_token
from server.auth.topic import AUTH_TOPIC
from server.db import touch
from server.errors import Conflict, FieldError, Invalid, NotFound, Refused
from server.journal.audit import changes as differences
from server.journal.audit import write_audit
from server.messages import translate as _

#: While a gateway changes over, the old key and the new one both open the door.
LIVE_GATEWAY_KEYS = 2


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key; `text` is shown once and never again."""

    key: ApiKey
    text: str


def create_key(
    session: Session,
    *,
    name: str,
    scopes: Sequence[str],
    actor: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> MadeKey:
    """A key for another program; raises Invalid for a scope that keys cannot have."""
    unknown = sorted(set(scopes) - set(KEY_SCOPES))
    if unknown or not scopes:
        known = ", ".join(sorted(KEY_SCOPES))
        message = _("Expected one or more of {known}; got {got}.").format(known=known, got=", ".join(unknown) or "-")
        raise Invalid(errors=[FieldError("scopes", message)])
    _require_to_come(expires_at, now)
    return _make(session, ApiKey(name=name, scopes=sorted(set(scopes)), created_at=now, expires_at=expires_at), actor)


def create_gateway_key(session: Session, gateway: str, *, actor: str, now: datetime) -> MadeKey:
    """Another key for the gateway; raises Conflict while two are live already."""
    if len(repository.live_gateway_keys(session, [gateway], now)[gateway]) >= LIVE_GATEWAY_KEYS:
        message = _("{gateway} has two live keys. Revoke the one it no longer uses, then make a new one.")
        raise Conflict(message.format(gateway=gateway), reason="two_live_keys")
    return _make(session, ApiKey(name=gateway, gateway=gateway, scopes=list(GATEWAY_SCOPES), created_at=now), actor)


def change_key(session: Session, key: ApiKey, changes: Mapping[str, Any], *, actor: str, now: datetime) -> None:
    """Give the key another name or another end; raises Invalid for an end that is past, Refused once it is revoked."""
    if key.revoked_at is not None:
        raise Refused(_("The key {prefix} is revoked. Make a new one.").format(prefix=key.prefix), reason="is_revoked")
    _require_to_come(changes.get("expires_at"), now)
    before = {field: getattr(key, field) for field in changes}
    for field, value in changes.items():
        setattr(key, field, value)
    session.flush()
    touch(session, AUTH_TOPIC, *(["gateways"] if key.gateway else []))
    detail = differences(_plain(before), _plain(changes))
    write_audit(session, at=now, actor=actor, action="key_changed", subject=_subject(key), detail=detail)


def revoke_key(session: Session, key: ApiKey, *, actor: str, now: datetime) -> None:
    """Let the key open nothing any more, from this commit on."""
    if key.revoked_at is None:
        key.revoked_at = now
        session.flush()
        touch(session, AUTH_TOPIC, *(["gateways"] if key.gateway else []))
        write_audit(session, at=now, actor=actor, action="key_revoked", subject=_subject(key))


def get_key(session: Session, prefix: str) -> ApiKey:
    """The key with this prefix, with or without `ol_` before it; raises NotFound."""
    key = repository.key_by_prefix(session, prefix.removeprefix("ol_"))
    if key is None:
        raise NotFound
    return key


def _make(session: Session, key: ApiKey, actor: str) -> MadeKey:
    text = KeyText.new()
    key.prefix, key.secret_hash = text.prefix, hash_token(text.secret)
    session.add(key)
    session.flush()
    touch(session, AUTH_TOPIC, *(["gateways"] if key.gateway else []))
    detail = {"scopes": key.scopes}
    write_audit(session, at=key.created_at, actor=actor, action="key_made", subject=_subject(key), detail=detail)
    return MadeKey(key, str(text))


def _require_to_come(end: datetime | None, now: datetime) -> None:
    if end is not None and end <= now:
        raise Invalid(errors=[FieldError("expires_at", _("This time is past. Give one to come, or none."))])


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _subject(key: ApiKey) -> str:
    return f"gateway:{key.gateway}/{key.prefix}" if key.gateway else f"key:{key.prefix}"
