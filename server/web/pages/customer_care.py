"""What is done to customers rarely and with care: consents, suspects, merging, and the privacy of a person."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.customer_merge import merge_customers
from server.crm.customer_page import order_figures
from server.crm.privacy import erase_person, export_person, why_not_erase
from server.errors import Invalid, NotFound, Refused
from server.http.paging import Number, Text
from server.messages import N_
from server.parties import consents, duplicates, repository
from server.parties.models import Customer
from server.parties.people import find_contact
from server.parties.people_schemas import ConsentIn
from server.web.customer_choice import with_customer
from server.web.entry import Fault, FormDep, checked, given
from server.web.forms import Form
from server.web.page import Page, PageDep

router = APIRouter(prefix="/customers", include_in_schema=False)

Writer = Annotated[Principal, Depends(require(Permission.CUSTOMERS_WRITE))]
Merger = Annotated[Principal, Depends(require(Permission.PARTY_MERGE))]
Keeper = Annotated[Principal, Depends(require(Permission.PARTY_PRIVACY))]
RowId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.post("/{number}/consents")
def add_consent(page: PageDep, number: Number, form: FormDep, principal: Writer) -> Response:
    """Write down what a person allows."""
    try:
        body = checked(page, form, model=ConsentIn, data=given(form, "contact", "purpose", "source"))
        page.database.write(
            lambda session: consents.give_consent(
                session, _found(session, number, lock=True), body, actor=principal.actor, now=page.now
            )
        )
    except Fault as fault:
        return page.go(_people(number), " ".join(fault.form.faults.values()) or fault.form.fault, kind="stop")
    except Invalid as refusal:
        return page.go(_people(number), refusal.detail, kind="stop")
    return page.go(_people(number), page.say(N_("The consent is written down.")))


@router.post("/{number}/consents/{row_id}/withdraw")
def end_consent(page: PageDep, number: Number, row_id: RowId, principal: Writer) -> Response:
    """The person does not allow it any more."""

    def work(session: Session) -> None:
        customer = _found(session, number, lock=True)
        consent = repository.consent(session, customer.id, row_id)
        if consent is None:
            raise NotFound
        consents.withdraw_consent(session, customer, consent, actor=principal.actor, now=page.now)

    page.database.write(work)
    return page.go(_people(number), page.say(N_("The consent has ended.")))


@router.get("/suspects")
def show_suspects(page: PageDep, _principal: Merger) -> Response:
    """Pairs that look like one company entered twice, each with why."""
    with page.database.read() as session:
        found = duplicates.pairs(session)
    return page.show("customers/suspects.html", pairs=found)


@router.post("/{number}/distinct")
def tell_apart(page: PageDep, number: Number, form: FormDep, principal: Merger) -> Response:
    """The two look alike, and are not the same."""

    def work(session: Session) -> None:
        one, other = _found(session, number), _found(session, form.text("other")[:40])
        duplicates.say_distinct(session, one, other, actor=principal.actor, now=page.now)

    page.database.write(work)
    return page.go("/customers/suspects", page.say(N_("They are kept apart and are not shown again.")))


@router.get("/{number}/merge")
def show_merge(page: PageDep, number: Number, _principal: Merger, other: Text = None) -> Response:
    """Both side by side, and what becomes of them; without the other, a field for its number or name."""
    form, status = _named(page, other)
    with page.database.read() as session:
        survivor = _found(session, number)
        known = form.get("other") if status == 200 else None
        loser = repository.customer(session, known) if known else None
        figures = [order_figures(session, each.id) for each in (survivor, loser) if each is not None]
    if known and loser is None:
        form, status = form.with_faults({"other": page.say(N_("There is no customer of this number or name."))}), 404
    return page.show("customers/merge.html", status=status, survivor=survivor, loser=loser, figures=figures, form=form)


def _named(page: Page, other: str | None) -> tuple[Form, int]:
    """The form with the number of the one that was named, and the status of the page."""
    try:
        return with_customer(page, Form({"other": other or ""}), "other"), 200
    except Fault as fault:
        return fault.form, fault.status


@router.post("/{number}/merge")
def merge(page: PageDep, number: Number, form: FormDep, principal: Merger) -> Response:
    """Merge the other into this one; a refusal says why, on the same page."""
    other = form.text("other")[:40]

    def work(session: Session) -> None:
        found = {each: _found(session, each, lock=True) for each in sorted({number, other})}
        merge_customers(session, found[other], found[number], actor=principal.actor, now=page.now)

    try:
        page.database.write(work)
    except Refused as refusal:
        return page.go(f"/customers/{quote(number, safe='')}/merge?other={quote(other)}", refusal.detail, kind="stop")
    said = page.say(N_("%(old)s was merged into %(new)s."), old=other, new=number)
    return page.go(f"/customers/{quote(number, safe='')}", said)


@router.get("/{number}/contacts/{row_id}/privacy")
def show_privacy(page: PageDep, number: Number, row_id: RowId, _principal: Keeper) -> Response:
    """What may be done with the data of a person, and what stands against it."""
    with page.database.read() as session:
        customer = _found(session, number)
        contact = find_contact(customer, row_id)
        because = why_not_erase(session, customer, contact)
    return page.show("customers/privacy.html", customer=customer, contact=contact, because=because)


@router.post("/{number}/contacts/{row_id}/export")
def export(page: PageDep, number: Number, row_id: RowId, principal: Keeper) -> Response:
    """A file with all that is stored about the person."""

    def work(session: Session) -> dict[str, Any]:
        customer = _found(session, number)
        return export_person(session, customer, find_contact(customer, row_id), actor=principal.actor, now=page.now)

    name = f"{number}-contact-{row_id}.json"
    headers = {"Content-Disposition": f'attachment; filename="{quote(name)}"', "Cache-Control": "no-store"}
    return JSONResponse(page.database.write(work), headers=headers)


@router.post("/{number}/contacts/{row_id}/erase")
def erase(page: PageDep, number: Number, row_id: RowId, form: FormDep, principal: Keeper) -> Response:
    """Overwrite what is known of the person, once it was confirmed."""
    back = f"/customers/{quote(number, safe='')}/contacts/{row_id}/privacy"
    if not form.checked("confirmed"):
        return page.go(back, page.say(N_("Tick that the person asked for it; nothing was erased.")), kind="warn")

    def work(session: Session) -> None:
        customer = _found(session, number, lock=True)
        erase_person(session, customer, find_contact(customer, row_id), actor=principal.actor, now=page.now)

    try:
        page.database.write(work)
    except Refused as refusal:
        return page.go(back, refusal.detail, kind="stop")
    return page.go(_people(number), page.say(N_("The person is erased. What was done stays, without his name.")))


def _people(number: str) -> str:
    return f"/customers/{quote(number, safe='')}/people"


def _found(session: Session, number: str, *, lock: bool = False) -> Customer:
    customer = repository.customer(session, number, lock=lock)
    if customer is None:
        raise NotFound
    return customer
