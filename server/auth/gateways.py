"""Gateways as an administrator sees them: made, given keys, retired."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth import keys, repository
from server.auth.keys import MadeKey
from server.auth.topic import AUTH_TOPIC
from server.db import touch
from server.errors import Conflict, FieldError, Invalid, NotFound
from server.journal.audit import changes, write_audit
from server.journal.models import Gateway
from server.messages import translate as _

#: A gateway speaks every ten seconds; after three missed times it is called silent.
SILENT_AFTER = timedelta(seconds=30)
#: What a gateway is called in gateway.toml, in addresses and in figures.
KEY_FORM = r"^[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?$"
#: Browsers at stations speak under names of their own, so that no screen can pass for a gateway.
BROWSER = "web-"


def gateways(session: Session) -> Sequence[Gateway]:
    """All gateways in use, by key."""
    return session.scalars(select(Gateway).where(Gateway.retired_at.is_(None)).order_by(Gateway.key)).all()


def get_gateway(session: Session, key: str, *, lock: bool = False) -> Gateway:
    """The gateway with this key, in use; raises NotFound. `lock` keeps other writers out."""
    statement = select(Gateway).where(Gateway.key == key)
    gateway = session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if gateway is None or gateway.retired_at is not None:
        raise NotFound
    return gateway


def create_gateway(session: Session, *, key: str, name: str, actor: str, now: datetime) -> MadeKey:
    """A gateway with its first key; raises Invalid, or Conflict for a name that is or was in use."""
    if not re.fullmatch(KEY_FORM, key) or key.startswith(BROWSER):
        raise Invalid(errors=[FieldError("key", _bad_key(key))])
    if session.scalars(select(Gateway.id).where(Gateway.key == key)).first() is not None:
        raise Conflict(_("{key} is taken. Choose another key.").format(key=key), reason="gateway_exists")
    session.add(Gateway(key=key, name=name, created_at=now))
    session.flush()
    write_audit(session, at=now, actor=actor, action="gateway_added", subject=f"gateway:{key}")
    return keys.create_gateway_key(session, key, actor=actor, now=now)


def rename_gateway(session: Session, gateway: Gateway, name: str, *, actor: str, now: datetime) -> None:
    """Give the gateway another name for people; its key stays."""
    detail = changes({"name": gateway.name}, {"name": name})
    gateway.name = name
    gateway.row_version += 1
    session.flush()
    touch(session, "gateways")
    write_audit(session, at=now, actor=actor, action="gateway_changed", subject=f"gateway:{gateway.key}", detail=detail)


def _bad_key(key: str) -> str:
    if key.startswith(BROWSER):
        return _("Keys beginning with web- belong to station screens. Choose another.")
    message = _("Expected 1 to 80 small letters, digits and hyphens such as gw-hall-1, got {key!a}.")
    return message.format(key=key[:80])


def retire_gateway(session: Session, gateway: Gateway, *, actor: str, now: datetime) -> None:
    """End the gateway and all its keys; what it told stays."""
    for key in repository.live_gateway_keys(session, [gateway.key], now)[gateway.key]:
        keys.revoke_key(session, key, actor=actor, now=now)
    gateway.retired_at = now
    session.flush()
    touch(session, AUTH_TOPIC, "gateways")
    write_audit(session, at=now, actor=actor, action="gateway_retired", subject=f"gateway:{gateway.key}")


def is_silent(gateway: Gateway, now: datetime) -> bool:
    """Whether it has not spoken lately, or never."""
    return gateway.last_seen_at is None or now - gateway.last_seen_at > SILENT_AFTER
