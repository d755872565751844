"""The operator's list: what can be worked on at a station, what waits and for what, the next first."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.here import Here
from server.crm.risk import due_at
from server.crm.station_work import to_pack
from server.db.topics import versions
from server.erp.changes.repository import open_tasks
from server.erp.floor.repository import station as find_station
from server.erp.production.queue import QueueEntry, Waits, queue, upcoming
from server.errors import NotFound
from server.http.paging import Number
from server.messages import N_
from server.tracking.states import Context
from server.web.page import Page, PageDep
from server.web.station_scans import is_elsewhere

router = APIRouter(include_in_schema=False)

Onlooker = Annotated[Principal, Depends(require(Permission.FLOOR_READ))]
#: As many as somebody looks through with gloves on.
MOST = 30

_WAITS = {
    Waits.ORDER_HELD: N_("The order is on hold: %(why)s"),
    Waits.UNITS_HELD: N_("Every piece that stands here is on hold."),
    Waits.PIECES: N_("What came here is done; more pieces come from the step before."),
}
_BEFORE = N_("Waits for %(operation)s: %(good)s of %(needed)s pieces are through.")


@router.get("/station/{key}/list")
def show_list(page: PageDep, principal: Onlooker, key: Number) -> Response:
    """The list of a station, whole without JavaScript; it looks again when something moves here."""
    if is_elsewhere(principal, key):
        return page.go(f"/station/{principal.station_key}/list")
    here, topic = Here(page.site.zone, page.now), f"station:{key}"
    with page.database.read() as session:
        version = versions(session, topic)[topic]
        station = find_station(session, key)
        if station is None or not station.active:
            raise NotFound
        found = queue(session, [station.work_center_id], limit=MOST)
        later = upcoming(session, [station.work_center_id], limit=MOST)
        packs = any(point.context == Context.PACK and point.active for point in station.read_points)
        made = to_pack(session, here=here, limit=MOST) if packs else []
        anew = open_tasks(session, limit=MOST).items if packs else []
    ready = [entry for entry in found if entry.waits is Waits.NOTHING]
    return page.show(
        "pages/station_list.html",
        station=station,
        ready=ready,
        packs=packs,
        made=made,
        anew=anew,
        waiting=[*(entry for entry in found if entry.waits is not Waits.NOTHING), *later],
        why=lambda entry: _why(page, entry),
        due=lambda entry: due_at(entry.order.promise_date, here.zone) if entry.order is not None else None,
        topic=topic,
        version=version,
    )


def _why(page: Page, entry: QueueEntry) -> str:
    if entry.waits is Waits.BEFORE:
        before = entry.before
        values = {"operation": before.name, "good": before.good, "needed": before.needed} if before is not None else {}
        return page.say(_BEFORE, **values) if values else ""
    why = entry.order.hold_reason if entry.order is not None else None
    return page.say(_WAITS[entry.waits], why=why or page.say(N_("no reason was given")))
