"""`create_app`: puts the parts together and hands each what it needs."""

from fastapi import FastAPI

from server.app import routers
from server.app.problems import add_problem_handlers
from server.auth.authenticate import Authenticator
from server.db import Database
from server.settings import Settings
from server.settings.build import program_version
from server.settings.clock import utc_now


def create_app(settings: Settings, database: Database | None = None) -> FastAPI:
    """The whole server as an ASGI application; with its own database unless one is handed in."""
    app = FastAPI(
        title="Orderlight",
        version=program_version(),
        summary="Scan a thing on the shop floor; its customer sees his order move.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.database = database = database or Database(settings.database_url)
    app.state.authenticator = Authenticator(database, settings, clock=utc_now)
    add_problem_handlers(app)
    for router in routers.routers():
        app.include_router(router)
    return app
