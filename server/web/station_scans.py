"""Scans that come by a plain form: they go through the same door as those of a reader."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from orderlight.events import Batch, Event, EventsError
from server.auth.principal import Principal
from server.crm.here import Here
from server.crm.station_screen import station_screen
from server.errors import Refused
from server.ingest.accept import accept
from server.ingest.door import Door
from server.web.forms import Form
from server.web.i18n import translations
from server.web.page import Page

#: The gateway under which scans typed into a plain form are recorded.
FORM_GATEWAY = "web-form"


def is_elsewhere(principal: Principal, key: str) -> bool:
    """Whether this screen was paired with another station."""
    return principal.kind == "device" and principal.station_key not in (None, key)


def take(page: Page, principal: Principal, key: str, *, form: Form, told: Sequence[Mapping[str, Any]]) -> Response:
    """Take these scans in, one after the other in one transaction, and go back to the station's screen."""
    if is_elsewhere(principal, key):
        return page.go(f"/station/{principal.station_key}")
    try:
        batch = Batch(FORM_GATEWAY, _epoch(form), _events(page, told), ())
    except EventsError as error:
        return page.go(f"/station/{key}", str(error), kind="stop")
    door = Door(
        actor=principal.actor,
        station_key=key,
        guards_against_clones=False,
        translate=translations(page.language).gettext,
    )

    def work(session: Session) -> None:
        station_screen(session, key, here=Here(page.site.zone, page.now))
        accept(session, batch, door=door, now=page.now)

    try:
        page.database.write(work)
    except Refused as refusal:
        return page.go(f"/station/{key}", refusal.detail, kind="stop")
    return page.go(f"/station/{key}")


def _events(page: Page, told: Sequence[Mapping[str, Any]]) -> tuple[Event, ...]:
    observed = page.now.astimezone(UTC).isoformat()
    return tuple(
        Event.parse(
            {name: value for name, value in fields.items() if value is not None}
            | {"sequence": sequence, "observed_at": observed, "reader": "form"}
        )
        for sequence, fields in enumerate(told, 1)
    )


def _epoch(form: Form) -> str:
    """The page's own epoch makes sending a form twice harmless; a form without one gets a fresh one."""
    given = form.text("own_epoch").lower()
    is_hex = len(given) == 16 and all(letter in "0123456789abcdef" for letter in given)
    return given if is_hex else secrets.token_hex(8)
