"""Places where goods lie: the list with their printed codes, and the form for another one."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from orderlight.autoid import OwnCode
from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.stock import repository, service
from server.erp.stock.rules import location_code
from server.erp.stock.schemas import LocationIn
from server.messages import N_
from server.web.entry import Fault, FormDep, attempt, checked, given
from server.web.forms import Form
from server.web.page import Page, PageDep

router = APIRouter(prefix="/stock/locations", include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.FLOOR_READ))]
Writer = Annotated[Principal, Depends(require(Permission.FLOOR_WRITE))]
_WORDS = {"key": N_("Write small letters, digits and dashes, such as rack-1.")}
#: What a code of ours can hold.
_LONGEST_BODY = 20


@router.get("")
def show_locations(page: PageDep, _principal: Reader) -> Response:
    """Every location, with what its printed code holds."""
    return _show(page, Form())


@router.post("")
def add_location(page: PageDep, principal: Writer, form: FormDep) -> Response:
    """Another place where goods lie."""
    try:
        body = checked(page, form, model=LocationIn, data=given(form, "key", "name"), words=_WORDS)

        def work(session: Session) -> None:
            service.create_location(session, body, actor=principal.actor, now=page.now)

        attempt(page, form, work, fields={"key_taken": "key"})
    except Fault as fault:
        return _show(page, fault.form, status=fault.status)
    return page.go("/stock/locations", page.say(N_("%(name)s is a location now."), name=body.name))


def _show(page: Page, form: Form, *, status: int = 200) -> Response:
    with page.database.read() as session:
        rows = [(place, _printed(place.key)) for place in repository.all_locations(session)]
        kinds = repository.kinds_lying(session)
    return page.show("stock/locations.html", status=status, form=form, rows=rows, kinds=kinds)


def _printed(key: str) -> str | None:
    code = location_code(key)
    return str(OwnCode("L", code)) if len(code) <= _LONGEST_BODY else None
