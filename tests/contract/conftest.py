"""The whole server in this process: a client that calls it without a socket, people who are signed in, a factory."""

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session

from server.app import create_app
from server.auth import keys, passwords, sessions, users
from server.auth.users import NewUser
from server.db import Database
from server.erp.seed import DemoWorld, seed_demo
from server.migrations import upgrade
from server.settings import Settings
from server.settings.clock import utc_now
from simulators.services import Postgres

BASE = "http://127.0.0.1:8000"
_numbers = itertools.count(1)
_DEMO = "template_demo_factory"


@pytest.fixture(scope="module", autouse=True)
def quick_passwords() -> Iterator[None]:
    """argon2id is slow on purpose; here a check takes the least. tests/unit/test_auth_passwords.py holds the cost."""
    with pytest.MonkeyPatch.context() as patch:
        cheap = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(passwords, "_hasher", PasswordHash((cheap,)))
        yield


CreatePostgres = Callable[..., str]


@pytest.fixture(scope="session")
def create_postgres(postgres: Postgres) -> CreatePostgres:
    """`create_postgres(name)` makes an empty database, `template=` a copy of one, and gives its address."""

    def create(name: str, *, template: str | None = None) -> str:
        copied = f" TEMPLATE {template} STRATEGY file_copy" if template else ""
        engine = create_engine(postgres.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}{copied}"))
        engine.dispose()
        return postgres.url(name)

    return create


@pytest.fixture(scope="session")
def seeded_sqlite(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoWorld]:
    """A file with the demo factory, for tests to copy, and what is in it."""
    path = tmp_path_factory.mktemp("factory") / "factory.db"
    return path, _seed(f"sqlite:///{path}")


@pytest.fixture
def sqlite_factory(seeded_sqlite: tuple[Path, DemoWorld], tmp_path: Path) -> Iterator[Database]:
    """A copy of the demo factory for one test, on SQLite."""
    path = tmp_path / "factory.db"
    path.write_bytes(seeded_sqlite[0].read_bytes())
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()


@pytest.fixture(scope="session")
def seeded_postgres(create_postgres: CreatePostgres) -> tuple[str, DemoWorld]:
    """A database with the demo factory, for tests to copy, and what is in it."""
    return _DEMO, _seed(create_postgres(_DEMO))


def _seed(url: str) -> DemoWorld:
    database = Database(url)
    upgrade(database.engine)
    world = database.write(lambda session: seed_demo(session, utc_now()))
    database.close()
    return world


class InProcess(httpx.BaseTransport):
    """Calls an ASGI application on an event loop of its own."""

    def __init__(self, app: FastAPI, loop: asyncio.AbstractEventLoop) -> None:
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=False, client=("127.0.0.1", 50_000))
        self._loop = loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return asyncio.run_coroutine_threadsafe(self._call(request), self._loop).result(30)

    async def _call(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        body = b"".join([part async for part in answer.stream])
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)


@pytest.fixture(scope="session")
def event_loop_thread() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs beside the tests."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="test-event-loop", daemon=True)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """Settings of a server on the test's database."""
    return Settings.load({"ORDERLIGHT_DATA_DIR": str(tmp_path), "ORDERLIGHT_DATABASE_URL": database.url})


@pytest.fixture
def app(settings: Settings, database: Database, event_loop_thread: asyncio.AbstractEventLoop) -> Iterator[FastAPI]:
    """The server with its lifespan running, on each database engine in turn."""
    made = create_app(settings, database)
    begun: threading.Event = threading.Event()
    ended: asyncio.Event = asyncio.Event()

    async def live() -> None:
        async with _lifespan(made):
            begun.set()
            await ended.wait()

    future = asyncio.run_coroutine_threadsafe(live(), event_loop_thread)
    while not begun.wait(0.05):
        if future.done():
            future.result()
    yield made
    event_loop_thread.call_soon_threadsafe(ended.set)
    future.result(10)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with app.router.lifespan_context(app):
        yield


NewClient = Callable[..., httpx.Client]


@pytest.fixture
def new_client(app: FastAPI, event_loop_thread: asyncio.AbstractEventLoop) -> Iterator[NewClient]:
    """Makes clients; each is a browser of its own, on a page of this server."""
    made: list[httpx.Client] = []

    def make(**headers: str) -> httpx.Client:
        client = httpx.Client(
            transport=InProcess(app, event_loop_thread),
            base_url=BASE,
            headers={"Sec-Fetch-Site": "same-origin"}
            | {name.replace("_", "-"): text for name, text in headers.items()},
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(new_client: NewClient) -> httpx.Client:
    """A stranger's browser."""
    return new_client()


SignedIn = Callable[..., httpx.Client]


@pytest.fixture
def signed_in(new_client: NewClient, database: Database, settings: Settings) -> SignedIn:
    """`signed_in("sales")` is the browser of somebody with that role; `customer_id=` for the role customer."""

    def make(role: str, **more: Any) -> httpx.Client:
        login = f"{role}{next(_numbers)}"
        now = utc_now()

        def work(session: Session) -> str:
            user = users.add_user(session, NewUser(login=login, name=login, role=role, **more), actor="test", now=now)
            return sessions.open_session(session, user.id, now=now, days=settings.session_days)

        browser = new_client()
        browser.cookies.set(settings.cookie("sid"), database.write(work))
        return browser

    return make


@pytest.fixture
def program(new_client: NewClient, database: Database) -> SignedIn:
    """`program("feed:read")` is another program with a key of these scopes."""

    def make(*scopes: str) -> httpx.Client:
        made = database.write(
            lambda session: keys.create_key(session, name="program", scopes=scopes, actor="test", now=utc_now())
        )
        caller = new_client(Authorization=f"Bearer {made.text}")
        del caller.headers["Sec-Fetch-Site"]
        return caller

    return make


@pytest.fixture
def counted(database: Database) -> Callable[[], AbstractContextManager[list[str]]]:
    """`with counted() as statements:` collects every statement sent meanwhile, save the look who asks.

    Who asks is remembered for some seconds, and looked up again when they are over whatever is asked.
    """

    @contextmanager
    def count() -> Iterator[list[str]]:
        statements: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if not statement.startswith("SELECT session.token_hash"):
                statements.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(database.engine, "before_cursor_execute", note)

    return count
