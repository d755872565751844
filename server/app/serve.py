"""Running the application under uvicorn: uvloop, a quick and orderly stop, streams ended first."""

import gc
import socket

import uvicorn
from fastapi import FastAPI

from server.app.protocol import ImpatientProtocol
from server.settings import Settings

#: A request that is being answered gets this long to finish.
GRACEFUL_SECONDS = 2


class Server(uvicorn.Server):
    """Ends the live streams as soon as it is told to stop; they would hold it up otherwise."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does; what exists by then stays for good."""
        await super().startup(sockets)
        spare_the_collector()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, after the streams."""
        self._app.state.hub.close()
        await super().shutdown(sockets)


def spare_the_collector() -> None:
    """Let Python look for circular garbage seldom, and never again at what was made at the start.

    A batch of scans makes some ten thousand short-lived objects, none of them in a circle; at the usual thresholds the
    collector walks through all modules and mappings many times a second to find nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 50)


def make_server(app: FastAPI, settings: Settings) -> Server:
    """The server, not yet running; `run()` blocks until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=ImpatientProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        backlog=2048,
    )
    return Server(config, app)
