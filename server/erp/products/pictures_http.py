"""The doors to pictures of packaging: sent as their bytes, given as their bytes."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog.models import PackagingPicture
from server.catalog.packaging_schemas import PictureName, PictureOut
from server.catalog.picture_bytes import read_picture
from server.catalog.pictures import picture_of, store_picture
from server.errors import NotFound
from server.http.door import DoorDep
from server.http.idempotency import Answer

PATH = "/api/v1/packaging-pictures"
router = APIRouter(prefix=PATH)

CatalogRead = Annotated[Principal, Depends(require(Permission.CATALOG_READ))]
CatalogWrite = Annotated[Principal, Depends(require(Permission.CATALOG_WRITE))]
PictureHash = Annotated[str, Path(min_length=1, max_length=64)]


async def _bytes(request: Request) -> bytes:
    """The body as it came; the guard at the door has limited it."""
    return await request.body()


@router.post("", status_code=201, response_model=PictureOut)
def post_picture(door: DoorDep, principal: CatalogWrite, data: Annotated[bytes, Depends(_bytes)]) -> JSONResponse:
    """Keep a picture: the body is a PNG or a JPEG, whatever its declared type. The same picture is kept once."""
    picture = read_picture(data)

    def make(session: Session) -> Answer:
        name = store_picture(session, picture, actor=principal.actor, now=door.now)
        told: dict[str, Any] = {"hash": name, "kind": picture.kind, "width": picture.width, "height": picture.height}
        return Answer(201, {**told, "size": len(picture.content), "href": f"{PATH}/{name}"})

    return door.post(principal, PictureName(hash=picture.hash), make, named_by="hash")


@router.get("/{picture}")
def get_picture(database: DatabaseDep, _principal: CatalogRead, picture: PictureHash) -> Response:
    """The bytes of a picture."""
    with database.read() as session:
        return picture_response(picture_of(session, picture))


def picture_response(found: PackagingPicture | None) -> Response:
    """The bytes under their own type; raises NotFound. The envelope of all answers adds nosniff."""
    if found is None:
        raise NotFound
    suffix = found.kind.rpartition("/")[2]
    headers = {
        # The address names the content, so it never changes; private, for rights decide who may have it.
        "Cache-Control": "private, max-age=31536000, immutable",
        "ETag": f'"{found.hash}"',
        "Content-Disposition": f'inline; filename="packaging-{found.hash[:12]}.{suffix}"',
    }
    return Response(found.content, media_type=found.kind, headers=headers)
