"""Every router of the server, by the module that holds it."""

import importlib
import importlib.util
from collections.abc import Iterator

from fastapi import APIRouter

MODULES = (
    "server.admin.session",
    "server.admin.users",
    "server.admin.keys",
    "server.admin.devices",
    "server.admin.gateways",
    "server.connectors.feed",
    "server.ingest.http",
    "server.catalog.http",
    "server.parties.http",
    "server.erp.floor.http",
    "server.erp.orders.http",
    "server.erp.production.http",
    "server.erp.logistics.http",
    "server.erp.imports_http",
    "server.erp.search_http",
    "server.erp.search_http",
    "server.crm.http",
    "server.labels.http",
    "server.web.http",
)


def routers() -> Iterator[APIRouter]:
    """The routers of all rooms that are built."""
    for module in MODULES:
        if _exists(module):
            yield importlib.import_module(module).router


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
