"""/api/v1/devices: station screens, and the door at which a screen trades its code for a token."""

from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import StringConstraints
from sqlalchemy.orm import Session

from server.auth import devices, repository
from server.auth.authenticate import StationCheck
from server.auth.cookies import set_device_cookie
from server.auth.devices import Pairing
from server.auth.http import AdminPrincipal, DatabaseDep, SettingsDep, client_address
from server.auth.limiter import Limiter, network_of
from server.auth.models import Device
from server.errors import FieldError, Invalid, TooMany
from server.http.door import DoorDep, shown
from server.http.fields import Key, Name, Patch, Shown, Strict
from server.http.idempotency import Answer
from server.http.paging import as_json
from server.http.versions import guard
from server.messages import translate as _
from server.settings.clock import utc_now

router = APIRouter(prefix="/api/v1/devices", tags=["devices"])

DeviceId = Annotated[int, Path(ge=1, le=2**31 - 1)]


class DeviceIn(Strict):
    """A screen to be expected; without a station it shows the board."""

    name: Name
    station: Key | None = None


class Code(Strict):
    """The code an administrator read out."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class DeviceOut(Shown):
    """A screen, without its token."""

    id: int
    name: str
    station: str | None
    created_at: datetime
    paired_at: datetime | None
    last_seen_at: datetime | None
    revoked_at: datetime | None
    pairing_expires_at: datetime | None
    row_version: int

    @classmethod
    def of(cls, device: Device) -> "DeviceOut":
        """The row as it is shown."""
        plain = {name: getattr(device, name) for name in DeviceOut.model_fields if name != "station"}
        return cls(**plain, station=device.station_key)


class PairingOut(DeviceOut):
    """A screen that is awaited, with the code to type in there; a repeated request gets null in its place."""

    code: str | None


class DevicePatch(Patch):
    """What may change about a screen; without a station it shows the board."""

    emptyable = frozenset({"station"})

    name: Name | None = None
    station: Key | None = None


@router.get("")
def list_devices(database: DatabaseDep, _admin: AdminPrincipal) -> dict[str, Any]:
    """All screens, newest first."""
    with database.read() as session:
        rows = repository.devices(session)
    return as_json([DeviceOut.of(device).model_dump(mode="json") for device in rows], more=False)


@router.get("/{device_id}", response_model=DeviceOut)
def get_device(device_id: DeviceId, database: DatabaseDep, _admin: AdminPrincipal) -> JSONResponse:
    """One screen."""
    with database.read() as session:
        return shown(_body(devices.get_device(session, device_id)))


@router.post("", status_code=201, response_model=PairingOut)
def add_device(door: DoorDep, principal: AdminPrincipal, request: Request, body: DeviceIn) -> JSONResponse:
    """Expect a screen at a station; the code in the answer is good for ten minutes."""

    def make(session: Session) -> Answer:
        _require_station(request, session, body.station)
        made = devices.add_device(
            session, name=body.name, station_key=body.station, actor=principal.actor, now=door.now
        )
        return _pairing(made, 201)

    return door.post(principal, body, make, named_by="id")


@router.patch("/{device_id}", response_model=DeviceOut)
def change_device(
    door: DoorDep, principal: AdminPrincipal, request: Request, device_id: DeviceId, body: DevicePatch
) -> JSONResponse:
    """Give a screen another name or station; needs If-Match. What it shows follows at its next page."""
    expected = door.expected

    def make(session: Session) -> Answer:
        device = devices.get_device(session, device_id, lock=True)
        wanted = body.model_dump(mode="json", exclude_unset=True)
        guard(device.name, expected=expected, got=device.row_version, wanted=wanted, stored=_body(device))
        _require_station(request, session, body.station)
        changes = {"station_key" if field == "station" else field: value for field, value in body.changed().items()}
        devices.change_device(session, device, changes, actor=principal.actor, now=door.now)
        return Answer(200, _body(device))

    return door.change(make)


@router.post("/pair")
def pair(body: Code, request: Request, response: Response, database: DatabaseDep, settings: SettingsDep) -> DeviceOut:
    """Make this browser the screen the code was made for; the answer sets its cookie."""
    limit_pairing(request)
    paired = database.write(lambda session: devices.pair(session, body.code, now=utc_now()))
    set_device_cookie(response, paired.token, settings)
    return DeviceOut.of(paired.device)


@router.post("/{device_id}/pair-again", response_model=PairingOut)
def pair_again(door: DoorDep, principal: AdminPrincipal, device_id: DeviceId) -> JSONResponse:
    """A new code for a screen that was replaced."""

    def make(session: Session) -> Answer:
        device = devices.get_device(session, device_id)
        return _pairing(devices.pair_again(session, device, actor=principal.actor, now=door.now), 200)

    return door.post(principal, None, make)


@router.post("/{device_id}/revoke", response_model=DeviceOut)
def revoke_device(door: DoorDep, principal: AdminPrincipal, device_id: DeviceId) -> JSONResponse:
    """End a screen at once."""

    def make(session: Session) -> Answer:
        device = devices.get_device(session, device_id)
        door.check_if_given(device.name, device.row_version, lambda: _body(device))
        devices.revoke_device(session, device, actor=principal.actor, now=door.now)
        return Answer(200, _body(device))

    return door.post(principal, None, make)


def _body(device: Device) -> dict[str, Any]:
    return DeviceOut.of(device).model_dump(mode="json")


def _pairing(pairing: Pairing, status: int) -> Answer:
    return Answer(status, _body(pairing.device) | {"code": pairing.code}, secret=("code",))


def _require_station(request: Request, session: Session, key: str | None) -> None:
    station_exists = cast(StationCheck, request.app.state.station_exists)
    if key is not None and not station_exists(session, key):
        message = _("There is no station {key}. Create it first.").format(key=key)
        raise Invalid(errors=[FieldError("station", message, "unknown_station")])


def limit_pairing(request: Request) -> None:
    """Ten tries a minute for one address, so that codes cannot be guessed; raises TooMany."""
    limiter = cast(Limiter, request.app.state.pairing_limiter)
    wait = limiter.try_once(network_of(client_address(request)))
    if wait:
        raise TooMany(retry_after=int(wait) + 1, reason="too_many_codes")
