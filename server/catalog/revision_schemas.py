"""What programs send and get about revisions of products."""

from datetime import datetime
from typing import Any, Self

from server.catalog.models import ProductRevision
from server.catalog.option_schemas import OptionRules, Options
from server.catalog.schemas import Bom, Revision, Routing
from server.http.fields import Note, Patch, Shown, Strict


class RevisionIn(Strict):
    """A new draft: what is left out comes from the current revision."""

    name: Revision | None = None
    note: Note | None = None
    bom: Bom | None = None
    routing: Routing | None = None
    options: Options | None = None
    option_rules: OptionRules | None = None


class RevisionPatch(Patch, RevisionIn):
    """What may change about a draft; a change of a released revision makes a new draft."""

    emptyable = frozenset({"note"})


class RevisionOut(Shown):
    """A revision of a product."""

    name: str
    state: str
    note: str | None
    created_at: datetime
    created_by: str
    released_at: datetime | None
    released_by: str | None
    content: dict[str, Any]
    row_version: int

    @classmethod
    def of(cls, revision: ProductRevision) -> Self:
        """The answer for a revision."""
        return cls(**{field: getattr(revision, field) for field in cls.model_fields})


class RevisionList(Shown):
    """All revisions of a product, newest first."""

    items: list[RevisionOut]
    next: None = None
