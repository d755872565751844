"""/api/v1/keys: the keys of other programs and of gateways, by an administrator."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth import keys
from server.auth.http import AdminPrincipal, DatabaseDep, require
from server.auth.keys import MadeKey
from server.auth.models import ApiKey
from server.auth.permissions import Permission
from server.http.door import DoorDep, shown
from server.http.fields import AwareTime, Name, Patch, Shown, Strict
from server.http.idempotency import Answer
from server.http.paging import DEFAULT_LIMIT, After, Keyset, Limit, Number, as_json
from server.http.versions import guard

router = APIRouter(prefix="/api/v1/keys", tags=["keys"], dependencies=[Depends(require(Permission.ADMIN))])


class KeyIn(Strict):
    """A key to be made for another program."""

    name: Name
    scopes: Annotated[list[Permission], Field(min_length=1, max_length=40)]
    expires_at: AwareTime | None = None


class KeyOut(Shown):
    """A key as a list shows it: never its secret."""

    prefix: str
    name: str
    gateway: str | None
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    row_version: int

    @classmethod
    def of(cls, key: ApiKey) -> "KeyOut":
        """The row as it is shown."""
        return cls(**{name: getattr(key, name) for name in KeyOut.model_fields})


class KeyMade(KeyOut):
    """A new key with its text, which is shown this once: a repeated request gets null in its place."""

    key: str | None


class KeyPatch(Patch):
    """What may change about a key; what it opens never does."""

    emptyable = frozenset({"expires_at"})

    name: Name | None = None
    expires_at: AwareTime | None = None


_KEYSET = Keyset(ApiKey.id, ApiKey.prefix)


@router.get("")
def list_keys(database: DatabaseDep, after: After = None, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:
    """All keys, revoked ones too."""
    with database.read() as session:
        page = _KEYSET.page(session, select(ApiKey), after=after, limit=limit)
    items = [KeyOut.of(key).model_dump(mode="json") for key in page.items]
    return as_json(items, more=page.more, name="prefix")


@router.get("/{prefix}", response_model=KeyOut)
def get_key(prefix: Number, database: DatabaseDep) -> JSONResponse:
    """One key, never its secret."""
    with database.read() as session:
        return shown(key_body(keys.get_key(session, prefix)))


@router.post("", status_code=201, response_model=KeyMade)
def make_key(door: DoorDep, principal: AdminPrincipal, body: KeyIn) -> JSONResponse:
    """Make a key; its text is in this answer and nowhere else."""

    def make(session: Session) -> Answer:
        made = keys.create_key(
            session,
            name=body.name,
            scopes=[scope.value for scope in body.scopes],
            expires_at=body.expires_at,
            actor=principal.actor,
            now=door.now,
        )
        return key_made(made)

    return door.post(principal, body, make, named_by="prefix")


@router.patch("/{prefix}", response_model=KeyOut)
def change_key(door: DoorDep, principal: AdminPrincipal, prefix: Number, body: KeyPatch) -> JSONResponse:
    """Give a key another name or end; needs If-Match."""
    expected = door.expected

    def make(session: Session) -> Answer:
        key = keys.get_key(session, prefix)
        wanted = body.model_dump(mode="json", exclude_unset=True)
        guard(prefix, expected=expected, got=key.row_version, wanted=wanted, stored=key_body(key))
        keys.change_key(session, key, body.changed(), actor=principal.actor, now=door.now)
        return Answer(200, key_body(key))

    return door.change(make)


@router.post("/{prefix}/revoke", response_model=KeyOut)
def revoke_key(door: DoorDep, principal: AdminPrincipal, prefix: Number) -> JSONResponse:
    """End a key at once."""

    def make(session: Session) -> Answer:
        key = keys.get_key(session, prefix)
        door.check_if_given(prefix, key.row_version, lambda: key_body(key))
        keys.revoke_key(session, key, actor=principal.actor, now=door.now)
        return Answer(200, key_body(key))

    return door.post(principal, None, make)


def key_body(key: ApiKey) -> dict[str, Any]:
    """The key as an answer shows it."""
    return KeyOut.of(key).model_dump(mode="json")


def key_made(made: MadeKey) -> Answer:
    """The answer to who made a key: the only one that holds its text."""
    return Answer(201, key_body(made.key) | {"key": made.text}, secret=("key",))
