"""Gates that must see every unit, and what they missed."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.floor.gates import gate_figures, missed_units
from server.web.page import PageDep
from server.web.sections import ADMIN, show_in

router = APIRouter(prefix="/admin/gates", include_in_schema=False)

#: Missed units on the page.
LAST: Final = 50
Decider = Annotated[Principal, Depends(require(Permission.INBOX_DECIDE))]


@router.get("")
def show_gates(page: PageDep, _principal: Decider) -> Response:
    """The gates, the one that misses most first, and the units that were missed last."""
    with page.database.read() as session:
        found, units = gate_figures(session), missed_units(session, LAST)
    return show_in(ADMIN, page, "admin/gates.html", found=found, units=units)
