"""/api/v1/keys: the keys of other programs and of gateways, by an administrator."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth import keys
from server.auth.http import AdminPrincipal, DatabaseDep, require
from server.auth.keys import MadeKey
from server.auth.models import ApiKey
from server.auth.permissions import Permission
from server.http.fields import AwareTime, Name, Shown, Strict
from server.http.paging import After, Keyset, Limit, Number, as_json
from server.settings.clock import utc_now

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

    @classmethod
    def of(cls, key: ApiKey) -> "KeyOut":
        """The row as it is shown."""
        return cls(**{name: getattr(key, name) for name in KeyOut.model_fields})


class KeyMade(KeyOut):
    """A new key with its text, which is shown this once."""

    key: str

    @classmethod
    def made(cls, made: MadeKey) -> "KeyMade":
        """The new key."""
        return cls(**KeyOut.of(made.key).model_dump(), key=made.text)


_KEYSET = Keyset(ApiKey.id, ApiKey.prefix)


@router.get("")
def list_keys(database: DatabaseDep, after: After = None, limit: Limit = 50) -> dict[str, Any]:
    """All keys, revoked ones too."""
    with database.read() as session:
        page = _KEYSET.page(session, select(ApiKey), after=after, limit=limit)
    items = [KeyOut.of(key).model_dump(mode="json") for key in page.items]
    return as_json(items, more=page.more, name="prefix")


@router.post("", status_code=201)
def make_key(body: KeyIn, database: DatabaseDep, principal: AdminPrincipal) -> KeyMade:
    """Make a key; its text is in this answer and nowhere else."""

    def work(session: Session) -> MadeKey:
        return keys.create_key(
            session,
            name=body.name,
            scopes=[scope.value for scope in body.scopes],
            expires_at=body.expires_at,
            actor=principal.actor,
            now=utc_now(),
        )

    return KeyMade.made(database.write(work))


@router.post("/{prefix}/revoke")
def revoke_key(prefix: Number, database: DatabaseDep, principal: AdminPrincipal) -> KeyOut:
    """End a key at once."""

    def work(session: Session) -> ApiKey:
        key = keys.get_key(session, prefix)
        keys.revoke_key(session, key, actor=principal.actor, now=utc_now())
        return key

    return KeyOut.of(database.write(work))
