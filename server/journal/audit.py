"""Writing the audit: who did what beside production facts, in the transaction that does it."""

from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.journal.models import Audit

#: The request in whose course things are done; the envelope sets it, the log names it, too.
REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)


def write_audit(
    session: Session,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Append one row, such as `actor="user:anna", action="key_created", subject="key:mes"`. Never holds a secret."""
    session.add(
        Audit(
            at=at,
            actor=actor[:120],
            action=action,
            subject=subject[:120],
            detail=dict(detail) if detail is not None else None,
            request_id=REQUEST_ID.get(),
        )
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What differs, as {"before": {...}, "after": {...}} with the differing fields alone."""
    differing = [field for field in after if before.get(field) != after[field]]
    return {
        "before": {field: before.get(field) for field in differing},
        "after": {field: after[field] for field in differing},
    }
