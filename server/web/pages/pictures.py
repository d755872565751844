"""Pictures of packaging for pages: to our house each by its hash, to a customer those of his own orders."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from server.auth.http import DatabaseDep, find_principals, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog.pictures import picture_of
from server.crm.order_pictures import may_see_picture
from server.erp.products.pictures_http import PictureHash, picture_response
from server.errors import NotFound
from server.http.paging import Number

router = APIRouter(include_in_schema=False)

FloorReader = Annotated[Principal, Depends(require(Permission.FLOOR_READ))]
OrderReader = Annotated[Principal, Depends(require(Permission.ORDERS_READ))]
#: A browser may have come by several links; each opens its own order.
Everybody = Annotated[list[Principal], Depends(find_principals)]


@router.get("/packaging-pictures/{picture}")
def show_picture(database: DatabaseDep, _principal: FloorReader, picture: PictureHash) -> Response:
    """A picture for our own people and for the screens of stations."""
    with database.read() as session:
        return picture_response(picture_of(session, picture))


@router.get("/orders/{number}/pictures/{picture}")
def show_order_picture(
    database: DatabaseDep, _principal: OrderReader, known: Everybody, number: Number, picture: PictureHash
) -> Response:
    """A picture that belongs to the order, for whoever may see the order; raises NotFound."""
    with database.read() as session:
        if not may_see_picture(session, known, number, picture):
            raise NotFound
        return picture_response(picture_of(session, picture))
