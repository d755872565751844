"""Revisions of a product: a draft is written, compared with any other, released or withdrawn."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog import repository, revisions
from server.catalog.difference import of_contents
from server.catalog.models import Product, ProductRevision
from server.catalog.revision_schemas import RevisionPatch
from server.errors import NotFound
from server.messages import N_
from server.web.entry import Fault, FormDep, attempt, changed, checked, rows_of, typed_rows
from server.web.forms import Form
from server.web.option_form import ROWS, compact_options, options_of, part_fields, spare_rows, typed_options
from server.web.page import Page, PageDep
from server.web.pages.setup_products import (
    BOM,
    ROUTING,
    WORDS,
    compact_rows,
    found_product,
    lists_for_rows,
    row_counts,
)
from server.web.product_choice import product_fields, with_products
from server.web.sections import SETUP, show_in
from server.web.stale import require_fresh

router = APIRouter(prefix="/setup/products/{sku}", include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.CATALOG_READ))]
Writer = Annotated[Principal, Depends(require(Permission.CATALOG_WRITE))]
Name = Annotated[str, Query(max_length=20)]


@router.get("/compare")
def compare(page: PageDep, sku: str, _principal: Reader, since: Name = "", name: Name = "") -> Response:
    """What differs between two revisions."""
    with page.database.read() as session:
        product = found_product(session, sku)
        known = repository.revisions(session, product.id)
        names = [found.name for found in known]
        to = _named(known, name or names[0])
        base = _named(known, since or next((found for found in names if found != to.name), to.name))
        changes = of_contents(base.content, to.content)
    return show_in(
        SETUP, page, "setup/revision_compare.html", product=product, names=names, base=base, to=to, changes=changes
    )


@router.get("/revisions/{name}")
def show_revision(page: PageDep, sku: str, name: str, _principal: Writer) -> Response:
    """The parts and steps of a revision, ready to be changed."""
    with page.database.read() as session:
        product, revision = _found(session, sku, name)
    return _show(page, _typed(revision), product, revision)


@router.post("/revisions/{name}")
def change_revision(page: PageDep, sku: str, name: str, form: FormDep, _principal: Writer) -> Response:
    """Change the draft, or make a draft with the change."""
    form = compact_rows(form)
    with page.database.read() as session:
        product, revision = _found(session, sku, name)
    if form.get("more"):
        return _show(page, form, product, revision, spare=3)
    try:
        form = with_products(page, form, product_fields(form, "bom", "component"))
        lists = {"routing": rows_of(form, "routing", ROUTING), "bom": rows_of(form, "bom", BOM)}
        data: dict[str, Any] = changed(form, "note", emptyable=("note",)) | lists
        patch = checked(page, form, model=RevisionPatch, data=data, words=WORDS)
        made = attempt(page, form, _changing(page, (sku, name), form, patch, _typed))
    except Fault as fault:
        return _show(page, fault.form, product, revision, status=fault.status)
    return page.go(f"/setup/products/{sku}/revisions/{made}", page.say(N_("Revision %(name)s is kept."), name=made))


@router.get("/revisions/{name}/options")
def show_options(page: PageDep, sku: str, name: str, _principal: Writer) -> Response:
    """The options of a revision, ready to be changed."""
    with page.database.read() as session:
        product, revision = _found(session, sku, name)
    return _show_options(page, _options_typed(revision), product, revision)


@router.post("/revisions/{name}/options")
def change_options(page: PageDep, sku: str, name: str, form: FormDep, _principal: Writer) -> Response:
    """Change the options of the draft, or make a draft with the change."""
    form = compact_options(form)
    with page.database.read() as session:
        product, revision = _found(session, sku, name)
    if form.get("more"):
        return _show_options(page, form, product, revision, spare=3)
    try:
        form = with_products(page, form, part_fields(form))
        patch = checked(page, form, model=RevisionPatch, data=options_of(page, form))
        made = attempt(page, form, _changing(page, (sku, name), form, patch, _options_typed))
    except Fault as fault:
        return _show_options(page, _above(fault.form), product, revision, status=fault.status)
    kept = page.say(N_("The options of revision %(name)s are kept."), name=made)
    return page.go(f"/setup/products/{sku}/revisions/{made}/options", kept)


@router.post("/revisions/{name}/release")
def release(page: PageDep, sku: str, name: str, principal: Writer) -> Response:
    """Make the draft the current revision."""

    def work(session: Session) -> None:
        product, revision = _found(session, sku, name, lock=True)
        revisions.release_revision(session, product, revision, actor=principal.actor, now=page.now)

    page.database.write(work)
    said = page.say(N_("Revision %(name)s is current now. Released work orders keep theirs."), name=name)
    return page.go(f"/setup/products/{sku}", said)


@router.post("/revisions/{name}/withdraw")
def withdraw(page: PageDep, sku: str, name: str, principal: Writer) -> Response:
    """Give the draft up."""

    def work(session: Session) -> None:
        product, revision = _found(session, sku, name, lock=True)
        revisions.withdraw_revision(session, product, revision, actor=principal.actor, now=page.now)

    page.database.write(work)
    return page.go(f"/setup/products/{sku}", page.say(N_("Revision %(name)s is withdrawn."), name=name))


def _changing(
    page: Page,
    named: tuple[str, str],
    form: Form,
    patch: RevisionPatch,
    typed: Callable[[ProductRevision], Form],
) -> Callable[[Session], str]:
    """What changes the revision, unless the form was made from another state of it; gives the name of the draft."""
    sku, name = named
    principal = page.principal
    assert principal is not None

    def work(session: Session) -> str:
        product, revision = _found(session, sku, name, lock=True)
        require_fresh(page, form, typed(revision), what=f"{sku} {name}")
        return revisions.change_revision(session, product, revision, patch, actor=principal.actor, now=page.now).name

    return work


def _typed(revision: ProductRevision) -> Form:
    content = revision.content
    routing = [{column: step.get(column) for column in ROUTING} for step in content["routing"]]
    bom = [{column: line.get(column) for column in BOM} for line in content["bom"]]
    note = revision.note or "" if revision.state == "draft" else ""
    rows = typed_rows("routing", routing) | typed_rows("bom", bom)
    return Form(rows | {"note": note, "row_version": str(revision.row_version)})


def _options_typed(revision: ProductRevision) -> Form:
    return Form(typed_options(revision.content) | {"row_version": str(revision.row_version)})


def _found(session: Session, sku: str, name: str, *, lock: bool = False) -> tuple[Product, ProductRevision]:
    product = found_product(session, sku, lock=lock)
    revision = repository.revision(session, product.id, name, lock=lock)
    if revision is None:
        raise NotFound
    return product, revision


def _named(known: Any, name: str) -> ProductRevision:
    for found in known:
        if found.name == name:
            revision: ProductRevision = found
            return revision
    raise NotFound


def _above(form: Form) -> Form:
    """Mistakes in options stand above the form where no field of the form has their name."""
    told = [sentence for name, sentence in form.faults.items() if name not in form.values]
    kept = {name: sentence for name, sentence in form.faults.items() if name in form.values}
    return form.with_faults(kept, " ".join([*([form.fault] if form.fault else []), *dict.fromkeys(told)]) or None)


def _show(
    page: Page, form: Form, product: Product, revision: ProductRevision, *, status: int = 200, spare: int = 1
) -> Response:
    lists = lists_for_rows(page) | {"counts": row_counts(form, spare=spare)}
    return show_in(
        SETUP,
        page,
        "setup/revision.html",
        status=status,
        form=form,
        product=product,
        revision=revision,
        **lists,
    )


def _show_options(
    page: Page, form: Form, product: Product, revision: ProductRevision, *, status: int = 200, spare: int = 1
) -> Response:
    lists = lists_for_rows(page) | {"counts": spare_rows(form, spare=spare), "kinds": ROWS}
    return show_in(
        SETUP,
        page,
        "setup/revision_options.html",
        status=status,
        form=form,
        product=product,
        revision=revision,
        **lists,
    )
