"""How a request finds its door."""

from collections.abc import Iterator

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Match, Route
from starlette.types import Scope

from server.app.routers import ROUTERS, Area


def asked_for(path: str, *, root: str = "") -> Scope:
    return {"type": "http", "method": "GET", "path": root + path, "root_path": root, "headers": []}


def found(router: APIRouter, scope: Scope) -> Match:
    table = APIRouter()
    table.include_router(router)
    return table.routes[0].matches(scope)[0]


@pytest.fixture
def area() -> Area:
    router = APIRouter(prefix="/orders")
    for path in ("", "/new", "/{number}/print"):
        router.add_api_route(path, lambda: None)
    return Area(router)


@pytest.mark.parametrize("root", ["", "/factory"])
@pytest.mark.parametrize("path", ["/orders", "/orders/new", "/orders/SO-1/print"])
def test_a_path_of_the_area_is_found(area: Area, path: str, root: str) -> None:
    assert found(area, asked_for(path, root=root)) is Match.FULL


@pytest.mark.parametrize("path", ["/", "/order", "/orders/", "/orders/SO-1", "/ordersnew", "/cases"])
def test_another_path_is_not(area: Area, path: str) -> None:
    assert found(area, asked_for(path)) is Match.NONE


def test_every_door_is_told_by_its_own_path() -> None:
    def doors() -> Iterator[Route]:
        for router in ROUTERS:
            # A router inside a router would have no path of its own, and be overlooked.
            assert all(isinstance(route, APIRoute) for route in router.routes)
            yield from (route for route in router.routes if isinstance(route, Route))

    assert len({(route.path, *sorted(route.methods or ())) for route in doors()}) > 300
