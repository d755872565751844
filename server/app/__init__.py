"""The wiring: the only place that knows every part of the server."""

from server.app.create import create_app

__all__ = ["create_app"]
