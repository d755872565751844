"""Tags that passed and belong to nobody here."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from orderlight.autoid import identify_epc
from server.admin import journal
from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.web.page import PageDep
from server.web.sections import ADMIN, show_in

router = APIRouter(prefix="/admin/tags", include_in_schema=False)

Decider = Annotated[Principal, Depends(require(Permission.INBOX_DECIDE))]


@router.get("")
def show_tags(page: PageDep, _principal: Decider) -> Response:
    """The tags seen last, each with what its memory says."""
    with page.database.read() as session:
        found = journal.unknown_tags(session)
    return show_in(ADMIN, page, "admin/tags.html", found=found, meanings=[_meaning(tag.epc) for tag in found])


def _meaning(epc: str) -> str | None:
    told = identify_epc(epc.removeprefix("epc:"))
    return ", ".join(f"{name} {value}" for name, value in told.keys.items()) or told.epc_uri
