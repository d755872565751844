"""The door to reels of codes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.erp.reels import repository
from server.erp.reels.schemas import ReelList, ReelOut
from server.http.paging import DEFAULT_LIMIT, After, Limit, as_json

router = APIRouter(prefix="/api/v1")

_planner = [Depends(require(Permission.ORDERS_RELEASE))]
Free = Annotated[bool, Query(description="Only those that hold codes still.")]


@router.get("/reels", response_model=ReelList, dependencies=_planner)
def list_reels(
    database: DatabaseDep, free: Free = False, after: After = None, limit: Limit = DEFAULT_LIMIT
) -> JSONResponse:
    """Reels by name, with how many codes they had and have; imports of `codes` bring them in."""
    with database.read() as session:
        rows, more = repository.reels(session, free=free, after=after, limit=limit)
    items = [ReelOut(reel=reel, codes=codes, left=left).model_dump(mode="json") for reel, codes, left in rows]
    return JSONResponse(as_json(items, more=more, name="reel"))
