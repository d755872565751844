"""Products: found, made, changed, with routing and bill of material as rows of one form."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog import repository, service
from server.catalog.models import Product
from server.catalog.schemas import ProductIn, ProductOut, ProductPatch
from server.errors import NotFound
from server.http.paging import After, Text
from server.http.versions import guard
from server.messages import N_
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
    version_of,
)
from server.web.forms import Form
from server.web.page import Page, PageDep
from server.web.sections import SETUP, show_in

router = APIRouter(prefix="/setup/products", include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.CATALOG_READ))]
Writer = Annotated[Principal, Depends(require(Permission.CATALOG_WRITE))]

_FIELDS = ("name", "gtin", "revision", "uom", "tracking", "standard_cost", "list_price", "packaging")
_EMPTYABLE = ("gtin", "standard_cost", "list_price", "packaging")
_ROUTING = ("step", "name", "work_center", "setup_minutes", "run_minutes", "transfer_quantity", "instructions")
_BOM = ("component", "quantity")
_WORDS = {
    "sku": N_("Write letters, digits, dots and hyphens without blanks, such as FRAME-CITY."),
    "component": N_("Write the number of a product, such as TUBE-34."),
    "work_center": N_("Choose one of the list."),
    "revision": N_("Write letters and digits, such as A."),
    "uom": N_("Write a unit of UN/ECE Recommendation 20 in capitals: C62 is a piece, KGM a kilogram, MTR a metre."),
}
_BY_REASON = {"number_taken": "sku", "gtin_taken": "gtin"}


@router.get("")
def show_products(page: PageDep, _principal: Reader, text: Text = None, after: After = None) -> Response:
    """A page of products, found by number, GTIN or a part of the name."""
    with page.database.read() as session:
        found = repository.products(session, repository.ProductFilter(text=text), after=after)
    return show_in(SETUP, page, "setup/products.html", found=found, text=text or "", after=after)


@router.get("/new")
def new_product(page: PageDep, _principal: Writer) -> Response:
    """An empty form."""
    return _show(page, Form({"made": "1", "active": "1", "revision": "A", "uom": "C62", "tracking": "serial"}), spare=3)


@router.post("/new")
def add_product(page: PageDep, form: FormDep, principal: Writer) -> Response:
    """Make the product, or show the form again with more rows."""
    form = _compact(form)
    if form.get("more"):
        return _show(page, form, spare=3)
    try:
        data = {**given(form, "sku", *_FIELDS), **_rest(form)}
        body = checked(page, form, model=ProductIn, data=data, words=_WORDS)

        def work(session: Session) -> Product:
            return service.create_product(session, body, actor=principal.actor, now=page.now)

        made = attempt(page, form, work, fields=_BY_REASON)
    except Fault as fault:
        return _show(page, fault.form, status=fault.status)
    return page.go("/setup/products", page.say(N_("%(sku)s is added."), sku=made.sku))


@router.get("/{sku}")
def show_product(page: PageDep, sku: str, _principal: Writer) -> Response:
    """The form with what is stored."""
    with page.database.read() as session:
        stored = ProductOut.of(_found(session, sku), with_cost=True).model_dump(mode="json")
    return _show(page, _typed(stored), sku=sku)


@router.post("/{sku}")
def change_product(page: PageDep, sku: str, form: FormDep, principal: Writer) -> Response:
    """Change it; orders already released keep the routing they were released with."""
    form = _compact(form)
    if form.get("more"):
        return _show(page, form, sku=sku, spare=3)
    try:
        data = {**changed(form, *_FIELDS, emptyable=_EMPTYABLE), **_rest(form)}
        patch = checked(page, form, model=ProductPatch, data=data, words=_WORDS)

        def work(session: Session) -> None:
            product = _found(session, sku, lock=True)
            guard(sku, expected=version_of(form), got=product.row_version, wanted={}, stored={})
            service.update_product(session, product, patch, actor=principal.actor, now=page.now)

        attempt(page, form, work, fields=_BY_REASON)
    except Fault as fault:
        return _show(page, fault.form, status=fault.status, sku=sku)
    return page.go("/setup/products", page.say(N_("%(sku)s is changed."), sku=sku))


def _found(session: Session, sku: str, *, lock: bool = False) -> Product:
    product = repository.product(session, sku, lock=lock)
    if product is None:
        raise NotFound
    return product


def _compact(form: Form) -> Form:
    form = compact(form, "routing", _ROUTING, marks=("name", "work_center"))
    return compact(form, "bom", _BOM, marks=_BOM)


def _rest(form: Form) -> dict[str, Any]:
    return {
        "made": form.checked("made"),
        "active": form.checked("active"),
        "routing": rows_of(form, "routing", _ROUTING),
        "bom": rows_of(form, "bom", _BOM),
    }


def _typed(stored: dict[str, Any]) -> Form:
    values = {name: "" if stored[name] is None else str(stored[name]) for name in _FIELDS}
    ticked = {name: "1" for name in ("made", "active") if stored[name]}
    routing = [{column: step[column] for column in _ROUTING} for step in stored["routing"]]
    bom = [{column: line[column] for column in _BOM} for line in stored["bom"]]
    rows = typed_rows("routing", routing) | typed_rows("bom", bom)
    return Form(values | ticked | rows | {"row_version": str(stored["row_version"])})


def _show(page: Page, form: Form, *, status: int = 200, sku: str | None = None, spare: int = 1) -> Response:
    with page.database.read() as session:
        centers = [(center.key, center.name) for center in repository.work_centers(session)]
        parts = session.execute(select(Product.sku, Product.name).order_by(Product.sku).limit(500)).all()
    counts = {prefix: count_rows(form, prefix, spare=spare) for prefix in ("routing", "bom")}
    return show_in(
        SETUP,
        page,
        "setup/product.html",
        status=status,
        form=form,
        sku=sku,
        centers=centers,
        parts_list=parts,
        counts=counts,
    )
