"""A new order: who, what and how many, and the date that is promised."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.orders.schemas import OrderIn
from server.erp.orders.service import create_order
from server.messages import N_
from server.web.customer_choice import customer_choices, with_customer
from server.web.entry import Fault, FormDep, checked, compact, count_rows, given, rows_of
from server.web.forms import Form
from server.web.once import attempt_once
from server.web.option_fields import chosen, offers, option_columns
from server.web.page import Page, PageDep
from server.web.product_choice import ORDERABLE, product_choices, product_fields, with_products
from server.web.sections import SETUP, show_in

router = APIRouter(prefix="/setup/orders/new", include_in_schema=False)

Writer = Annotated[Principal, Depends(require(Permission.ORDERS_WRITE))]

_FIELDS = ("customer", "customer_reference", "promise_date", "priority", "special_instructions")
_LINES = ("product", "quantity", "unit_price", "options", "packaging")
_WORDS = {
    "customer": N_("Choose one of the list, or write its number, such as C-100."),
    "product": N_("Write the number of a product, such as FRAME-CITY."),
}


@router.get("")
def new_order(page: PageDep, _principal: Writer, customer: str = "") -> Response:
    """An empty form, for a customer if one is named."""
    return _show(page, Form({"customer": customer[:40]}), spare=2)


@router.post("")
def add_order(page: PageDep, form: FormDep, principal: Writer) -> Response:
    """Enter the order as a draft, or show the form again with more rows."""
    form = compact(form, "lines", (*_LINES, *option_columns(form, "lines")), marks=("product", "quantity"))
    try:
        if form.get("more"):
            # The options of a product are asked for once its number stands there.
            return _show(page, with_products(page, form, product_fields(form, "lines"), ORDERABLE), spare=3)
        form = with_products(page, with_customer(page, form), product_fields(form, "lines"), ORDERABLE)
        data = {**given(form, *_FIELDS), "lines": _lines(form)}
        body = checked(page, form, model=OrderIn, data=data, words=_WORDS)

        def work(session: Session) -> str:
            return create_order(session, body, actor=principal.actor, now=page.now).number

        number = attempt_once(page, principal, form, work)
    except Fault as fault:
        return _show(page, _renamed(fault.form), status=fault.status)
    said = page.say(N_("%(number)s is entered. Confirm it, then release it to the floor."), number=number)
    return page.go(f"/orders/{number}", said)


def _lines(form: Form) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for row in rows_of(form, "lines", (*_LINES, *option_columns(form, "lines"))):
        choices = parse_options(row.get("options", "")) | chosen(row)
        line = {name: value for name, value in row.items() if name in _LINES and name != "options"}
        lines.append(line | ({"configuration": choices} if choices else {}))
    return lines


def parse_options(text: str) -> dict[str, str]:
    """Chosen options as a person writes them.

    >>> parse_options("colour: signal red; bell: yes")
    {'colour': 'signal red', 'bell': 'yes'}
    """
    pairs = (part.partition(":") for part in text.split(";") if part.strip())
    return {name.strip(): choice.strip() for name, _colon, choice in pairs}


def _renamed(form: Form) -> Form:
    faults = {name.replace(".configuration", ".options"): sentence for name, sentence in form.faults.items()}
    return form.with_faults(faults, form.fault)


def _show(page: Page, form: Form, *, status: int = 200, spare: int = 1) -> Response:
    with page.database.read() as session:
        customers = customer_choices(session)
        products = product_choices(session, *ORDERABLE)
        count = count_rows(form, "lines", spare=spare)
        options = offers(session, form, "lines", count=count)
    return show_in(
        SETUP,
        page,
        "setup/order.html",
        status=status,
        form=form,
        customers=customers,
        products=products,
        count=count,
        offers=options,
        today=page.formats.day_of(page.now),
    )
