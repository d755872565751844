"""Revisions of products: a draft is changed until it is released; what was current is obsolete then.

>>> next_name("A", {"A"}), next_name("A", {"A", "B"}), next_name("9", {"9"}), next_name("Z", {"Z"})
('B', 'C', '10', 'AA')
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from server.catalog import content as contents
from server.catalog import repository
from server.catalog.models import Product, ProductRevision
from server.catalog.revision_schemas import RevisionIn, RevisionPatch
from server.catalog.schemas import RevisionContent
from server.errors import Conflict, Refused
from server.journal.audit import changes, write_audit
from server.messages import translate as _

MAX_NAME = 20


class RevisionState(StrEnum):
    """Where a revision, or a version of a packaging specification, stands."""

    DRAFT = "draft"
    RELEASED = "released"
    OBSOLETE = "obsolete"


def next_name(name: str, taken: Collection[str]) -> str:
    """The first name after this one that is free: B after A, 10 after 9, A.2 after A.1."""
    while name in taken:
        name = _following(name)
    return name


def _following(name: str) -> str:
    number = re.search(r"\d+$", name)
    if number is not None:
        return f"{name[: number.start()]}{int(number[0]) + 1}"[-MAX_NAME:]
    letters = re.search(r"[A-Z]+$", name)
    if letters is None or len(name) == MAX_NAME:
        return f"{name[: MAX_NAME - 2]}.1"
    ending = letters[0]
    kept = ending.rstrip("Z")
    after = f"{kept[:-1]}{chr(ord(kept[-1]) + 1)}" if kept else "A"
    return f"{name[: letters.start()]}{after}{'A' * (len(ending) - len(kept))}"


# --- drafts ---


def draft_revision(
    session: Session, product: Product, body: RevisionIn, *, actor: str, now: datetime
) -> ProductRevision:
    """A new draft of a wholly loaded product, begun from its current revision; a product has one draft at most."""
    return _draft(session, product, contents.content_of(product), body, actor=actor, now=now)


def change_revision(
    session: Session, product: Product, revision: ProductRevision, patch: RevisionPatch, *, actor: str, now: datetime
) -> ProductRevision:
    """Change a draft; a change of a released or obsolete revision makes a new draft from it."""
    if revision.state != RevisionState.DRAFT:
        return _draft(session, product, revision.content, patch, actor=actor, now=now)
    before = dict(revision.content)
    if patch.name is not None and patch.name != revision.name:
        _require_free(product, patch.name, _names(session, product))
        revision.name = patch.name
    if "note" in patch.model_fields_set:
        revision.note = patch.note
    revision.content = _checked(session, product, revision.content, patch)
    flag_modified(revision, "state")
    session.flush()
    _audit(
        session, product, revision, "revision_changed", actor=actor, now=now, detail=changes(before, revision.content)
    )
    return revision


def release_revision(
    session: Session, product: Product, revision: ProductRevision, *, actor: str, now: datetime
) -> ProductRevision:
    """Make the draft the current revision; work orders that are released already keep their snapshot."""
    _require_draft(product, revision)
    content = RevisionContent.model_validate(revision.content)
    parts = contents.check(session, product.sku, product.kind, content)
    contents.store(session, product, content, parts)
    return _make_current(session, product, revision, actor=actor, now=now)


def withdraw_revision(
    session: Session, product: Product, revision: ProductRevision, *, actor: str, now: datetime
) -> ProductRevision:
    """Give the draft up; it stays as obsolete."""
    _require_draft(product, revision)
    revision.state = RevisionState.OBSOLETE.value
    session.flush()
    _audit(session, product, revision, "revision_withdrawn", actor=actor, now=now)
    return revision


# --- revisions of a product that is changed at once ---


def first_revision(session: Session, product: Product, content: RevisionContent, *, actor: str, now: datetime) -> None:
    """The revision that a new product begins with, released at once."""
    session.add(
        ProductRevision(
            product_id=product.id,
            name=product.revision,
            state=RevisionState.RELEASED.value,
            content=contents.plain_content(content),
            created_at=now,
            created_by=actor,
            released_at=now,
            released_by=actor,
        )
    )
    session.flush()


def revise_at_once(
    session: Session, product: Product, wanted: Mapping[str, Any], name: str | None, *, actor: str, now: datetime
) -> bool:
    """A new revision with these lists, released at once; False when nothing would differ."""
    known = _names(session, product)
    before = contents.content_of(product)
    content = RevisionContent.model_validate(before | dict(wanted))
    if contents.plain_content(content) == before and (name is None or name in known):
        return False
    named = name if name is not None and name not in known else next_name(product.revision, known)
    parts = contents.check(session, product.sku, product.kind, content)
    contents.store(session, product, content, parts)
    revision = ProductRevision(
        product_id=product.id,
        name=named,
        state=RevisionState.DRAFT.value,
        content=contents.plain_content(content),
        created_at=now,
        created_by=actor,
    )
    session.add(revision)
    _make_current(session, product, revision, actor=actor, now=now)
    return True


# --- what the steps above share ---


def _draft(
    session: Session, product: Product, base: Mapping[str, Any], body: RevisionIn, *, actor: str, now: datetime
) -> ProductRevision:
    open_draft = repository.draft_of(session, product.id)
    if open_draft is not None:
        message = _("{product} has a draft already, revision {name}. Change, release or withdraw that one.")
        raise Refused(message.format(product=product.sku, name=open_draft.name), reason="draft_exists")
    known = _names(session, product)
    if body.name is not None:
        _require_free(product, body.name, known)
    revision = ProductRevision(
        product_id=product.id,
        name=body.name or next_name(product.revision, known),
        state=RevisionState.DRAFT.value,
        note=body.note,
        content=_checked(session, product, base, body),
        created_at=now,
        created_by=actor,
    )
    session.add(revision)
    session.flush()
    _audit(session, product, revision, "revision_created", actor=actor, now=now)
    return revision


def _checked(session: Session, product: Product, base: Mapping[str, Any], body: RevisionIn) -> dict[str, Any]:
    given = {name: value for name in contents.LISTS if (value := getattr(body, name)) is not None}
    content = RevisionContent.model_validate(dict(base) | given)
    contents.check(session, product.sku, product.kind, content)
    return contents.plain_content(content)


def _make_current(
    session: Session, product: Product, revision: ProductRevision, *, actor: str, now: datetime
) -> ProductRevision:
    for old in repository.revisions(session, product.id):
        if old.state == RevisionState.RELEASED:
            old.state = RevisionState.OBSOLETE.value
    revision.state = RevisionState.RELEASED.value
    revision.released_at, revision.released_by = now, actor
    product.revision = revision.name
    flag_modified(product, "name")
    session.flush()
    _audit(session, product, revision, "revision_released", actor=actor, now=now)
    return revision


def _require_draft(product: Product, revision: ProductRevision) -> None:
    if revision.state != RevisionState.DRAFT:
        message = _("Revision {name} of {product} is {state} already; only a draft can be released or withdrawn.")
        raise Refused(message.format(name=revision.name, product=product.sku, state=revision.state), reason="no_draft")


def _require_free(product: Product, name: str, known: Collection[str]) -> None:
    if name in known:
        message = _("{product} has a revision {name} already. Choose another name.")
        raise Conflict(message.format(product=product.sku, name=name), reason="number_taken")


def _names(session: Session, product: Product) -> set[str]:
    return {found.name for found in repository.revisions(session, product.id)}


def _audit(
    session: Session,
    product: Product,
    revision: ProductRevision,
    action: str,
    *,
    actor: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    write_audit(session, at=now, actor=actor, action=action, subject=f"{product.sku} {revision.name}", detail=detail)
