"""Station screens: an administrator shows a code, the screen sends it once and holds a token since."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from server.auth import repository
from server.auth.models import Device
from server.auth.tokens import PAIRING_ALPHABET, PAIRING_LENGTH, hash_token, new_pairing_code, new_token
from server.auth.topic import AUTH_TOPIC
from server.db import touch
from server.errors import NotFound, Refused
from server.journal.audit import changes as differences
from server.journal.audit import write_audit
from server.messages import translate as _

PAIRING_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Pairing:
    """A device that waits for its screen; `code` is shown once."""

    device: Device
    code: str


@dataclass(frozen=True, slots=True)
class Paired:
    """A device whose screen has come; `token` goes into its cookie."""

    device: Device
    token: str


def add_device(session: Session, *, name: str, station_key: str | None, actor: str, now: datetime) -> Pairing:
    """A device bound to a station (or to none: the board), with a code that is good for ten minutes."""
    device = Device(name=name, station_key=station_key, created_at=now)
    session.add(device)
    code = _give_code(device, now)
    session.flush()
    detail = {"station": station_key}
    write_audit(session, at=now, actor=actor, action="device_added", subject=f"device:{device.id}", detail=detail)
    return Pairing(device, code)


def change_device(session: Session, device: Device, changes: Mapping[str, Any], *, actor: str, now: datetime) -> None:
    """Give the screen another name or station; raises Refused once it is revoked."""
    if device.revoked_at is not None:
        raise Refused(_("{name} is revoked. Add a new device instead.").format(name=device.name))
    before = {field: getattr(device, field) for field in changes}
    for field, value in changes.items():
        setattr(device, field, value)
    device.row_version += 1
    session.flush()
    touch(session, AUTH_TOPIC)
    detail = differences(before, changes)
    write_audit(session, at=now, actor=actor, action="device_changed", subject=f"device:{device.id}", detail=detail)


def pair_again(session: Session, device: Device, *, actor: str, now: datetime) -> Pairing:
    """A new code for a device whose screen was replaced; the old screen works until the new one comes."""
    if device.revoked_at is not None:
        raise Refused(_("{name} is revoked. Add a new device instead.").format(name=device.name))
    code = _give_code(device, now)
    session.flush()
    write_audit(session, at=now, actor=actor, action="device_code_made", subject=f"device:{device.id}")
    return Pairing(device, code)


def pair(session: Session, code: str, *, now: datetime) -> Paired:
    """Trade the code for a token, once; raises NotFound for a code that is wrong, used or too old."""
    clean = "".join(character for character in code.upper() if character in PAIRING_ALPHABET)
    device = repository.device_by_pairing(session, hash_token(clean)) if len(clean) == PAIRING_LENGTH else None
    expires_at = device.pairing_expires_at if device is not None else None
    if device is None or expires_at is None or expires_at <= now or device.revoked_at is not None:
        raise NotFound(_("This code is wrong or too old. Ask for a new one at the device list."), reason="code_ended")
    token = new_token()
    device.token_hash = hash_token(token)
    device.pairing_hash = device.pairing_expires_at = None
    device.paired_at = device.last_seen_at = now
    session.flush()
    touch(session, AUTH_TOPIC)
    write_audit(session, at=now, actor=f"device:{device.id}", action="device_paired", subject=f"device:{device.id}")
    return Paired(device, token)


def revoke_device(session: Session, device: Device, *, actor: str, now: datetime) -> None:
    """Let the screen open nothing any more, from this commit on."""
    device.revoked_at = now
    device.token_hash = device.pairing_hash = device.pairing_expires_at = None
    session.flush()
    touch(session, AUTH_TOPIC)
    write_audit(session, at=now, actor=actor, action="device_revoked", subject=f"device:{device.id}")


def get_device(session: Session, device_id: int, *, lock: bool = False) -> Device:
    """The device; raises NotFound. `lock` keeps other writers out."""
    device = session.get(Device, device_id, with_for_update=lock or None)
    if device is None:
        raise NotFound
    return device


def _give_code(device: Device, now: datetime) -> str:
    code = new_pairing_code()
    device.pairing_hash = hash_token(code)
    device.pairing_expires_at = now + timedelta(minutes=PAIRING_MINUTES)
    return code
