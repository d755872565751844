"""/api/v1/devices: station screens, and the door at which a screen trades its code for a token."""

from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Request, Response
from pydantic import StringConstraints
from sqlalchemy.orm import Session

from server.auth import devices, repository
from server.auth.authenticate import StationCheck
from server.auth.cookies import set_device_cookie
from server.auth.devices import Pairing
from server.auth.http import AdminPrincipal, DatabaseDep, SettingsDep, client_address
from server.auth.limiter import Limiter
from server.auth.models import Device
from server.errors import FieldError, Invalid, TooMany
from server.http.fields import Key, Name, Shown, Strict
from server.http.paging import as_json
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

    @classmethod
    def of(cls, device: Device) -> "DeviceOut":
        """The row as it is shown."""
        plain = {name: getattr(device, name) for name in DeviceOut.model_fields if name != "station"}
        return cls(**plain, station=device.station_key)


class PairingOut(DeviceOut):
    """A screen that is awaited, with the code to type in there."""

    code: str

    @classmethod
    def made(cls, pairing: Pairing) -> "PairingOut":
        """The device with its code."""
        return cls(**DeviceOut.of(pairing.device).model_dump(), code=pairing.code)


@router.get("")
def list_devices(database: DatabaseDep, _admin: AdminPrincipal) -> dict[str, Any]:
    """All screens, newest first."""
    with database.read() as session:
        rows = repository.devices(session)
    return as_json([DeviceOut.of(device).model_dump(mode="json") for device in rows], more=False)


@router.post("", status_code=201)
def add_device(body: DeviceIn, request: Request, database: DatabaseDep, principal: AdminPrincipal) -> PairingOut:
    """Expect a screen at a station; the code in the answer is good for ten minutes."""
    station_exists = cast(StationCheck, request.app.state.station_exists)

    def work(session: Session) -> Pairing:
        if body.station is not None and not station_exists(session, body.station):
            message = f"There is no station {body.station}. Make it first."
            raise Invalid(errors=[FieldError("station", message, "unknown_station")])
        return devices.add_device(
            session, name=body.name, station_key=body.station, actor=principal.actor, now=utc_now()
        )

    return PairingOut.made(database.write(work))


@router.post("/pair")
def pair(body: Code, request: Request, response: Response, database: DatabaseDep, settings: SettingsDep) -> DeviceOut:
    """Make this browser the screen the code was made for; the answer sets its cookie."""
    limit_pairing(request)
    paired = database.write(lambda session: devices.pair(session, body.code, now=utc_now()))
    set_device_cookie(response, paired.token, settings)
    return DeviceOut.of(paired.device)


@router.post("/{device_id}/pair-again")
def pair_again(device_id: DeviceId, database: DatabaseDep, principal: AdminPrincipal) -> PairingOut:
    """A new code for a screen that was replaced."""

    def work(session: Session) -> Pairing:
        device = devices.get_device(session, device_id)
        return devices.pair_again(session, device, actor=principal.actor, now=utc_now())

    return PairingOut.made(database.write(work))


@router.post("/{device_id}/revoke")
def revoke_device(device_id: DeviceId, database: DatabaseDep, principal: AdminPrincipal) -> DeviceOut:
    """End a screen at once."""

    def work(session: Session) -> Device:
        device = devices.get_device(session, device_id)
        devices.revoke_device(session, device, actor=principal.actor, now=utc_now())
        return device

    return DeviceOut.of(database.write(work))


def limit_pairing(request: Request) -> None:
    """Ten tries a minute for one address, so that codes cannot be guessed; raises TooMany."""
    limiter = cast(Limiter, request.app.state.pairing_limiter)
    wait = limiter.try_once(client_address(request))
    if wait:
        raise TooMany(retry_after=int(wait) + 1, reason="too_many_codes")
