"""/api/v1/gateways: the gateways with their health and their keys."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from orderlight.events.commands import Command, Verb
from server.admin.commands import give_command
from server.admin.devices import limit_pairing
from server.admin.keys import KeyMade, KeyOut, key_body, key_made
from server.auth import enrolment, gateways, keys, repository
from server.auth.enrolment import Fingerprint
from server.auth.http import AdminPrincipal, DatabaseDep, require
from server.auth.models import ApiKey
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.errors import Forbidden, NotFound
from server.http.door import DoorDep, shown
from server.http.fields import Name, Patch, Shown, Strict
from server.http.idempotency import Answer
from server.http.paging import DEFAULT_LIMIT, After, Keyset, Limit, Number, as_json
from server.http.versions import guard
from server.journal.models import Gateway
from server.messages import translate as _
from server.settings.clock import utc_now

router = APIRouter(prefix="/api/v1/gateways", tags=["gateways"])
readers = [Depends(require(Permission.FLOOR_READ))]
Speaker = Annotated[Principal, Depends(require(Permission.EVENTS_WRITE))]


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


class NextKey(Strict):
    """What a gateway tells of a key that it made: `ol_<prefix>_<secret>`, the secret only as SHA-256 in hex."""

    prefix: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{8}$")]
    secret_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

    @property
    def shown(self) -> Fingerprint:
        """The same as bytes."""
        return Fingerprint(self.prefix, bytes.fromhex(self.secret_sha256))


class Enrolment(NextKey):
    """The same, with the code that an administrator read out."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class KeyTaken(Shown):
    """Whose key it is, and when it was taken."""

    gateway: str
    prefix: str
    created_at: datetime

    @classmethod
    def of(cls, key: ApiKey) -> "KeyTaken":
        """The row as it is shown."""
        return cls(gateway=key.gateway or "", prefix=key.prefix, created_at=key.created_at)


class CodeMade(Shown):
    """A one-time code; a repeated request gets null in its place."""

    gateway: str
    code: str | None
    expires_at: datetime | None


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


@router.post("/{key}/code", response_model=CodeMade)
def make_code(door: DoorDep, principal: AdminPrincipal, key: Number) -> JSONResponse:
    """A one-time code, with which the gateway brings a key of its own; shown this once."""

    def make(session: Session) -> Answer:
        gateway = gateways.get_gateway(session, key, lock=True)
        code = enrolment.make_code(session, gateway, actor=principal.actor, now=door.now)
        made = CodeMade(gateway=key, code=code, expires_at=gateway.enrol_expires_at)
        return Answer(200, made.model_dump(mode="json"), secret=("code",))

    return door.post(principal, None, make)


@router.post("/enrol")
def enrol(body: Enrolment, request: Request, database: DatabaseDep) -> KeyTaken:
    """A gateway without a key trades its code for the right to speak; it keeps the secret, and tells its hash."""
    limit_pairing(request)
    now = utc_now()
    return database.write(lambda session: KeyTaken.of(enrolment.enrol(session, body.code, body.shown, now=now)))


@router.post("/{key}/next-key")
def bring_next_key(body: NextKey, database: DatabaseDep, principal: Speaker, key: Number) -> KeyTaken:
    """The key that a gateway will use from now on; the one it comes with ends when the new one is first used."""
    if principal.gateway != key:
        raise Forbidden(_("This key speaks for another gateway."), reason="wrong_gateway")
    now = utc_now()
    return database.write(
        lambda session: KeyTaken.of(enrolment.bring_next(session, principal.row_id, body.shown, now=now))
    )


class CommandIn(Strict):
    """What a gateway shall do; without a device it means all of them."""

    command: Verb
    device: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None


class CommandDone(Shown):
    """What became of it: `done` is false where the gateway refused, and `say` tells why."""

    done: bool
    say: str


@router.post("/{key}/commands")
async def command_gateway(
    request: Request, database: DatabaseDep, principal: AdminPrincipal, key: Number, body: CommandIn
) -> CommandDone:
    """Let a gateway identify, pause, resume or reload; only where it is connected through a broker."""
    command = Command(body.command, body.device)
    result = await give_command(database, request.app.state.broker, key, command, actor=principal.actor)
    return CommandDone(done=result.done, say=result.say)


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
