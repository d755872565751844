"""/api/v1/gateways: the gateways with their health and their keys."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.admin.keys import KeyMade, KeyOut
from server.auth import gateways, keys, repository
from server.auth.http import AdminPrincipal, DatabaseDep, require
from server.auth.keys import MadeKey
from server.auth.models import ApiKey
from server.auth.permissions import Permission
from server.errors import NotFound
from server.http.fields import Name, Shown, Strict
from server.http.paging import After, Keyset, Limit, Number, as_json
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

    @classmethod
    def of(cls, gateway: Gateway, live_keys: list[ApiKey], now: datetime) -> "GatewayOut":
        """The row as it is shown, with its live keys."""
        computed = {"silent", "keys"}
        plain = {name: getattr(gateway, name) for name in cls.model_fields if name not in computed}
        shown = [KeyOut.of(key) for key in live_keys]
        return cls(**plain, silent=gateways.is_silent(gateway, now), keys=shown)


_KEYSET = Keyset(Gateway.id, Gateway.key)


@router.get("", dependencies=readers)
def list_gateways(database: DatabaseDep, after: After = None, limit: Limit = 50) -> dict[str, Any]:
    """All gateways in use, with their last heartbeat."""
    now = utc_now()
    with database.read() as session:
        statement = select(Gateway).where(Gateway.retired_at.is_(None))
        page = _KEYSET.page(session, statement, after=after, limit=limit)
        shown = [
            GatewayOut.of(row, list(repository.live_gateway_keys(session, row.key, now)), now) for row in page.items
        ]
    items = [gateway.model_dump(mode="json") for gateway in shown]
    return as_json(items, more=page.more, name="key")


@router.get("/{key}", dependencies=readers)
def get_gateway(key: Number, database: DatabaseDep) -> GatewayOut:
    """One gateway."""
    now = utc_now()
    with database.read() as session:
        gateway = gateways.get_gateway(session, key)
        return _shown(session, gateway, now)


@router.post("", status_code=201)
def add_gateway(body: GatewayIn, response: Response, database: DatabaseDep, principal: AdminPrincipal) -> KeyMade:
    """Add a gateway; the answer holds its first key, which is shown this once."""
    made = database.write(
        lambda session: gateways.create_gateway(
            session, key=body.key, name=body.name, actor=principal.actor, now=utc_now()
        )
    )
    response.headers["Location"] = f"{router.prefix}/{body.key}"
    return KeyMade.made(made)


@router.post("/{key}/keys", status_code=201)
def add_gateway_key(key: Number, database: DatabaseDep, principal: AdminPrincipal) -> KeyMade:
    """A second key, so that the gateway can change over without missing a scan."""

    def work(session: Session) -> MadeKey:
        gateway = gateways.get_gateway(session, key)
        return keys.create_gateway_key(session, gateway.key, actor=principal.actor, now=utc_now())

    return KeyMade.made(database.write(work))


@router.post("/{key}/keys/{prefix}/revoke")
def revoke_gateway_key(key: Number, prefix: Number, database: DatabaseDep, principal: AdminPrincipal) -> KeyOut:
    """End one key of the gateway at once."""

    def work(session: Session) -> ApiKey:
        found = keys.get_key(session, prefix)
        if found.gateway != key:
            raise NotFound
        keys.revoke_key(session, found, actor=principal.actor, now=utc_now())
        return found

    return KeyOut.of(database.write(work))


@router.post("/{key}/retire", status_code=204)
def retire_gateway(key: Number, database: DatabaseDep, principal: AdminPrincipal) -> None:
    """Take the gateway out of use, with all its keys; what it told stays."""

    def work(session: Session) -> None:
        gateway = gateways.get_gateway(session, key)
        gateways.retire_gateway(session, gateway, actor=principal.actor, now=utc_now())

    database.write(work)


def _shown(session: Session, gateway: Gateway, now: datetime) -> GatewayOut:
    return GatewayOut.of(gateway, list(repository.live_gateway_keys(session, gateway.key, now)), now)
