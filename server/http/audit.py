"""Who changed master data: one line in the audit for each change that is no production fact."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.journal.models import Audit


def note(
    session: Session, action: str, subject: str, *, actor: str, now: datetime, detail: Mapping[str, Any] | None = None
) -> None:
    """Add a line to the audit; it becomes durable with the change it tells of."""
    session.add(
        Audit(
            at=now, actor=actor, action=action, subject=subject[:120], detail=None if detail is None else dict(detail)
        )
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What differs, as {"before": {...}, "after": {...}} with the differing fields alone."""
    differing = [field for field in after if before.get(field) != after[field]]
    return {
        "before": {field: before.get(field) for field in differing},
        "after": {field: after[field] for field in differing},
    }
