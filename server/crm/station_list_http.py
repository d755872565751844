"""The door to the operator's list of a station: what its page shows, for programs."""

from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.crm.here import Here
from server.crm.station_work import Job, to_pack
from server.erp.changes.repository import open_tasks
from server.erp.changes.schemas import TaskOut
from server.erp.floor.repository import station
from server.erp.production.queue import queue, upcoming
from server.erp.production.schemas import queue_entry
from server.errors import NotFound
from server.http.paging import DEFAULT_LIMIT, Limit, Number
from server.parties.repository import site
from server.settings.clock import utc_now
from server.tracking.states import Context

router = APIRouter(prefix="/api/v1/stations")


@router.get("/{key}/queue", dependencies=[Depends(require(Permission.FLOOR_READ))])
def get_station_queue(database: DatabaseDep, key: Number, limit: Limit = DEFAULT_LIMIT) -> JSONResponse:
    """The operator's list of a station: that of its work center, and where it packs, what waits for a box."""
    with database.read() as session:
        found = station(session, key)
        if found is None:
            raise NotFound
        centers = [found.work_center_id]
        packs = any(point.context == Context.PACK and point.active for point in found.read_points)
        here = Here(ZoneInfo(site(session).time_zone), utc_now())
        told = {
            "items": [queue_entry(entry) for entry in queue(session, centers, limit=limit)],
            "upcoming": [queue_entry(entry) for entry in upcoming(session, centers, limit=limit)],
            "to_pack": [_packing(job) for job in to_pack(session, here=here, limit=limit)] if packs else [],
            "to_repack": [TaskOut.of(task) for task in open_tasks(session, limit=limit).items] if packs else [],
        }
    return JSONResponse({**told, "next": None})


def _packing(job: Job) -> dict[str, Any]:
    """An order with pieces that wait for a box, as its card says."""
    return {
        "order": job.order,
        "customer": job.customer,
        "ready": job.ready,
        "packed": job.done,
        "quantity": job.total,
        "priority": job.priority,
        "promise_date": job.promise.isoformat() if job.promise else None,
        "on_hold": job.on_hold,
        "special_instructions": job.instructions,
        "changed_instructions": job.changed,
        "alerts": list(job.alerts),
        "packaging_rule": job.packaging_rule,
        "packaging": job.packaging,
        "pictures": list(job.pictures),
    }
