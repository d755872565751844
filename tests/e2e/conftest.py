"""A real server on a socket, the demo factory behind it, and a headless Chromium that keeps an eye on itself."""

import itertools
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Request, ViewportSize, sync_playwright
from sqlalchemy import select
from sqlalchemy.orm import Session

from orderlight.events import Batch, Event
from server.app import create_app
from server.auth import sessions, users
from server.auth.users import NewUser
from server.crm.seed import seed_relations
from server.db import Database
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit
from server.erp.seed import seed_demo
from server.ingest.accept import accept
from server.ingest.answers import Answer
from server.ingest.door import Door
from server.migrations import upgrade
from server.parties.models import Customer
from server.settings import Settings
from server.settings.clock import utc_now

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
    "--lang=en-US",
    "--no-first-run",
    "--disable-component-update",
)
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: What is well is not asked for: telling of it takes longer than finding it.
RUN_AXE = """rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})
    .then(found => found.violations.map(each => `${each.id}: ${each.nodes.slice(0, 3).map(node => node.html)}`))"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


class Site:
    """The demo factory's server: it can be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        url = f"sqlite:///{folder / 'orderlight.db'}"
        self.settings = Settings.load({"ORDERLIGHT_DATA_DIR": str(folder), "ORDERLIGHT_DATABASE_URL": url})
        self.database = Database(url)
        self.port = 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._numbers = itertools.count(1)
        self._scans = itertools.count(1)

    @property
    def base(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve, on the port of before if there was one."""
        app = create_app(self.settings, self.database)
        config = uvicorn.Config(
            app, host="127.0.0.1", port=self.port, log_level="warning", timeout_graceful_shutdown=1, ws="none"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="e2e-server", daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "The server ended before it began."
            time.sleep(0.02)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Stop serving; the database stays."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(15)
        self._server = self._thread = None

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self.database.close()

    # --- what tests do behind the pages' back ---

    def session_of(self, role: str, **more: Any) -> str:
        """The cookie of somebody with this role."""
        login, now = f"{role}{next(self._numbers)}", utc_now()

        def work(session: Session) -> str:
            new = NewUser(login=login, name=login, role=role, **more)
            user = users.add_user(session, new, actor="test", now=now)
            return sessions.open_session(session, user.id, now=now, days=1)

        return self.database.write(work)

    def order_of(self, customer: str) -> str:
        """The number of an order of this customer that is in production and not on hold."""
        statement = (
            select(SalesOrder.number)
            .join(Customer, Customer.id == SalesOrder.customer_id)
            .where(Customer.name == customer, SalesOrder.lifecycle == "processing", SalesOrder.on_hold.is_(False))
            .order_by(SalesOrder.id)
        )
        with self.database.read() as session:
            number = session.scalars(statement).first()
        assert number is not None
        return number

    def units_of(self, number: str) -> list[str]:
        """The numbers of an order's units, those that wait for their first step first."""
        statement = (
            select(Unit.number)
            .join(SalesOrder, SalesOrder.id == Unit.order_id)
            .where(SalesOrder.number == number, Unit.last_seen_at.is_(None))
            .order_by(Unit.id)
        )
        with self.database.read() as session:
            return list(session.scalars(statement))

    def customer_id(self, name: str) -> int:
        """The row of a customer."""
        with self.database.read() as session:
            found = session.scalar(select(Customer.id).where(Customer.name == name))
        assert found is not None
        return found

    def scan(self, code: str, at: str, *, ago: float = 0.0) -> Answer:
        """A scan that a gateway delivers."""
        now = utc_now()
        observed: datetime = now - timedelta(seconds=ago)
        told = {"sequence": next(self._scans), "kind": "code_scanned", "code": code, "read_point": at}
        event = Event.parse({**told, "reader": "scanner-3", "observed_at": observed.isoformat()})
        batch = Batch("gw-test", "00000000000000aa", (event,), ())
        door = Door(actor="gateway:gw-test", guards_against_clones=False)
        return self.database.write(lambda session: accept(session, batch, door=door, now=now)).results[0]


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the demo factory, which tests copy."""
    path = tmp_path_factory.mktemp("demo") / "orderlight.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database.engine)
    database.write(lambda session: seed_relations(session, seed_demo(session, utc_now()), utc_now()))
    database.close()
    return path


@pytest.fixture
def site(tmp_path: Path, demo_file: Path) -> Iterator[Site]:
    """The demo factory, served."""
    shutil.copy(demo_file, tmp_path / "orderlight.db")
    made = Site(tmp_path)
    made.start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a file of tests; its event loop must not run on into files that have loops of their own."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Watch:
    """What went wrong in the browser meanwhile."""

    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def forgive(self) -> None:
        """An outage was meant."""
        self.complaints.clear()


Open = Callable[..., Page]


@pytest.fixture
def watch() -> Watch:
    """Collects errors on the console and requests to other hosts."""
    return Watch()


@pytest.fixture
def new_page(chromium: Browser, site: Site, watch: Watch) -> Iterator[Open]:
    """`new_page("sales")` is somebody's browser; `None` a stranger's. Ends with a clean console and no foreign host."""
    contexts: list[BrowserContext] = []

    def make(role: str | None = None, *, viewport: ViewportSize = DESKTOP, scripts: bool = True, **more: Any) -> Page:
        context = chromium.new_context(
            viewport=viewport,
            locale="en-GB",
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
            java_script_enabled=scripts,
            base_url=site.base,
        )
        contexts.append(context)
        if role is not None:
            context.add_cookies([{"name": "sid", "value": site.session_of(role, **more), "url": site.base}])
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: message.type == "error" and watch.complaints.append(message.text))
        page.on("pageerror", lambda error: watch.complaints.append(str(error)))
        page.on("request", lambda request: _note_foreign(site, watch, request))
        return page

    yield make
    for context in contexts:
        with suppress(Exception):
            context.close()
    assert watch.complaints == []
    assert watch.foreign == []


def violations(page: Page) -> list[str]:
    """What is not accessible on the page as it stands (WCAG 2.2 AA and axe's best practice)."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE)
    found: list[str] = page.evaluate(RUN_AXE, RULES)
    return found


@pytest.fixture
def passes() -> Callable[..., None]:
    """`passes(page, *paths)`: each page, or the open one, is accessible and fits a desktop and a phone."""

    def check(page: Page, *paths: str) -> None:
        before = page.viewport_size or DESKTOP
        for path in paths or (page.url,):
            page.set_viewport_size(DESKTOP)
            if paths:
                page.goto(path, wait_until="domcontentloaded")
                page.wait_for_selector("html[data-ready]")
            for viewport in (DESKTOP, PHONE):
                page.set_viewport_size(viewport)
                assert violations(page) == [], (path, viewport)
                assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], (path, viewport)
        page.set_viewport_size(before)

    return check


def _note_foreign(site: Site, watch: Watch, request: Request) -> None:
    if not request.url.startswith((site.base, "data:", "about:")):
        watch.foreign.append(request.url)
