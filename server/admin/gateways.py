"""/api/v1/gateways: the gateways with their health and their keys."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.admin.keys import KeyMade, KeyOut, key_body, key_made
from server.auth import gateways, keys, repository
from server.auth.http import AdminPrincipal, DatabaseDep, require
from server.auth.models import ApiKey
from server.auth.permissions import Permission
from server.errors import NotFound
from server.http.door import DoorDep, shown
from server.http.fields import Name, Patch, Shown, Strict
from server.http.idempotency import Answer
from server.http.paging import DEFAULT_LIMIT, After, Keyset, Limit, Number, as_json
from server.http.versions import guard
from server.journal.models import Gateway
from server.settings.clock import utc_now

router = APIRouter(prefix="/api/v1/gateways", tags=["gateways"])
readers = [Depends(require(Permission.FLOOR_READ))]


#: The name in gateway.toml.
GatewayKey = Annotated[str, StringConstraints(pattern=gateways.KEY_FORM)]


class GatewayIn(Strict):
    """A gateway to be expected."""

    key: GatewayKey
    name: Name


class GatewayPatch(Patch):
    """What may change about a gateway; its key is what it calls itself."""

    name: Name | None = None


class GatewayOut(Shown):
    """A gateway and how it is."""

    key: str
    name: str
    created_at: datetime
    last_seen_at: datetime | None
    last_event_at: datetime | None
    silent: bool
    clock_offset_seconds: float | None
    health: dict[str, Any] | None
    keys: list[KeyOut]
    row_version: int

    @classmethod
    def of(cls, gateway: Gateway, live_keys: list[ApiKey], now: datetime) -> "GatewayOut":
        """The row as it is shown, with its live keys."""
        computed = {"silent", "keys"}
        plain = {name: getattr(gateway, name) for name in cls.model_fields if name not in computed}
        shown = [KeyOut.of(key) for key in live_keys]
        return cls(**plain, silent=gateways.is_silent(gateway, now), keys=shown)


_KEYSET = Keyset(Gateway.id, Gateway.key)


@router.get("", dependencies=readers)
def list_gateways(database: DatabaseDep, after: After = None, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:
    """All gateways in use, with their last heartbeat."""
    now = utc_now()
    with database.read() as session:
        statement = select(Gateway).where(Gateway.retired_at.is_(None))
        page = _KEYSET.page(session, statement, after=after, limit=limit)
        live = repository.live_gateway_keys(session, [row.key for row in page.items], now)
        shown = [GatewayOut.of(row, live[row.key], now) for row in page.items]
    items = [gateway.model_dump(mode="json") for gateway in shown]
    return as_json(items, more=page.more, name="key")


@router.get("/{key}", response_model=GatewayOut, dependencies=readers)
def get_gateway(key: Number, database: DatabaseDep) -> JSONResponse:
    """One gateway."""
    with database.read() as session:
        return shown(_body(session, gateways.get_gateway(session, key), utc_now()))


@router.post("", status_code=201, response_model=KeyMade)
def add_gateway(door: DoorDep, principal: AdminPrincipal, body: GatewayIn) -> JSONResponse:
    """Add a gateway; the answer holds its first key, which is shown this once."""

    def make(session: Session) -> Answer:
        made = gateways.create_gateway(session, key=body.key, name=body.name, actor=principal.actor, now=door.now)
        return key_made(made)

    return door.post(principal, body, make, named_by="gateway")


@router.patch("/{key}", response_model=GatewayOut)
def change_gateway(door: DoorDep, principal: AdminPrincipal, key: Number, body: GatewayPatch) -> JSONResponse:
    """Give a gateway another name; needs If-Match."""
    expected = door.expected

    def make(session: Session) -> Answer:
        gateway = gateways.get_gateway(session, key, lock=True)
        wanted = body.model_dump(mode="json", exclude_unset=True)
        stored = _body(session, gateway, door.now)
        guard(key, expected=expected, got=gateway.row_version, wanted=wanted, stored=stored)
        gateways.rename_gateway(session, gateway, body.name or gateway.name, actor=principal.actor, now=door.now)
        return Answer(200, _body(session, gateway, door.now))

    return door.change(make)


@router.post("/{key}/keys", status_code=201, response_model=KeyMade)
def add_gateway_key(door: DoorDep, principal: AdminPrincipal, key: Number) -> JSONResponse:
    """A second key, so that the gateway can change over without missing a scan."""

    def make(session: Session) -> Answer:
        gateway = gateways.get_gateway(session, key)
        return key_made(keys.create_gateway_key(session, gateway.key, actor=principal.actor, now=door.now))

    return door.post(principal, None, make, named_by="prefix")


@router.post("/{key}/keys/{prefix}/revoke", response_model=KeyOut)
def revoke_gateway_key(door: DoorDep, principal: AdminPrincipal, key: Number, prefix: Number) -> JSONResponse:
    """End one key of the gateway at once."""

    def make(session: Session) -> Answer:
        found = keys.get_key(session, prefix)
        if found.gateway != key:
            raise NotFound
        keys.revoke_key(session, found, actor=principal.actor, now=door.now)
        return Answer(200, key_body(found))

    return door.post(principal, None, make)


@router.post("/{key}/retire", status_code=204)
def retire_gateway(door: DoorDep, principal: AdminPrincipal, key: Number) -> None:
    """Take the gateway out of use, with all its keys; what it told stays."""

    def make(session: Session) -> Answer:
        gateway = gateways.get_gateway(session, key)
        gateways.retire_gateway(session, gateway, actor=principal.actor, now=door.now)
        return Answer(204, {})

    door.post(principal, None, make)


def _body(session: Session, gateway: Gateway, now: datetime) -> dict[str, Any]:
    live = repository.live_gateway_keys(session, [gateway.key], now)[gateway.key]
    return GatewayOut.of(gateway, live, now).model_dump(mode="json")
