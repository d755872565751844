"""All pages as one router: every module under `server.web.pages` that has a `router` takes part."""

from importlib import import_module
from pkgutil import iter_modules

from fastapi import APIRouter

from server.web import pages

router = APIRouter()

for _module in sorted(iter_modules(pages.__path__), key=lambda each: each.name):
    _found = getattr(import_module(f"{pages.__name__}.{_module.name}"), "router", None)
    if _found is not None:
        router.include_router(_found)
