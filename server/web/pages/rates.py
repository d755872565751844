"""Exchange rates: those that count today, the form for a new one, and what was entered before."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.doers import doers
from server.erp.billing import rates
from server.erp.billing.rates_schemas import RateIn
from server.http.currencies import CURRENCIES
from server.http.fields import plain
from server.http.paging import Before
from server.messages import N_
from server.parties.repository import site
from server.web.entry import Fault, FormDep, checked, given
from server.web.forms import Form
from server.web.once import attempt_once
from server.web.page import Page, PageDep
from server.web.sections import MONEY, show_in

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 25
Reader = Annotated[Principal, Depends(require(Permission.CREDIT_READ))]
Writer = Annotated[Principal, Depends(require(Permission.INVOICES_WRITE))]
_WORDS = {"currency": N_("Choose one of the list.")}


@router.get("/rates")
def show_rates(page: PageDep, _principal: Reader, before: Before = None) -> Response:
    """The list, with the form for those who may add to it."""
    return _show(page, Form({"as_of": page.formats.day_of(page.now).isoformat()}), before=before)


@router.post("/rates")
def add_rate(page: PageDep, form: FormDep, principal: Writer) -> Response:
    """Keep a rate; a mistake is shown beside its field."""
    try:
        body = checked(page, form, model=RateIn, data=given(form, "currency", "rate", "as_of"), words=_WORDS)

        def work(session: Session) -> tuple[str, str, str]:
            made = rates.add_rate(session, body, actor=principal.actor, now=page.now)
            return made.base, plain(made.value), made.currency

        base, value, currency = attempt_once(page, principal, form, work)
    except Fault as fault:
        return _show(page, fault.form, status=fault.status)
    said = N_("1 %(base)s is %(value)s %(currency)s from now on. Credit is checked by it.")
    return page.go("/rates", page.say(said, base=base, value=value, currency=currency))


def _show(page: Page, form: Form, *, before: int | None = None, status: int = 200) -> Response:
    with page.database.read() as session:
        base = site(session).currency
        current = rates.newest_rates(session, now=page.now).newest
        entered = rates.latest_entries(session, before=before, limit=PAGE_SIZE + 1)
        names = doers(session, {each.entered_by for each in entered})
        shown = [(each, names.name(each.entered_by, each.entered_at)) for each in entered[:PAGE_SIZE]]
    return show_in(
        MONEY,
        page,
        "money/rates.html",
        status=status,
        form=form,
        base=base,
        current=sorted(current.items()),
        entered=shown,
        next_href=f"/rates?before={entered[PAGE_SIZE - 1].id}" if len(entered) > PAGE_SIZE else None,
        is_first=before is None,
        currencies=[(code, code) for code in sorted(CURRENCIES - {base})],
        today=page.formats.day_of(page.now),
    )
