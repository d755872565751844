"""The address of every page and list that a program answers, found in the program itself."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.orm import Session

#: The framework's own pages, files, figures for machines, and streams, which have no end.
NOT_PAGES = ("/openapi.json", "/docs", "/live", "/metrics", "/static", "/healthz", "/readyz")
#: What a reader of the page asks for, where an address alone asks for nothing.
QUERIES = {
    "/search": "?q=Aurora",
    "/api/v1/search": "?text=Aurora",
    "/changes/new": "?order={order}",
    "/api/v1/labels/{kind}/{reference:path}": "?form=svg",
}
#: Which thing the parameter `number` means, by what stands before it.
_NUMBERS = {
    "orders": "order",
    "work-orders": "work_order",
    "units": "unit",
    "handling-units": "handling_unit",
    "shipments": "shipment",
    "customers": "customer",
    "quotes": "quote",
    "cases": "case",
    "changes": "change",
    "change-requests": "change",
    "invoices": "invoice",
    "payments": "payment",
    "packaging": "packaging",
    "packaging-specs": "packaging",
}
#: The same of the parameter `key`.
_KEYS = {
    "gateways": "gateway",
    "stations": "station",
    "station": "station",
    "read-points": "read_point",
    "work-centers": "work_center",
    "printers": "printer",
}
#: Thing -> how it is found: the first of its kind, which every copy of the factory has.
_THINGS = {
    "order": "SELECT number FROM sales_order WHERE lifecycle = 'processing' ORDER BY id LIMIT 1",
    "work_order": "SELECT number FROM work_order ORDER BY id LIMIT 1",
    "unit": (
        "SELECT u.number FROM unit u JOIN sales_order o ON o.id = u.order_id "
        "WHERE o.lifecycle = 'processing' AND u.work_order_id IS NOT NULL ORDER BY o.id, u.id LIMIT 1"
    ),
    "picture": "SELECT hash FROM packaging_picture ORDER BY hash LIMIT 1",
    "pictured_order": (
        "SELECT min(o.number) FROM sales_order o JOIN work_order w ON w.order_id = o.id "
        "JOIN packaging_picture p ON CAST(w.snapshot AS TEXT) LIKE '%' || p.hash || '%'"
    ),
    "sent_order": "SELECT number FROM sales_order WHERE id = (SELECT order_id FROM shipment ORDER BY id LIMIT 1)",
    "handling_unit": "SELECT number FROM handling_unit ORDER BY id LIMIT 1",
    "shipment": "SELECT number FROM shipment ORDER BY id LIMIT 1",
    "customer": "SELECT number FROM customer ORDER BY id LIMIT 1",
    "contact": "SELECT id FROM contact WHERE customer_id = (SELECT min(id) FROM customer) ORDER BY id LIMIT 1",
    "quote": "SELECT number FROM quote WHERE state = 'negotiating' ORDER BY id LIMIT 1",
    "case": "SELECT number FROM case_file ORDER BY id LIMIT 1",
    "change": "SELECT number FROM change_request ORDER BY id LIMIT 1",
    "invoice": "SELECT number FROM invoice ORDER BY id LIMIT 1",
    "payment": "SELECT number FROM payment ORDER BY id LIMIT 1",
    "packaging": "SELECT number FROM packaging_spec ORDER BY id LIMIT 1",
    "product": "SELECT sku FROM product WHERE id IN (SELECT product_id FROM packaging_spec) ORDER BY id LIMIT 1",
    "material": "SELECT sku FROM product WHERE id = (SELECT min(product_id) FROM stock_item)",
    # A stored Digital Link: 01/{fourteen digits}/21/{serial}.
    "gtin": "SELECT substr(value, 4, 14) FROM identifier WHERE scheme = 'sgtin' ORDER BY id LIMIT 1",
    "serial": "SELECT substr(value, 22) FROM identifier WHERE scheme = 'sgtin' ORDER BY id LIMIT 1",
    "code": "SELECT code FROM reason_code ORDER BY id LIMIT 1",
    "gateway": "SELECT key FROM gateway ORDER BY id LIMIT 1",
    "station": "SELECT key FROM station ORDER BY id LIMIT 1",
    "read_point": "SELECT key FROM read_point ORDER BY id LIMIT 1",
    "work_center": "SELECT key FROM work_center ORDER BY id LIMIT 1",
    "login": "SELECT login FROM user_account ORDER BY id LIMIT 1",
    "prefix": "SELECT prefix FROM api_key ORDER BY id LIMIT 1",
    "printer": "SELECT key FROM printer ORDER BY id LIMIT 1",
    "job_id": "SELECT id FROM print_job ORDER BY id LIMIT 1",
    "check_id": "SELECT id FROM passage_check ORDER BY id LIMIT 1",
    "device_id": "SELECT id FROM device ORDER BY id LIMIT 1",
}
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


def things_of(session: Session) -> dict[str, str]:
    """Thing -> its number or key in this house, for those it has."""
    found = {"name": "A", "tab": "timeline", "version": "1", "label_kind": "unit"}
    for thing, statement in _THINGS.items():
        value = session.execute(text(statement)).scalar()
        if value is not None:
            found[thing] = str(value)
    return found


def patterns(app: FastAPI) -> list[str]:
    """Every GET route, so a new page is among them by itself."""
    found = {path for path, about in app.openapi()["paths"].items() if "get" in about}
    for route in _routes(app.routes):
        if "GET" in (getattr(route, "methods", None) or ()):
            found.add(str(getattr(route, "path", "")))
    return sorted(path for path in found if not path.startswith(NOT_PAGES))


def addresses(app: FastAPI, things: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Each pattern with its address in a house that has these things; None where one of them is wanting."""
    for pattern in patterns(app):
        wanted = pattern + QUERIES.get(pattern, "")
        values = {name: things.get(_meant(pattern, name)) for name in _PARAMETER.findall(wanted)}
        missing = [name for name, value in values.items() if value is None]
        yield pattern, None if missing else _PARAMETER.sub(lambda found: str(values[found[1]]), wanted)  # noqa: B023


def _meant(pattern: str, name: str) -> str:
    before = pattern.partition("{" + name)[0].rstrip("/").rpartition("/")[2]
    if name == "number" and pattern.endswith("/pictures/{picture}"):
        return "pictured_order"
    if name == "number" and before == "orders" and "/shipments/" in pattern:
        return "sent_order"
    if name == "number":
        return _NUMBERS.get(before, name)
    if name == "visited":
        return "quote" if pattern.startswith("/quote/") else "order"
    if name == "key":
        return _KEYS.get(before, name)
    if name == "kind" and before == "labels":
        return "label_kind"
    if name == "sku":
        return "material" if before in ("stock", "materials") else "product"
    return {"reference": "unit", "row_id": "contact"}.get(name, name)


def _routes(routes: Iterable[Any]) -> Iterator[Any]:
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _routes(inner.routes)
        else:
            yield route
