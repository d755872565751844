"""Gateways: a list of living things, one with its devices and last reads, and their keys."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from orderlight.events.commands import Command, Verb
from server.admin.commands import give_command
from server.admin.gateways import GatewayIn
from server.admin.health import health, healths, last_reads
from server.auth import enrolment, gateways, keys
from server.auth.http import AdminPrincipal, require
from server.auth.keys import MadeKey
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.broker.door import BrokerDoor
from server.broker.presence import Presence
from server.db.topics import versions
from server.errors import Conflict, Invalid, NotFound, Unavailable
from server.messages import N_
from server.web.entry import Fault, FormDep, attempt, checked, given
from server.web.forms import Form
from server.web.once import write_once
from server.web.page import Page, PageDep
from server.web.pages.admin_overview import trouble
from server.web.sections import ADMIN, show_in

router = APIRouter(prefix="/admin/gateways", include_in_schema=False)

Deciders = Annotated[Principal, Depends(require(Permission.INBOX_DECIDE))]
_WORDS = {"key": N_("Write small letters, digits and hyphens, such as gw-hall-1.")}


@router.get("")
def show_gateways(page: PageDep, _principal: Deciders) -> Response:
    """All gateways, those that need a person first."""
    with page.database.read() as session:
        shown = versions(session, "gateways")
        found = healths(session, page.now)
    sentences = {gateway.key: trouble(page, gateway) for gateway in found if gateway.state == "trouble"}
    presences = _presences(page, [gateway.key for gateway in found])
    return show_in(
        ADMIN, page, "admin/gateways.html", found=found, sentences=sentences, versions=shown, presences=presences
    )


@router.get("/new")
def new_gateway(page: PageDep, _principal: AdminPrincipal) -> Response:
    """The form for a gateway to be expected."""
    return _new(page, Form())


@router.post("/new")
def add_gateway(page: PageDep, form: FormDep, principal: AdminPrincipal) -> Response:
    """Register it and show its first key, this once."""
    try:
        data = given(form, "key", "name")
        body = checked(page, form, model=GatewayIn, data={"name": data.get("key", "")} | data, words=_WORDS)

        def work(session: Session) -> MadeKey:
            return gateways.create_gateway(session, key=body.key, name=body.name, actor=principal.actor, now=page.now)

        made = attempt(page, form, work, fields={"gateway_exists": "key"})
    except Fault as fault:
        return _new(page, fault.form, status=fault.status)
    return _key_made(page, body.key, made)


@router.get("/{key}")
def show_gateway(page: PageDep, key: str, _principal: Deciders) -> Response:
    """One gateway with its devices and what it told last."""
    with page.database.read() as session:
        shown = versions(session, "gateways")
        found = health(session, key, page.now)
        reads = last_reads(session, key)
    sentence = trouble(page, found) if found.state == "trouble" else None
    told: dict[str, Any] = {"reads": reads, "sentence": sentence, "presences": _presences(page, [key])}
    return show_in(ADMIN, page, "admin/gateway.html", found=found, versions=shown, **told, **_rights(page))


@router.post("/{key}/keys")
def add_key(page: PageDep, key: str, principal: AdminPrincipal) -> Response:
    """A second key, shown this once, so that the gateway changes over without missing a scan."""

    def work(session: Session) -> MadeKey:
        gateway = gateways.get_gateway(session, key)
        return keys.create_gateway_key(session, gateway.key, actor=principal.actor, now=page.now)

    try:
        made = page.database.write(work)
    except Conflict as refusal:
        return page.go(f"/admin/gateways/{key}#keys", refusal.detail, kind="stop")
    return _key_made(page, key, made)


@router.post("/{key}/code")
def make_code(page: PageDep, key: str, principal: AdminPrincipal) -> Response:
    """A one-time code, shown this once, with which the gateway brings a key of its own."""

    def work(session: Session) -> str:
        gateway = gateways.get_gateway(session, key, lock=True)
        return enrolment.make_code(session, gateway, actor=principal.actor, now=page.now)

    code = page.database.write(work)
    minutes, server = enrolment.CODE_MINUTES, page.settings.base_url
    return show_in(ADMIN, page, "admin/gateway_code.html", gateway=key, code=code, minutes=minutes, server=server)


@router.post("/{key}/keys/{prefix}/revoke")
def revoke_key(page: PageDep, key: str, prefix: str, principal: AdminPrincipal) -> Response:
    """End one key at once."""

    def work(session: Session) -> None:
        found = keys.get_key(session, prefix)
        if found.gateway != key:
            raise NotFound
        keys.revoke_key(session, found, actor=principal.actor, now=page.now)

    page.database.write(work)
    said = page.say(N_("Key ol_%(prefix)s is revoked. It opens nothing any more."), prefix=prefix)
    return page.go(f"/admin/gateways/{key}#keys", said)


@router.post("/{key}/retire")
def retire_gateway(page: PageDep, key: str, principal: AdminPrincipal) -> Response:
    """Take the gateway out of use with all its keys; what it told stays."""

    def work(session: Session) -> None:
        gateway = gateways.get_gateway(session, key)
        gateways.retire_gateway(session, gateway, actor=principal.actor, now=page.now)

    page.database.write(work)
    return page.go("/admin/gateways", page.say(N_("%(key)s is retired. Its keys open nothing any more."), key=key))


def _new(page: Page, form: Form, *, status: int = 200) -> Response:
    return show_in(ADMIN, page, "admin/gateway_new.html", status=status, form=form)


def _key_made(page: Page, key: str, made: MadeKey) -> Response:
    # The answer to the POST itself: a secret that went through a redirect would have to be kept somewhere meanwhile.
    return show_in(
        ADMIN, page, "admin/gateway_key_made.html", gateway=key, key=made.text, server=page.settings.base_url
    )


@router.post("/{key}/commands")
async def command_gateway(page: PageDep, form: FormDep, key: str, principal: AdminPrincipal) -> Response:
    """Tell a gateway to signal, pause, resume or read its settings anew."""
    back = f"/admin/gateways/{key}#commands"
    if form.text("command") not in set(Verb):
        raise Invalid(page.say(N_("Choose one of the commands.")))
    command = Command(Verb(form.text("command")), form.text("device") or None)
    if not await run_in_threadpool(_is_first, page, principal, form):
        return page.go(back, page.say(N_("This command was sent already.")))
    try:
        result = await give_command(page.database, _broker(page), key, command, actor=principal.actor)
    except (Conflict, Unavailable) as refusal:
        return page.go(back, refusal.detail, kind="stop")
    return page.go(back, result.say) if result.done else page.go(back, result.say, kind="stop")


def _is_first(page: Page, principal: Principal, form: Form) -> bool:
    """Whether this form was not sent before: a command goes out once, however often its button is pressed."""
    mine = secrets.token_hex(8)
    return write_once(page, principal, form, lambda _session: mine) == mine


def _broker(page: Page) -> BrokerDoor:
    return cast(BrokerDoor, page.request.app.state.broker)


def _presences(page: Page, keys: Sequence[str]) -> dict[str, Presence | None]:
    return {key: _broker(page).presences.of(key) for key in keys}


def _rights(page: Page) -> Mapping[str, Any]:
    return {"may_change": page.principal is not None and page.principal.may(Permission.ADMIN)}
