"""The doors for events: a gateway's batches, a browser station's scans, heartbeats, and the inbox."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from orderlight.events import SERVER_MAX_BYTES, BatchError, BatchTooLargeError
from server.auth.gateways import BROWSER
from server.auth.http import DatabaseDep, client_address, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.broker.inner_request import TOPIC_GATEWAY
from server.db import Database
from server.erp.floor.models import Station
from server.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge, Unavailable, UnsupportedMedia
from server.http.paging import Number
from server.ingest import crash, figures, gateway_health, wire
from server.ingest.accept import Ask, Taken, accept_all
from server.ingest.door import Door
from server.settings.clock import utc_now

T = TypeVar("T")

router = APIRouter(prefix="/api/v1")

Writer = Annotated[Principal, Depends(require(Permission.EVENTS_WRITE))]
Scanner = Annotated[Principal, Depends(require(Permission.SCAN))]


@router.post("/events", openapi_extra={"requestBody": {"content": {"application/json": {}}}})
async def post_events(request: Request, database: DatabaseDep, principal: Writer) -> Response:
    """A gateway's batch; 200 with a verdict for each event, whatever their fates (docs/reference/events.md)."""
    batch = await read_batch(request)
    _require_own(request, principal, batch.gateway)
    door = Door(actor=f"gateway:{batch.gateway}", speak=speaker(request))
    return await _take(database, batch, door)


@router.post("/stations/{key}/scans", openapi_extra={"requestBody": {"content": {"application/json": {}}}})
async def post_scans(request: Request, database: DatabaseDep, principal: Scanner, key: Number) -> Response:
    """Scans of a browser at a station: the same envelope, the gateway named `web-<device>`."""
    if principal.kind == "device" and principal.station_key != key:
        raise Forbidden(f"This screen belongs to station {principal.station_key or 'none'}.", reason="wrong_station")
    batch = await read_batch(request)
    if not batch.gateway.startswith(BROWSER):
        raise Forbidden(f"A browser speaks as {BROWSER}<device>, not as {batch.gateway}.", reason="wrong_gateway")
    door = Door(
        actor=principal.actor,
        station_key=key,
        guards_against_clones=False,
        translate=speaker(request)(principal.language),
    )
    return await _take(database, batch, door)


@router.post("/gateways/{key}/health", openapi_extra={"requestBody": {"content": {"application/json": {}}}})
async def post_health(request: Request, database: DatabaseDep, principal: Writer, key: Number) -> JSONResponse:
    """A gateway's heartbeat; the answer tells it our time."""
    _require_own(request, principal, key)
    told = gateway_health.parse_health(await read_body(request, gateway_health.MAX_BYTES))
    now = utc_now()
    # At the broker nobody knows from where a message came.
    address = "an MQTT broker" if TOPIC_GATEWAY in request.scope else client_address(request)
    by = gateway_health.Speaker(address, principal.row_id)
    noted = await _durable(database.submit(lambda session: gateway_health.beat(session, key, told, by, now=now)))
    made_at = None if noted.key_made_at is None else noted.key_made_at.isoformat()
    return JSONResponse({"server_time": utc_now().isoformat(), "key_made_at": made_at, "notice": noted.notice})


def _require_own(request: Request, principal: Principal, gateway: str) -> None:
    """A key speaks for its own gateway alone, and at the broker only in that gateway's own topics."""
    if principal.gateway != gateway:
        detail = f"This key speaks for {principal.gateway or 'no gateway'}, not for {gateway}."
        raise Forbidden(detail, reason="wrong_gateway")
    topic = request.scope.get(TOPIC_GATEWAY, gateway)
    if topic != gateway:
        raise Forbidden(f"This stood in the topic of {topic}, and is of {gateway}.", reason="wrong_gateway")


async def read_batch(request: Request) -> wire.Request:
    """The batch in the body; raises TooLarge, UnsupportedMedia or Invalid."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise UnsupportedMedia("Events come as application/json.")
    body = await read_body(request, SERVER_MAX_BYTES)
    try:
        return wire.read_request(body)
    except BatchTooLargeError as error:
        raise TooLarge(str(error)) from error
    except BatchError as error:
        raise Invalid(str(error), reason="bad_batch") from error


async def read_body(request: Request, limit: int) -> bytes:
    """The body, given up as soon as it is larger than the limit; raises TooLarge."""
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > limit:
        raise _too_large(limit)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is larger than {limit} bytes. Send it in halves.", extra={"max_bytes": limit})


def speaker(request: Request) -> Any:
    """What finds the translator of a language; the app hands it in."""
    return request.app.state.speak


async def _take(database: Database, batch: wire.Request, door: Door) -> Response:
    began = time.monotonic()
    ask = Ask(batch, door)
    if door.station_key is None:
        taken = await _durable(database.submit_jointly(take_in, ask))
    else:
        taken = await _durable(database.submit(lambda session: _take_scans(session, ask)))
    crash.reached(crash.AFTER_COMMIT)
    figures.count(batch, taken, now=utc_now(), seconds=time.monotonic() - began)
    return Response(taken.encode(), media_type="application/json")


def take_in(session: Session, asks: Sequence[Ask]) -> list[Taken | Conflict]:
    """Joint work: the batches of all gateways that wait for the writer."""
    found = accept_all(session, asks, now=utc_now())
    crash.reached(crash.BEFORE_COMMIT)
    return found


def _take_scans(session: Session, ask: Ask) -> Taken:
    assert ask.door.station_key is not None
    _require_station(session, ask.door.station_key)
    (found,) = take_in(session, [ask])
    if isinstance(found, Conflict):
        raise found
    return found


def _require_station(session: Session, key: str) -> None:
    if session.scalar(select(Station.id).where(Station.key == key)) is None:
        raise NotFound


async def _durable(future: Future[T]) -> T:
    """The result after the commit; what ails the database passes, so the sender keeps its events and tries again."""
    try:
        return await asyncio.wrap_future(future)
    except (DBAPIError, PoolTimeout) as error:
        raise Unavailable("The database cannot take this now. Keep it and send it again.", reason="database") from error
