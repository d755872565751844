"""Keys of other programs: made with scopes, shown once, revoked at once."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth import keys, repository
from server.auth.http import AdminPrincipal
from server.auth.keys import MadeKey
from server.auth.permissions import KEY_SCOPES, Permission
from server.errors import NotFound
from server.http.fields import Name, Strict
from server.messages import N_
from server.web.entry import Fault, FormDep, attempt, checked, given
from server.web.forms import Form
from server.web.page import Page, PageDep
from server.web.sections import ADMIN, show_in

router = APIRouter(prefix="/admin/keys", include_in_schema=False)

#: Each scope with what it opens.
SCOPES = {
    Permission.ORDERS_READ: N_("See orders and units"),
    Permission.ORDERS_WRITE: N_("Make and change orders"),
    Permission.ORDERS_RELEASE: N_("Release orders to the floor"),
    Permission.CATALOG_READ: N_("See products and routings"),
    Permission.CATALOG_WRITE: N_("Change products and routings"),
    Permission.CUSTOMERS_READ: N_("See customers"),
    Permission.CUSTOMERS_WRITE: N_("Change customers"),
    Permission.FLOOR_READ: N_("See stations, read points, gateways"),
    Permission.FLOOR_WRITE: N_("Change stations and read points"),
    Permission.SCAN: N_("Scan at stations"),
    Permission.UNDO: N_("Take scans back"),
    Permission.LABELS_PRINT: N_("Send labels to printers"),
    Permission.INBOX_DECIDE: N_("Decide in the inbox"),
    Permission.SHIPMENTS_WRITE: N_("Pack and ship"),
    Permission.IMPORTS_WRITE: N_("Import files"),
    Permission.FEED_READ: N_("Follow the feed of facts"),
    Permission.METRICS_READ: N_("Read figures for monitoring"),
    Permission.EVENTS_WRITE: N_("Post events (gateways have keys of their own)"),
}


class KeyForm(Strict):
    """What the form asks for."""

    name: Name
    expires_on: date | None = None
    scopes: Annotated[list[Permission], Field(min_length=1)]


@router.get("")
def show_keys(page: PageDep, _principal: AdminPrincipal) -> Response:
    """The keys of programs: those that open something first."""
    with page.database.read() as session:
        found = [key for key in repository.keys(session) if key.gateway is None]
    live = [key for key in found if _is_live(key.revoked_at, key.expires_at, page.now)]
    ended = [key for key in found if key not in live]
    return show_in(ADMIN, page, "admin/keys.html", live=live, ended=ended)


@router.get("/new")
def new_key(page: PageDep, _principal: AdminPrincipal) -> Response:
    """The form for a new key."""
    return _new(page, Form())


@router.post("/new")
def make_key(page: PageDep, form: FormDep, principal: AdminPrincipal) -> Response:
    """Make the key and show it, this once."""
    chosen = [scope.value for scope in SCOPES if form.checked(f"scope.{scope.value}")]
    try:
        data = {**given(form, "name", "expires_on"), "scopes": chosen}
        body = checked(page, form, model=KeyForm, data=data)

        def work(session: Session) -> MadeKey:
            return keys.create_key(
                session,
                name=body.name,
                scopes=[scope.value for scope in body.scopes],
                actor=principal.actor,
                now=page.now,
                expires_at=_end_of(page, body.expires_on),
            )

        made = attempt(page, form, work)
    except Fault as fault:
        faults = {"expires_on" if name == "expires_at" else name: say for name, say in fault.form.faults.items()}
        return _new(page, fault.form.with_faults(faults, fault.form.fault), status=fault.status)
    # The answer to the POST itself: a secret that went through a redirect would have to be kept somewhere meanwhile.
    return show_in(ADMIN, page, "admin/key_made.html", name=body.name, key=made.text, server=page.settings.base_url)


@router.post("/{prefix}/revoke")
def revoke_key(page: PageDep, prefix: str, principal: AdminPrincipal) -> Response:
    """End a key at once."""

    def work(session: Session) -> str:
        key = keys.get_key(session, prefix)
        if key.gateway is not None:
            raise NotFound
        keys.revoke_key(session, key, actor=principal.actor, now=page.now)
        return key.name

    name = page.database.write(work)
    return page.go("/admin/keys", page.say(N_("The key of %(name)s is revoked. It opens nothing any more."), name=name))


def _new(page: Page, form: Form, *, status: int = 200) -> Response:
    offered = [(scope.value, words) for scope, words in SCOPES.items() if scope in KEY_SCOPES]
    return show_in(ADMIN, page, "admin/key_new.html", status=status, form=form, scopes=offered)


def _end_of(page: Page, day: date | None) -> datetime | None:
    """The end of the day at the site: a key that is good until Friday works on Friday."""
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=1), time(), page.site.zone).astimezone(UTC)


def _is_live(revoked_at: datetime | None, expires_at: datetime | None, now: datetime) -> bool:
    return revoked_at is None and (expires_at is None or expires_at > now)
