"""Products: found, made, shown with everything that belongs to them, and changed."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog import repository, service
from server.catalog.http import sees_cost
from server.catalog.measures import measure
from server.catalog.models import Product
from server.catalog.schemas import ProductIn, ProductOut, ProductPatch
from server.errors import NotFound
from server.http.paging import After, Text
from server.messages import N_
from server.web.entry import Fault, FormDep, attempt, changed, checked, compact, count_rows, given, rows_of
from server.web.forms import Form
from server.web.page import Page, PageDep
from server.web.product_choice import product_choices, product_fields, with_products
from server.web.product_view import choice_labels, effect_in_words, product_view
from server.web.sections import SETUP, show_in
from server.web.stale import require_fresh

router = APIRouter(prefix="/setup/products", include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.CATALOG_READ))]
Writer = Annotated[Principal, Depends(require(Permission.CATALOG_WRITE))]

FIELDS = ("name", "gtin", "uom", "tracking", "kind", "lot_size", "standard_cost", "list_price", "packaging")
EMPTYABLE = ("gtin", "standard_cost", "list_price", "packaging")
ROUTING = ("step", "name", "work_center", "setup_minutes", "run_minutes", "transfer_quantity", "instructions")
BOM = ("component", "quantity", "scrap_percent")
WORDS = {
    "sku": N_("Write letters, digits, dots and hyphens without blanks, such as FRAME-CITY."),
    "component": N_("Write the number of a product, such as TUBE-34."),
    "work_center": N_("Choose one of the list."),
    "revision": N_("Write letters and digits, such as A."),
    "uom": N_("Write a unit of UN/ECE Recommendation 20 in capitals: C62 is a piece, KGM a kilogram, MTR a metre."),
}
_BY_REASON = {"number_taken": "sku", "gtin_taken": "gtin"}
_CHOOSE = "choose."


@router.get("")
def show_products(
    page: PageDep, _principal: Reader, text: Text = None, made: Text = None, after: After = None
) -> Response:
    """A page of products, found by number, GTIN or a part of the name."""
    wanted = repository.ProductFilter(text=text, made={"yes": True, "no": False}.get(made or ""))
    with page.database.read() as session:
        found = repository.products(session, wanted, after=after)
    return show_in(SETUP, page, "setup/products.html", found=found, text=text or "", made=made or "", after=after)


@router.get("/new")
def new_product(page: PageDep, _principal: Writer) -> Response:
    """An empty form."""
    typed = {"kind": "made", "active": "1", "revision": "A", "uom": "C62", "tracking": "serial", "lot_size": "1"}
    return _show_new(page, Form(typed), spare=3)


@router.post("/new")
def add_product(page: PageDep, form: FormDep, principal: Writer) -> Response:
    """Make the product, or show the form again with more rows."""
    form = compact_rows(form)
    if form.get("more"):
        return _show_new(page, form, spare=3)
    try:
        form = with_products(page, form, product_fields(form, "bom", "component"))
        rows = {"routing": rows_of(form, "routing", ROUTING), "bom": rows_of(form, "bom", BOM)}
        data = {**given(form, "sku", "revision", *FIELDS), **rows, "active": form.checked("active")}
        body = checked(page, form, model=ProductIn, data=data, words=WORDS)

        def work(session: Session) -> Product:
            return service.create_product(session, body, actor=principal.actor, now=page.now)

        made = attempt(page, form, work, fields=_BY_REASON)
    except Fault as fault:
        return _show_new(page, fault.form, status=fault.status)
    return page.go(f"/setup/products/{made.sku}", page.say(N_("%(sku)s is added."), sku=made.sku))


@router.get("/{sku}")
def show_product(page: PageDep, sku: str, principal: Reader) -> Response:
    """The product with its revisions, parts, steps, options, packaging and uses; `choose.colour=` tries choices."""
    asked = page.request.query_params
    choices = {name[len(_CHOOSE) :]: text for name, text in asked.items() if name.startswith(_CHOOSE) and text}
    with page.database.read() as session:
        view = product_view(session, page, principal, found_product(session, sku), choices)
    return show_in(
        SETUP,
        page,
        "setup/product.html",
        view=view,
        choices=choices,
        told=lambda effect: effect_in_words(page, effect),
        may_write=principal.may(Permission.CATALOG_WRITE),
        sees_cost=sees_cost(principal),
        labels=choice_labels(view.design),
        measure=lambda code: page.say(measure(code)),
    )


@router.get("/{sku}/edit")
def edit_product(page: PageDep, sku: str, _principal: Writer) -> Response:
    """The form with what is stored."""
    with page.database.read() as session:
        form = _typed(found_product(session, sku))
    return _show_edit(page, form, sku=sku)


@router.post("/{sku}/edit")
def change_product(page: PageDep, sku: str, form: FormDep, principal: Writer) -> Response:
    """Change what belongs to the product in every revision."""
    try:
        data = changed(form, *FIELDS, emptyable=EMPTYABLE) | {"active": form.checked("active")}
        patch = checked(page, form, model=ProductPatch, data=data, words=WORDS)

        def work(session: Session) -> None:
            product = found_product(session, sku, lock=True)
            require_fresh(page, form, _typed(product), what=sku)
            service.update_product(session, product, patch, actor=principal.actor, now=page.now)

        attempt(page, form, work, fields=_BY_REASON)
    except Fault as fault:
        return _show_edit(page, fault.form, status=fault.status, sku=sku)
    return page.go(f"/setup/products/{sku}", page.say(N_("%(sku)s is changed."), sku=sku))


def found_product(session: Session, sku: str, *, lock: bool = False) -> Product:
    """The wholly loaded product of this number; raises NotFound."""
    product = repository.product(session, sku, lock=lock)
    if product is None:
        raise NotFound
    return product


def compact_rows(form: Form) -> Form:
    """The form with the rows of routing and bill of material numbered anew, the empty ones left out."""
    form = compact(form, "routing", ROUTING, marks=("name", "work_center"))
    return compact(form, "bom", BOM, marks=("component", "quantity"))


def lists_for_rows(page: Page) -> dict[str, Any]:
    """What the rows of routing and bill of material offer to choose from."""
    with page.database.read() as session:
        centers = [(center.key, center.name) for center in repository.work_centers(session)]
        parts = product_choices(session)
    return {"centers": centers, "parts_list": parts}


def row_counts(form: Form, *, spare: int) -> dict[str, int]:
    """How many rows of each kind to show."""
    return {prefix: count_rows(form, prefix, spare=spare) for prefix in ("routing", "bom")}


def _typed(product: Product) -> Form:
    stored = ProductOut.of(product, with_cost=True).model_dump(mode="json")
    values = {name: "" if stored[name] is None else str(stored[name]) for name in FIELDS}
    ticked = {"active": "1"} if stored["active"] else {}
    return Form(values | ticked | {"row_version": str(stored["row_version"])})


def _show_new(page: Page, form: Form, *, status: int = 200, spare: int = 1) -> Response:
    lists = lists_for_rows(page) | {"counts": row_counts(form, spare=spare)}
    return show_in(SETUP, page, "setup/product_new.html", status=status, form=form, **lists)


def _show_edit(page: Page, form: Form, *, status: int = 200, sku: str) -> Response:
    return show_in(SETUP, page, "setup/product_edit.html", status=status, form=form, sku=sku)
