"""Places where goods lie: the list with their printed codes, and the form for another one."""

from typing import Annotated
from urllib.parse import urlencode

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
from server.http.paging import After, Text
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
_ON_A_PAGE = 100


@router.get("")
def show_locations(page: PageDep, _principal: Reader, text: Text = None, after: After = None) -> Response:
    """Locations by name, found by a part of key or name, with what the printed code of each holds."""
    return _show(page, Form(), text=text or "", after=after)


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


def _show(page: Page, form: Form, *, status: int = 200, text: str = "", after: str | None = None) -> Response:
    with page.database.read() as session:
        found, more = repository.places(session, text=text, after=after, limit=_ON_A_PAGE)
        kinds = repository.kinds_lying(session, [place.id for place in found])
    rows = [(place, _printed(place.key)) for place in found]
    next_href = _list(text=text, after=found[-1].key) if more else None
    return page.show(
        "stock/locations.html",
        status=status,
        form=form,
        rows=rows,
        kinds=kinds,
        text=text,
        next_href=next_href,
        first_href=_list(text=text, after=""),
        is_first=after is None,
    )


def _list(**values: str) -> str:
    kept = {name: value for name, value in values.items() if value}
    return "/stock/locations?" + urlencode(kept) if kept else "/stock/locations"


def _printed(key: str) -> str | None:
    code = location_code(key)
    return str(OwnCode("L", code)) if len(code) <= _LONGEST_BODY else None
