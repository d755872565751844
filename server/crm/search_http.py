"""The door to the search."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.search import search
from server.erp.search import MAX_TEXT

router = APIRouter(prefix="/api/v1/search")


@router.get("")
def get_search(
    database: DatabaseDep,
    principal: Annotated[Principal, Depends(require(Permission.ORDERS_READ))],
    text: Annotated[str, Query(max_length=MAX_TEXT)],
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
) -> JSONResponse:
    """Orders, units, boxes, shipments, invoices, quotes, cases, customers and products by number, name or code."""
    with database.read() as session:
        hits = search(session, principal, text, limit=limit)
    return JSONResponse({"items": [hit.as_json() for hit in hits], "next": None})
