"""The start of administration: what runs, and what waits for a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.admin import journal
from server.admin.health import GatewayHealth, healths
from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.db.topics import versions
from server.messages import N_
from server.web.page import Page, PageDep
from server.web.sections import ADMIN, show_in

router = APIRouter(include_in_schema=False)

Deciders = Annotated[Principal, Depends(require(Permission.INBOX_DECIDE))]
#: So many wrong passwords in a day are worth a look.
MANY_FAILED_SIGN_INS = 20
_LOUDNESS = ("stop", "warn", "info")


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page counts."""

    gateways: list[GatewayHealth]
    open_entries: int
    oldest_open: datetime | None
    tags_today: int
    failed_sign_ins: int


@dataclass(frozen=True, slots=True)
class Call:
    """Something that waits for a person: a sentence, how loud it is, and where to go."""

    signal: str
    text: str
    href: str
    label: str


@router.get("/admin")
def overview(page: PageDep, _principal: Deciders) -> Response:
    """How the house is."""
    with page.database.read() as session:
        shown = versions(session, "gateways", "inbox")
        found = _overview(session, page.now)
    calls = [*_gateway_calls(page, found.gateways), *_inbox_calls(page, found), *_door_calls(page, found)]
    calls.sort(key=lambda call: _LOUDNESS.index(call.signal))
    return show_in(ADMIN, page, "admin/overview.html", found=found, calls=calls, versions=shown)


def _overview(session: Session, now: datetime) -> Overview:
    return Overview(
        gateways=healths(session, now),
        open_entries=journal.inbox_counts(session)["open"],
        oldest_open=journal.oldest_open(session),
        tags_today=journal.count_unknown_tags(session, since=now - timedelta(hours=24)),
        failed_sign_ins=journal.count_failed_sign_ins(session, now),
    )


def _gateway_calls(page: Page, gateways: list[GatewayHealth]) -> list[Call]:
    say, open_it = page.say, page.say(N_("Look at it"))
    calls = []
    for gateway in gateways:
        href = f"/admin/gateways/{gateway.key}"
        if gateway.state == "silent" and gateway.last_seen_at is not None:
            since = page.formats.relative(gateway.last_seen_at)
            text = say(N_("%(name)s is silent; it spoke last %(since)s. Check its power and its network."),
                       name=gateway.name, since=since)  # fmt: skip
            calls.append(Call("stop", text, href, open_it))
        elif gateway.state == "new":
            text = say(N_("%(name)s has never spoken. Give it its key and start it."), name=gateway.name)
            calls.append(Call("info", text, href, open_it))
        elif gateway.state == "trouble":
            calls.append(Call("warn", trouble(page, gateway), href, open_it))
    return calls


def _inbox_calls(page: Page, found: Overview) -> list[Call]:
    if not found.open_entries or found.oldest_open is None:
        return []
    since = page.formats.relative(found.oldest_open)
    if found.open_entries == 1:
        text = page.say(N_("One read waits in the inbox; it came %(since)s."), since=since)
    else:
        text = page.say(N_("%(count)s reads wait in the inbox; the oldest came %(since)s."),
                        count=found.open_entries, since=since)  # fmt: skip
    return [Call("warn", text, "/admin/inbox", page.say(N_("Open the inbox")))]


def _door_calls(page: Page, found: Overview) -> list[Call]:
    may_look = page.principal is not None and page.principal.may(Permission.ADMIN)
    if found.failed_sign_ins < MANY_FAILED_SIGN_INS or not may_look:
        return []
    text = page.say(N_("%(count)s tries to sign in failed within a day. See from where they came."),
                    count=found.failed_sign_ins)  # fmt: skip
    return [Call("warn", text, "/admin/audit", page.say(N_("Open the audit")))]


def trouble(page: Page, gateway: GatewayHealth) -> str:
    """What is wrong with a gateway that speaks: the first thing that counts."""
    say, name = page.say, gateway.name
    if gateway.doubles:
        addresses = ", ".join(life.address for life in gateway.doubles)
        return say(N_("%(count)s devices speak as %(name)s, from %(addresses)s. "
                      "Stop one, and give it a name and a key of its own."),
                   count=len(gateway.doubles), name=name, addresses=addresses)  # fmt: skip
    if gateway.refused:
        return say(N_("%(name)s cannot deliver: %(reason)s"), name=name, reason=gateway.refused)
    if gateway.set_aside:
        return say(N_("%(name)s set %(count)s events aside that this server refused. Look at them on the gateway."),
                   name=name, count=gateway.set_aside)  # fmt: skip
    if gateway.broken:
        device = gateway.broken[0]
        if device.error:
            return say(N_("%(device)s at %(name)s does not read: %(error)s"),
                       device=device.name, name=name, error=device.error)  # fmt: skip
        return say(N_("%(device)s at %(name)s does not read. Check its plug."), device=device.name, name=name)
    if "lag" in gateway.troubles and gateway.lag_seconds is not None:
        lag = page.formats.span(timedelta(seconds=gateway.lag_seconds))
        return say(N_("%(name)s is behind: its oldest event waits since %(lag)s."), name=name, lag=lag)
    offset = f"{gateway.clock_offset_seconds or 0:+.1f}"
    return say(N_("The clock of %(name)s differs by %(offset)s s. Let it take its time from the network."),
               name=name, offset=offset)  # fmt: skip
