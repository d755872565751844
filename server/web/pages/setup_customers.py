"""Where customers used to be set up: their one place is /customers, so old addresses lead there."""

from urllib.parse import quote

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse

from server.auth.http import require
from server.auth.permissions import Permission

router = APIRouter(
    prefix="/setup/customers",
    include_in_schema=False,
    dependencies=[Depends(require(Permission.CUSTOMERS_READ))],
)


@router.get("")
def lead_to_list() -> RedirectResponse:
    """The list."""
    return RedirectResponse("/customers", status_code=308)


@router.get("/{number}")
def lead_to_customer(number: str) -> RedirectResponse:
    """One customer, or the form for a new one."""
    return RedirectResponse(f"/customers/{quote(number, safe='')}", status_code=308)
