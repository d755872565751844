"""Writing a quote: who it is for, what is offered at which price, and what would come of it; and repeating an order."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog.models import Product
from server.crm.access import visible_orders
from server.crm.here import Here
from server.crm.quotes import repository, service
from server.crm.quotes.http import found_quote
from server.crm.quotes.lines import find_version
from server.crm.quotes.models import Quote
from server.crm.quotes.preview import Preview, preview
from server.crm.quotes.repeat import repeat_order
from server.crm.quotes.schemas import QuoteIn, QuotePatch, RepeatBody
from server.erp.orders import repository as orders
from server.errors import Forbidden, Invalid, NotFound, Refused
from server.http.paging import Number
from server.messages import N_
from server.web.customer_choice import customer_choices, with_customer
from server.web.entry import (
    Fault,
    FormDep,
    attempt,
    changed,
    checked,
    compact,
    count_rows,
    given,
    rows_of,
    typed_rows,
)
from server.web.forms import Form
from server.web.once import attempt_once, write_once
from server.web.page import Page, PageDep
from server.web.pages.setup_orders import parse_options
from server.web.product_choice import ORDERABLE, product_choices, product_fields, with_products
from server.web.stale import require_fresh

router = APIRouter(include_in_schema=False)

Writer = Annotated[Principal, Depends(require(Permission.QUOTES_WRITE))]
OrdersWriter = Annotated[Principal, Depends(require(Permission.ORDERS_WRITE))]

_FIELDS = ("customer_reference", "valid_until", "owner", "probability", "note")
_LINES = ("product", "quantity", "unit_price", "discount_percent", "options", "wished_date", "note")
_MARKS = ("product", "quantity")
_WORDS = {
    "customer": N_("Choose one of the list, or write its number, such as C-100."),
    "product": N_("Write the number of a product, such as FRAME-CITY."),
}


@router.get("/quotes/new")
def new_quote(page: PageDep, principal: Writer, customer: str = "") -> Response:
    """An empty form, for a customer if one is named."""
    login = principal.actor.removeprefix("user:")
    return _show(page, Form({"customer": customer[:40], "probability": "50", "owner": login}), spare=2)


@router.post("/quotes/new")
def add_quote(page: PageDep, form: FormDep, principal: Writer) -> Response:
    """Enter the quote as a draft, look at what would come of it, or show the form again with more rows."""
    form = compact(form, "lines", _LINES, marks=_MARKS)
    if form.get("more"):
        return _show(page, form, spare=3)
    try:
        form = with_products(page, with_customer(page, form), product_fields(form, "lines"), ORDERABLE)
        data = {**given(form, "customer", *_FIELDS), "lines": _lines(form)}
        body = checked(page, form, model=QuoteIn, data=data, words=_WORDS)
        if form.get("look"):
            return _show(page, form, seen=attempt(page, form, lambda session: preview(session, body, now=page.now)))

        def work(session: Session) -> str:
            here = Here(page.site.zone, page.now)
            return service.create_quote(session, body, actor=principal.actor, here=here).number

        number = attempt_once(page, principal, form, work)
    except Fault as fault:
        return _show(page, _renamed(fault.form), status=fault.status)
    return page.go(
        f"/quotes/{number}", page.say(N_("%(number)s is written. Look it over, then send it."), number=number)
    )


@router.get("/quotes/{number}/edit")
def edit_quote(page: PageDep, principal: Writer, number: Number) -> Response:
    """The form with the draft version; a quote without one has nothing to edit but who owns it and how likely it is."""
    with page.database.read() as session:
        quote = found_quote(session, principal, number)
        form, heading = _typed(quote), _heading(quote)
    return _show(page, form, number=number, heading=heading, has_draft=quote.draft_version is not None)


@router.post("/quotes/{number}/edit")
def change_quote(page: PageDep, principal: Writer, number: Number, form: FormDep) -> Response:
    """Change the draft version, or look at what would come of it first."""
    form = compact(form, "lines", _LINES, marks=_MARKS)
    with page.database.read() as session:
        quote = found_quote(session, principal, number)
    shown: dict[str, Any] = {"number": number, "heading": _heading(quote), "has_draft": quote.draft_version is not None}
    if form.get("more"):
        return _show(page, form, spare=3, **shown)
    try:
        form = with_products(page, form, product_fields(form, "lines"), ORDERABLE)
        if form.get("look"):
            return _look(page, form, quote, shown)
        patch = checked(page, form, model=QuotePatch, data=_changes(form, quote), words=_WORDS)

        def work(session: Session) -> None:
            locked = found_quote(session, principal, number, lock=True)
            require_fresh(page, form, _typed(locked), what=number)
            service.change_quote(session, locked, patch, actor=principal.actor, here=Here(page.site.zone, page.now))

        attempt(page, form, work)
    except Fault as fault:
        return _show(page, _renamed(fault.form), status=fault.status, **shown)
    return page.go(f"/quotes/{number}", page.say(N_("%(number)s is changed."), number=number))


@router.post("/orders/{number}/repeat/{into}")
def repeat(page: PageDep, principal: OrdersWriter, number: Number, into: str, form: FormDep) -> Response:
    """A new draft quote or draft order with the lines of this one, at today's terms."""
    if into not in ("quote", "order"):
        raise NotFound
    body = RepeatBody(into="quote" if into == "quote" else "order")
    if body.into == "quote" and not principal.may(Permission.QUOTES_WRITE):
        raise Forbidden(extra={"permission": Permission.QUOTES_WRITE.value})

    def work(session: Session) -> list[Any]:
        order = orders.order(session, number, visible=visible_orders(principal))
        if order is None:
            raise NotFound
        here = Here(page.site.zone, page.now)
        made = repeat_order(session, order, into=body.into, actor=principal.actor, here=here)
        return [made.number, list(made.remarks)]

    try:
        made, remarks = write_once(page, principal, form, work)
    except (Refused, Invalid) as refusal:
        return page.go(f"/orders/{number}", refusal.detail, kind="stop")
    said = page.say(N_("%(made)s is begun with the lines of %(number)s."), made=made, number=number)
    place = f"/quotes/{made}" if body.into == "quote" else f"/orders/{made}"
    return page.go(place, " ".join([said, *remarks]), kind="warn" if remarks else "ok")


