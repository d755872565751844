"""`create_app`: puts the parts together and hands each what it needs."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.routing import Mount, Route

from server.admin.commands import touch_gateways
from server.app import rights
from server.app.envelope import Envelope
from server.app.guards import BodyGuard, CrossSiteGuard
from server.app.language import Languages
from server.app.problems import add_problem_handlers, answer_error
from server.app.routers import routing_table
from server.auth.authenticate import Authenticator
from server.auth.limiter import Limiter
from server.auth.principal import Principal
from server.auth.sessions import SignIn
from server.auth.talk_limit import new_talk_limit
from server.broker.door import BrokerDoor
from server.db import Database
from server.labels.queue.worker import PrintWorker
from server.live.door import LiveDoor
from server.live.hub import Hub
from server.metrics import BUILD_INFO
from server.migrations import pending
from server.settings import Settings
from server.settings.build import program_version
from server.settings.clock import utc_now
from server.web.fragments import renderer
from server.web.i18n import negotiate, translations
from server.web.static_files import build, static_app

PAIRING_TRIES_A_MINUTE = 10


class NotMigrated(Exception):
    """The database is not at this program's version."""

    def __init__(self) -> None:
        super().__init__("The database is not at this program's version. Run: orderlight-server migrate")


def create_app(settings: Settings, database: Database | None = None) -> FastAPI:
    """The whole server as an ASGI application; it closes its database unless one was handed in."""
    owns_database = database is None
    database = database or Database(settings.database_url)
    app = FastAPI(
        title="Orderlight",
        version=program_version(),
        summary="Scan a thing on the shop floor; its customer sees his order move.",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(owns_database=owns_database),
    )
    _give_parts(app, settings, database)
    add_problem_handlers(app)
    _describe_keys(app)
    app.router.routes += [*routing_table(), Route("/live", _live_door(app)), Mount("/static", static_app())]
    # The last one added is the outermost.
    app.add_middleware(BodyGuard, settings=settings)
    app.add_middleware(CrossSiteGuard, settings=settings)
    app.add_middleware(Envelope, https=settings.https)
    app.add_middleware(Languages, settings=settings)
    BUILD_INFO.labels(version=program_version(), build=build()).set(1)
    return app


def _give_parts(app: FastAPI, settings: Settings, database: Database) -> None:
    app.state.settings = settings
    app.state.broker = BrokerDoor(settings)
    app.state.database = database
    app.state.authenticator = Authenticator(database, settings, clock=utc_now, visit=rights.visit_of)
    app.state.sign_in = SignIn(database, settings)
    app.state.pairing_limiter = Limiter(PAIRING_TRIES_A_MINUTE, 60)
    app.state.talk_limit = new_talk_limit()
    app.state.station_exists = rights.station_exists
    app.state.speak = _speak
    app.state.hub = Hub(database, renderer(database))
    database.on_commit(app.state.hub.woken)
    app.state.print_worker = PrintWorker(database)
    database.on_commit(app.state.print_worker.woken)
    app.state.broker.on_change = lambda: touch_gateways(database)


def _describe_keys(app: FastAPI) -> None:
    """Tell readers of /openapi.json how to say who they are (OpenAPI 3.1, Security Scheme Object)."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        schema = describe()
        schema.setdefault("components", {})["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "A key: ol_<prefix>_<secret>."},
            "browser": {"type": "apiKey", "in": "cookie", "name": app.state.settings.cookie("sid")},
        }
        schema["security"] = [{"key": []}, {"browser": []}]
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def _live_door(app: FastAPI) -> LiveDoor:
    return LiveDoor(
        app.state.hub,
        app.state.settings,
        app.state.authenticator,
        may_watch=rights.watching_rights(app.state.database),
        language_of=_language_of,
        refuse=answer_error,
        build=build(),
    )


def _speak(language: str) -> Callable[[str], str]:
    """The translator of the answers at stations."""
    return translations(negotiate(language)).gettext


def _language_of(wish: str | None, principal: Principal) -> str:
    return negotiate(wish, principal.language)


def _lifespan(*, owns_database: bool) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database: Database = app.state.database
        if await run_in_threadpool(pending, database.engine):
            raise NotMigrated
        app.state.hub.start()
        app.state.print_worker.start()
        app.state.broker.start(app)
        yield
        await app.state.broker.close()
        await run_in_threadpool(app.state.print_worker.close)
        app.state.hub.close()
        if owns_database:
            await run_in_threadpool(database.close)

    return lifespan
