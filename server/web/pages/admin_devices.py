"""Station screens: expected with a code of eight characters, paired at the screen, revoked at once."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth import devices, repository
from server.auth.devices import PAIRING_MINUTES, Pairing
from server.auth.http import AdminPrincipal
from server.erp.floor.models import Station
from server.errors import FieldError, Invalid, Refused
from server.http.fields import Name, Strict
from server.messages import N_
from server.web.entry import Fault, FormDep, attempt, checked, given
from server.web.forms import Form
from server.web.page import Page, PageDep
from server.web.sections import ADMIN, show_in

router = APIRouter(prefix="/admin/devices", include_in_schema=False)

DeviceId = Annotated[int, Path(ge=1, le=2**31 - 1)]


class DeviceForm(Strict):
    """A screen to be expected; without a station it shows the board."""

    name: Name
    station: Annotated[str, StringConstraints(max_length=40)] | None = None


@router.get("")
def show_devices(page: PageDep, _principal: AdminPrincipal) -> Response:
    """All screens in use, newest first, then the revoked ones."""
    with page.database.read() as session:
        found = sorted(repository.devices(session), key=lambda device: device.revoked_at is not None)
        names = _stations(session)
    return show_in(ADMIN, page, "admin/devices.html", found=found, names=names)


@router.get("/new")
def new_device(page: PageDep, _principal: AdminPrincipal, station: str = "") -> Response:
    """The form for a screen to be expected."""
    return _new(page, Form({"station": station[:40]}))


@router.post("/new")
def add_device(page: PageDep, form: FormDep, principal: AdminPrincipal) -> Response:
    """Expect the screen and show its code, this once."""
    try:
        body = checked(page, form, model=DeviceForm, data=given(form, "name", "station"))

        def work(session: Session) -> Pairing:
            if body.station is not None and body.station not in _stations(session):
                message = page.say(N_("There is no station %(key)s. Make it first."), key=body.station)
                raise Invalid(errors=[FieldError("station", message, "unknown_station")])
            return devices.add_device(
                session, name=body.name, station_key=body.station, actor=principal.actor, now=page.now
            )

        pairing = attempt(page, form, work)
    except Fault as fault:
        return _new(page, fault.form, status=fault.status)
    return _code(page, pairing)


@router.post("/{device_id}/pair-again")
def pair_again(page: PageDep, device_id: DeviceId, principal: AdminPrincipal) -> Response:
    """A new code for a screen that was replaced or came too late."""

    def work(session: Session) -> Pairing:
        device = devices.get_device(session, device_id)
        return devices.pair_again(session, device, actor=principal.actor, now=page.now)

    try:
        return _code(page, page.database.write(work))
    except Refused as refusal:
        return page.go("/admin/devices", refusal.detail, kind="stop")


@router.post("/{device_id}/revoke")
def revoke_device(page: PageDep, device_id: DeviceId, principal: AdminPrincipal) -> Response:
    """End a screen at once."""

    def work(session: Session) -> str:
        device = devices.get_device(session, device_id)
        devices.revoke_device(session, device, actor=principal.actor, now=page.now)
        return device.name

    name = page.database.write(work)
    return page.go("/admin/devices", page.say(N_("%(name)s is revoked. The screen shows nothing any more."), name=name))


def _new(page: Page, form: Form, *, status: int = 200) -> Response:
    with page.database.read() as session:
        stations = _stations(session)
    return show_in(ADMIN, page, "admin/device_new.html", status=status, form=form, stations=list(stations.items()))


def _code(page: Page, pairing: Pairing) -> Response:
    with page.database.read() as session:
        names = _stations(session)
    return show_in(
        ADMIN,
        page,
        "admin/device_code.html",
        device=pairing.device,
        station=names.get(pairing.device.station_key or ""),
        code=f"{pairing.code[:4]} {pairing.code[4:]}",
        address=f"{page.settings.base_url}/pair",
        minutes=PAIRING_MINUTES,
    )


def _stations(session: Session) -> dict[str, str]:
    rows = session.execute(select(Station.key, Station.name).where(Station.active).order_by(Station.name))
    return dict(rows.all())
