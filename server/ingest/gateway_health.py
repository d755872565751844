"""A gateway's heartbeat: that it lives, how it is, and how far its clock is from ours."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from orderlight.events import EventError, storable
from orderlight.events.fields import moment
from server.auth.models import ApiKey
from server.db import touch
from server.errors import Invalid, NotFound
from server.journal.lives import as_stored, doubles, read_lives, sentence, with_life
from server.journal.models import EventSource, Gateway

MAX_BYTES = 64 * 1024
#: A heartbeat holds lists of devices, not documents.
_DEPTH = 6


def parse_health(body: bytes) -> dict[str, Any]:
    """The heartbeat as an object that every database can hold; raises Invalid."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid("A heartbeat is a JSON object.", reason="json_invalid") from error
    if not isinstance(told, dict):
        raise Invalid("A heartbeat is a JSON object.", reason="json_invalid")
    cleaned: dict[str, Any] = _clean(told, 0)
    return cleaned


def _clean(value: Any, depth: int) -> Any:
    if depth > _DEPTH:
        raise Invalid(f"A heartbeat has at most {_DEPTH} levels.", reason="too_deep")
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, Mapping):
        return {storable(str(name)): _clean(item, depth + 1) for name, item in value.items()}
    return [_clean(item, depth + 1) for item in value] if isinstance(value, list) else value


class Noted(NamedTuple):
    """What the gateway is answered: when the key it came with was made, and what its keeper should know."""

    key_made_at: datetime | None
    notice: str | None


class Speaker(NamedTuple):
    """Who brought a heartbeat: from where, and with which key."""

    address: str
    key_id: int | None = None


def beat(session: Session, key: str, told: dict[str, Any], speaker: Speaker, *, now: datetime) -> Noted:
    """Note the heartbeat of a gateway in use; raises NotFound."""
    gateway = session.scalars(select(Gateway).where(Gateway.key == key)).one_or_none()
    if gateway is None or gateway.retired_at is not None:
        raise NotFound
    gateway.last_seen_at = now
    # Batches do not write to the gateway's row, for many may be under way; its sources know when they spoke.
    spoke = select(func.max(EventSource.last_seen_at)).where(EventSource.gateway == key, EventSource.max_sequence > 0)
    gateway.last_event_at = session.scalar(spoke)
    lives = with_life(read_lives((gateway.health or {}).get("lives")), told, speaker.address, now)
    gateway.health = {**told, "lives": as_stored(lives)}
    gateway.clock_offset_seconds = _offset(told.get("clock"), now)
    touch(session, "gateways")
    made_at: datetime | None = session.scalar(select(ApiKey.created_at).where(ApiKey.id == speaker.key_id))
    return Noted(made_at, sentence(gateway.key, doubles(lives, now)))


def _offset(clock: Any, now: datetime) -> float | None:
    """The gateway's clock minus ours, in seconds; None when it does not tell its time."""
    try:
        return (moment("clock", clock) - now).total_seconds()
    except EventError:
        return None
