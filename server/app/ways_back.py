"""Where it leads to ask for the address of an action: back to the page that the action stands on.

Forms are sent to addresses of their own. Whoever loads such an address (from the history of his browser, or with his
sign-in ended meanwhile) wants the page that holds the form, and that is the nearest one above it.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any
from urllib.parse import quote

from starlette.requests import Request

from server.app.routers import routing_table


def page_above(request: Request) -> str | None:
    """The page above the address that takes forms alone; None where no such address is asked for by reading it."""
    pattern = str(getattr(request.scope.get("route"), "path", ""))
    if request.method not in {"GET", "HEAD"} or not pattern or pattern.startswith("/api/"):
        return None
    depth = _depth_of_page(pattern)
    # The parts are taken from what was asked for; they begin with a word of ours, so no other host can stand there.
    parts = request.scope["path"].removeprefix(request.scope.get("root_path", "")).split("/")[:depth]
    return "/".join(quote(part, safe="") for part in parts) or "/"


@cache
def _depth_of_page(pattern: str) -> int:
    """How many parts of the pattern make the nearest page above it; compared as patterns, for a page such as
    /quote/{token} takes any word.
    """
    parts, pages = pattern.split("/"), _pages()
    return next((depth for depth in range(len(parts) - 1, 1, -1) if "/".join(parts[:depth]) in pages), 1)


@cache
def _pages() -> frozenset[str]:
    return frozenset(
        route.path for route in _flat(routing_table()) if "GET" in route.methods and not route.path.startswith("/api/")
    )


def _flat(routes: Iterable[Any]) -> Iterator[Any]:
    """Every route, those of included routers too."""
    for route in routes:
        inner = getattr(route, "effective_candidates", None)
        if inner is None:
            yield route
        else:
            yield from _flat(inner())
