"""Packaging specifications of a product: made for a customer or for all, changed in versions, released."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog import packaging
from server.catalog.models import PackagingSpec
from server.catalog.packaging_schemas import FIELDS, PackagingIn, PackagingPatch
from server.catalog.pictures import store_picture
from server.erp.products.service import customer_id_of, customers_by_id
from server.errors import NotFound
from server.messages import N_
from server.web.customer_choice import customer_choices, with_customer
from server.web.entry import Fault, FormDep, attempt, changed, checked, given
from server.web.forms import Form
from server.web.page import Page, PageDep
from server.web.pages.setup_products import found_product
from server.web.sections import SETUP, show_in
from server.web.stale import require_fresh
from server.web.uploads import SentDep, chosen_picture

router = APIRouter(prefix="/setup/products/{sku}/packaging", include_in_schema=False)

Writer = Annotated[Principal, Depends(require(Permission.CATALOG_WRITE))]
#: What is typed; a picture is chosen.
_TYPED = tuple(field for field in FIELDS if field != "picture")
_EMPTYABLE = ("inner_material", "label_text", "label_template", "notes")
_WORDS = {"label_template": N_("Write small letters, digits and hyphens, such as aurora-large.")}


@dataclass(frozen=True, slots=True)
class Changed:
    """What the form of a change brought."""

    form: Form
    sent: bytes | None


def _changed(form: FormDep, sent: SentDep) -> Changed:
    return Changed(form, sent)


@router.get("/new")
def new_spec(page: PageDep, sku: str, _principal: Writer) -> Response:
    """An empty form."""
    return _show(page, Form({"per_box": "1"}), sku)


@router.post("/new")
def add_spec(page: PageDep, sku: str, form: FormDep, sent: SentDep, principal: Writer) -> Response:
    """Make the first version, a draft."""
    try:
        form = with_customer(page, form)
        picture = chosen_picture(form, sent)
        data: dict[str, Any] = given(form, "customer", *_TYPED) | {"product": sku}
        data |= {"picture": picture.hash} if picture else {}
        body = checked(page, form, model=PackagingIn, data=data, words=_WORDS)

        def work(session: Session) -> str:
            product = found_product(session, sku)
            owner = customer_id_of(session, body.customer)
            if picture is not None:
                store_picture(session, picture, actor=principal.actor, now=page.now)
            return packaging.create_spec(session, product, owner, body, actor=principal.actor, now=page.now).number

        number = attempt(page, form, work, fields={"number_taken": "customer"})
    except Fault as fault:
        return _show(page, fault.form, sku, status=fault.status)
    said = page.say(N_("%(number)s is kept as a draft. Release it to let it count."), number=number)
    return page.go(f"/setup/products/{sku}#packaging", said)


@router.get("/{number}")
def show_spec(page: PageDep, sku: str, number: str, _principal: Writer) -> Response:
    """The newest version, ready to be changed."""
    with page.database.read() as session:
        spec = _newest(session, sku, number)
        known = customers_by_id(session, {spec.customer_id})
    return _show(page, _typed(spec), sku, spec=spec, known=known)


@router.post("/{number}")
def change_spec(
    page: PageDep, sku: str, number: str, typed: Annotated[Changed, Depends(_changed)], principal: Writer
) -> Response:
    """Change the draft, or make the next version with the change."""
    form = typed.form
    try:
        picture = chosen_picture(form, typed.sent)
        data = changed(form, *_TYPED, emptyable=_EMPTYABLE)
        if picture is not None or form.checked("without_picture"):
            data["picture"] = picture.hash if picture is not None else None
        patch = checked(page, form, model=PackagingPatch, data=data, words=_WORDS)

        def work(session: Session) -> int:
            spec = _newest(session, sku, number, lock=True)
            require_fresh(page, form, _typed(spec), what=number)
            if picture is not None:
                store_picture(session, picture, actor=principal.actor, now=page.now)
            return packaging.change_spec(session, spec, patch, actor=principal.actor, now=page.now).version

        version = attempt(page, form, work)
    except Fault as fault:
        with page.database.read() as session:
            spec = _newest(session, sku, number)
            known = customers_by_id(session, {spec.customer_id})
        return _show(page, fault.form, sku, spec=spec, known=known, status=fault.status)
    said = page.say(N_("Version %(version)s of %(number)s is kept as a draft."), version=version, number=number)
    return page.go(f"/setup/products/{sku}#packaging", said)


@router.post("/{number}/release")
def release(page: PageDep, sku: str, number: str, principal: Writer) -> Response:
    """Let the draft count from now on."""

    def act(session: Session, spec: PackagingSpec) -> None:
        packaging.release_spec(session, spec, actor=principal.actor, now=page.now)

    return _act(page, sku, number, act, N_("%(number)s counts from now on. Released work orders keep theirs."))


@router.post("/{number}/withdraw")
def withdraw(page: PageDep, sku: str, number: str, principal: Writer) -> Response:
    """Give the draft up, else the version that counts."""

    def act(session: Session, spec: PackagingSpec) -> None:
        packaging.withdraw_spec(session, spec, actor=principal.actor, now=page.now)

    return _act(page, sku, number, act, N_("A version of %(number)s is withdrawn."))


def _act(page: Page, sku: str, number: str, act: Callable[[Session, PackagingSpec], None], message: str) -> Response:
    page.database.write(lambda session: act(session, _newest(session, sku, number, lock=True)))
    return page.go(f"/setup/products/{sku}#packaging", page.say(message, number=number))


def _typed(spec: PackagingSpec) -> Form:
    typed = {field: "" if getattr(spec, field) is None else str(getattr(spec, field)) for field in _TYPED}
    return Form(typed | {"row_version": str(spec.row_version)})


def _newest(session: Session, sku: str, number: str, *, lock: bool = False) -> PackagingSpec:
    found = packaging.versions(session, number, lock=lock)
    if not found or found[0].product.sku != sku:
        raise NotFound
    return found[0]


def _show(
    page: Page, form: Form, sku: str, *, spec: PackagingSpec | None = None, known: Any = None, status: int = 200
) -> Response:
    with page.database.read() as session:
        product = found_product(session, sku)
        customers = customer_choices(session)
    return show_in(
        SETUP,
        page,
        "setup/packaging.html",
        status=status,
        form=form,
        product=product,
        spec=spec,
        owner=(known or {}).get(spec.customer_id) if spec is not None else None,
        customers=customers,
    )
