"""Pictures of how something is packed, each stored once under the hash of its bytes."""

import base64
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from server.catalog.models import PackagingPicture
from server.catalog.picture_bytes import Picture
from server.errors import FieldError, Invalid
from server.journal.audit import write_audit
from server.messages import translate as _


def store_picture(session: Session, picture: Picture, *, actor: str, now: datetime) -> str:
    """The hash under which it is kept; the same picture is kept once, however many send it at the same time."""
    insert = postgres_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    values = {
        "hash": picture.hash,
        "kind": picture.kind,
        "width": picture.width,
        "height": picture.height,
        "size": len(picture.content),
        "content": picture.content,
        "created_at": now,
        "created_by": actor,
    }
    stored = session.scalar(
        insert(PackagingPicture).values(values).on_conflict_do_nothing().returning(PackagingPicture.hash)
    )
    if stored is not None:
        write_audit(session, at=now, actor=actor, action="picture_stored", subject=stored[:12])
    return picture.hash


def picture_of(session: Session, name: str) -> PackagingPicture | None:
    """The picture with this hash."""
    return session.get(PackagingPicture, name)


def require_picture(session: Session, name: str | None, *, field: str = "picture") -> None:
    """Raises Invalid when there is no picture of this hash; None stands for no picture at all."""
    if name is None:
        return
    if session.scalar(select(PackagingPicture.hash).where(PackagingPicture.hash == name)) is None:
        message = _("There is no such picture. Send it to /packaging-pictures first and name the hash of the answer.")
        raise Invalid(errors=[FieldError(field, message, "unknown")])


def data_uri(session: Session, name: str | None) -> str | None:
    """The picture within an address, for paper that is printed without asking for anything."""
    found = picture_of(session, name) if name is not None else None
    if found is None:
        return None
    return f"data:{found.kind};base64,{base64.b64encode(found.content).decode('ascii')}"
