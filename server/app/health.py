"""Is it alive, is it ready, what does it count: /healthz, /readyz, /metrics."""

import asyncio
import shutil
import time
from ipaddress import ip_address
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from server.app.scrape import refresh_gauges
from server.auth.http import DatabaseDep, SettingsDep, find_principal
from server.auth.permissions import Permission
from server.broker.door import BrokerDoor
from server.db import Database
from server.errors import Forbidden, Unauthorized
from server.messages import translate as _
from server.migrations import pending
from server.settings import Settings
from server.settings.build import program_version

router = APIRouter(tags=["health"])

#: A writer that does not answer in this time is not one to send scans to.
WRITE_SECONDS = 5.0


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process is alive; asks nothing else."""
    return {"status": "ok", "version": program_version()}


@router.get("/readyz")
async def readyz(request: Request, database: DatabaseDep, settings: SettingsDep) -> JSONResponse:
    """Whether scans can be taken in now, part by part; 503 when not."""
    broker: BrokerDoor = request.app.state.broker
    parts = {
        "database": await _database_part(database),
        "migrations": await run_in_threadpool(_migrations_part, database),
        "disk": _disk_part(settings),
    }
    is_ready = all(part["ok"] for part in parts.values())
    if broker.is_set:
        # Told, and no reason to be called not ready: gateways over HTTP and all pages work without it.
        parts["broker"] = broker.state.as_json()
    body = {"ready": is_ready, "version": program_version(), "parts": parts}
    return JSONResponse(body, status_code=200 if is_ready else 503, headers={} if is_ready else {"Retry-After": "5"})


@router.get("/metrics")
async def metrics(request: Request, database: DatabaseDep) -> Response:
    """Figures for Prometheus; from this machine itself, or with a key that has metrics:read."""
    if not _is_from_here(request):
        principal = await find_principal(request)
        if principal is None:
            raise Unauthorized(_("Figures are shown on this machine itself, or with a key that has metrics:read."))
        if not principal.may(Permission.METRICS_READ):
            raise Forbidden(extra={"permission": Permission.METRICS_READ.value})
    await run_in_threadpool(refresh_gauges, database)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _database_part(database: Database) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(WRITE_SECONDS):
            await asyncio.wrap_future(database.submit(lambda session: session.execute(text("SELECT 1")).scalar_one()))
    except TimeoutError:
        return {"ok": False, "say": f"The writer did not answer within {WRITE_SECONDS:.0f} s."}
    except SQLAlchemyError as error:
        return {"ok": False, "say": f"The database cannot be reached ({type(error).__name__})."}
    return {"ok": True, "seconds": round(time.perf_counter() - started, 4)}


def _migrations_part(database: Database) -> dict[str, Any]:
    try:
        is_behind = pending(database.engine)
    except SQLAlchemyError:
        return {"ok": False, "say": "The database cannot be reached."}
    if is_behind:
        return {"ok": False, "say": "The database is not at this program's version: run orderlight-server migrate."}
    return {"ok": True}


def _disk_part(settings: Settings) -> dict[str, Any]:
    folder = settings.data_dir if settings.data_dir.exists() else settings.data_dir.absolute().parent
    try:
        free_mb = shutil.disk_usage(folder).free // 1_000_000
    except OSError as error:
        return {"ok": False, "say": f"The data folder cannot be read: {error.strerror}."}
    if free_mb < settings.min_free_disk_mb:
        return {"ok": False, "free_mb": free_mb, "say": f"Less than {settings.min_free_disk_mb} MB of disk are free."}
    return {"ok": True, "free_mb": free_mb}


def _is_from_here(request: Request) -> bool:
    # Behind a proxy on this machine everybody seems to come from here, so a forwarded request never counts as local.
    if any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip")):
        return False
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
