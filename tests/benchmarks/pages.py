"""How much longer each page and list takes in a big database than in an empty one, in processor time."""

import asyncio
import os
import re
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import crowd
import httpx
from fastapi import FastAPI
from figures import Figure
from sqlalchemy.orm import Session

from server.app import create_app
from server.auth import sessions, users
from server.auth.users import NewUser
from server.catalog.schemas import ProductIn
from server.catalog.service import create_product
from server.crm.cases.seed import seed_cases
from server.crm.quotes.seed import seed_quotes
from server.crm.seed import seed_relations
from server.db import Database
from server.erp.billing.seed import seed_past
from server.erp.changes.seed import seed_changes
from server.erp.seed import seed_demo
from server.migrations import upgrade
from server.parties.schemas import SitePatch
from server.parties.service import update_site
from server.settings import Settings
from server.settings.clock import utc_now

BASE = "http://127.0.0.1:8000"
GOAL = 3.0
#: Parameters of whole addresses that take some: what a reader of the page asks for.
QUERIES = {"/search": "?q=Aurora", "/api/v1/search": "?text=Aurora"}
#: Reading the routes of the framework itself and streams, which have no end.
NOT_PAGES = ("/openapi.json", "/live", "/metrics", "/static")


def measure(folder: Path, *, orders: int, units: int, rounds: int) -> list[Figure]:
    """Every address without a parameter in its path, for an administrator."""
    empty = _run(folder / "empty", full=None, rounds=rounds)
    began = time.monotonic()
    full = _run(folder / "full", full=(orders, units), rounds=rounds)
    seconds = round(time.monotonic() - began)
    return [_figure(path, full[path], empty[path], seconds) for path in sorted(full) if path in empty]


def _figure(path: str, value: float, anchor: float, seconds: int) -> Figure:
    return Figure(
        name=f"page {path}",
        value=value * 1000,
        unit="ms cpu",
        ratio=value / anchor,
        ratio_of=f"the same when empty, {anchor * 1000:.1f} ms",
        goal=GOAL,
        higher_is_better=False,
        more={"load": os.getloadavg()[0], "seconds": seconds},
    )


def _run(folder: Path, *, full: tuple[int, int] | None, rounds: int) -> dict[str, float]:
    folder.mkdir()
    database = Database(f"sqlite:///{folder / 'pages.db'}")
    upgrade(database.engine)
    database.write(_empty if full is None else _seed)
    if full is not None:
        crowd.multiply(database, orders=full[0], units=full[1])
        print(f"  {crowd.count(database, 'sales_order'):,} orders, {crowd.count(database, 'unit'):,} units", flush=True)
    settings = Settings.load({"ORDERLIGHT_DATA_DIR": str(folder), "ORDERLIGHT_DATABASE_URL": database.url})
    token = database.write(_session)
    try:
        return asyncio.run(_ask(create_app(settings, database), settings.cookie("sid"), token, rounds))
    finally:
        database.close()


def _empty(session: Session) -> None:
    now = utc_now()
    update_site(session, SitePatch(name="Bench", time_zone="UTC", gs1_company_prefix="9506000"), actor="bench", now=now)
    create_product(session, ProductIn(sku="FRAME", name="Frame"), actor="bench", now=now)


def _seed(session: Session) -> None:
    now = utc_now()
    world = seed_demo(session, now)
    seed_past(session, now)
    seed_relations(session, world, now)
    seed_cases(session, now)
    seed_quotes(session, world, now)
    seed_changes(session, world, now)


def _session(session: Session) -> str:
    now = utc_now()
    user = users.add_user(session, NewUser(login="bench", name="Bench", role="admin"), actor="bench", now=now)
    return sessions.open_session(session, user.id, now=now, days=1)


def addresses(app: FastAPI) -> Iterator[str]:
    """Every GET route of the program that needs nothing in its path, so a new page is measured by itself."""
    for path, about in app.openapi()["paths"].items():
        if "get" in about and "{" not in path:
            yield path
    for route in _routes(app.routes):
        path = getattr(route, "path", "")
        if "GET" in (getattr(route, "methods", None) or ()) and not re.search(r"[{]", path):
            yield path


def _routes(routes: object) -> Iterator[object]:
    for route in routes:  # type: ignore[attr-defined]
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _routes(inner.routes)
        else:
            yield route


async def _ask(app: FastAPI, cookie: str, token: str, rounds: int) -> dict[str, float]:
    found = {}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("127.0.0.1", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url=BASE, cookies={cookie: token}) as client:
        for path in sorted(set(addresses(app))):
            if not path.startswith(NOT_PAGES):
                took = await _median(client, path + QUERIES.get(path, ""), rounds)
                if took is not None:
                    found[path] = took
    return found


async def _median(client: httpx.AsyncClient, path: str, rounds: int) -> float | None:
    """Processor time of one request; nothing where the address asks for more than its path, which is said."""
    status = (await client.get(path)).status_code
    if status >= 500:
        raise RuntimeError(f"Failed to measure {path}: expected a page, got status {status}.")
    if status != 200:
        print(f"  {path} is left out: it answers {status}", flush=True)
        return None
    took = []
    for _ in range(rounds):
        began = time.process_time()
        await client.get(path)
        took.append(time.process_time() - began)
    return statistics.median(took)