def _look(page: Page, form: Form, quote: Quote, shown: dict[str, Any]) -> Response:
    data = {**given(form, "note"), "customer": quote.customer.number, "currency": quote.currency, "lines": _lines(form)}
    body = checked(page, form, model=QuoteIn, data=data, words=_WORDS)
    seen = attempt(page, form, lambda session: preview(session, body, now=page.now))
    return _show(page, form, seen=seen, **shown)


def _lines(form: Form) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for row in rows_of(form, "lines", _LINES):
        options = row.pop("options", None)
        lines.append(row | ({"configuration": parse_options(options)} if options else {}))
    return lines


def _changes(form: Form, quote: Quote) -> dict[str, Any]:
    """What the form may change; without a draft its words are not in it."""
    emptyable = ("customer_reference", "owner", "note")
    if quote.draft_version is None:
        return dict(changed(form, "customer_reference", "owner", "probability", emptyable=emptyable))
    return {**changed(form, *_FIELDS, emptyable=emptyable), "lines": _lines(form)}


def _options(session: Session, form: Form, *, all_of_them: bool) -> list[Any]:
    """What can be chosen of each product; among very many, of those that the form names."""
    named = Product.sku.in_({form.text(name) for name in product_fields(form, "lines")})
    statement = select(Product.sku, Product.options).where(*ORDERABLE, *(() if all_of_them else (named,)))
    return [row for row in session.execute(statement.order_by(Product.sku)) if row.options]


def _heading(quote: Quote) -> tuple[str, int | None]:
    return quote.customer.name, quote.draft_version


def _typed(quote: Quote) -> Form:
    stored = service.plain_quote(quote)
    version = find_version(quote, quote.draft_version or quote.sent_version)
    values = {name: "" if stored[name] is None else str(stored[name]) for name in _FIELDS}
    rows = [
        {**{name: line[name] for name in _LINES if name in line}, "options": _in_words(row.chosen)}
        for line, row in zip(stored["lines"], version.lines, strict=True)
    ]
    for row in rows:
        row["discount_percent"] = "" if row["discount_percent"] == "0" else row["discount_percent"]
    return Form(values | typed_rows("lines", rows) | {"row_version": str(quote.row_version)})


def _in_words(chosen: dict[str, str]) -> str:
    return "; ".join(f"{name}: {choice}" for name, choice in chosen.items())


def _renamed(form: Form) -> Form:
    faults = {name.replace(".configuration", ".options"): sentence for name, sentence in form.faults.items()}
    return form.with_faults(faults, form.fault)


def _show(
    page: Page,
    form: Form,
    *,
    status: int = 200,
    spare: int = 1,
    seen: Preview | None = None,
    number: str | None = None,
    heading: tuple[str, int | None] | None = None,
    has_draft: bool = True,
) -> Response:
    with page.database.read() as session:
        customers = customer_choices(session)
        products = product_choices(session, *ORDERABLE)
        options = _options(session, form, all_of_them=products is not None)
        sellers = repository.sellers(session, service.SELLING_ROLES)
    return page.show(
        "pages/quote_edit.html",
        status=status,
        form=form,
        number=number,
        heading=heading,
        has_draft=has_draft,
        seen=seen,
        customers=customers,
        products=products,
        options=options,
        sellers=sellers,
        count=count_rows(form, "lines", spare=spare),
        today=page.formats.day_of(page.now),
    )
