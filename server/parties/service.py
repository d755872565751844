"""What happens to the site and to customers. Services flush, write facts and note topics; the edge commits."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from server.db import touch
from server.errors import Conflict, FieldError, Invalid, Refused
from server.http.numbers import fresh, keep_clear
from server.http.text import fold
from server.journal import facts
from server.journal.audit import changes, write_audit
from server.messages import translate as _
from server.parties import matching, people, repository
from server.parties.disclosure import CREDIT, WHOLE
from server.parties.models import Customer, Site
from server.parties.schemas import CustomerIn, CustomerOut, CustomerPatch, SiteOut, SitePatch, check_discount
from server.parties.states import CustomerKind, CustomerStatus, PartyFact

_LISTS = ("contacts", "addresses")


def update_site(session: Session, patch: SitePatch, *, actor: str, now: datetime) -> Site:
    """Change what the patch names; the first change stores the site."""
    site = repository.site(session)
    before = SiteOut.of(site).model_dump(mode="json")
    for field, value in patch.changed().items():
        setattr(site, field, value.model_dump() if field == "working_hours" else value)
    session.add(site)
    session.flush()
    after = SiteOut.of(site).model_dump(mode="json")
    write_audit(session, at=now, actor=actor, action="site_changed", subject="site", detail=changes(before, after))
    touch(session, "orders", "board")
    return site


def create_customer(session: Session, body: CustomerIn, *, actor: str, now: datetime) -> Customer:
    """A new prospect; raises Conflict when the number is taken."""
    require_free(session, body.number)
    customer = Customer(
        **body.model_dump(exclude={"number", "is_distinct", "label_template", *_LISTS}),
        number=body.number or fresh(session, "C", Customer.number),
        search_name=fold(body.name)[:200],
        kind=CustomerKind.PROSPECT.value,
        status=CustomerStatus.ACTIVE.value,
        label_template=body.label_template.value,
        created_at=now,
        contacts=people.make_contacts(body.contacts),
        addresses=people.make_addresses(body.addresses),
    )
    session.add(customer)
    session.flush()
    if body.number is not None:
        keep_clear(session, "C", [body.number])
    matching.index(session, customer)
    _note(session, customer, PartyFact.CUSTOMER_CREATED, {}, actor=actor, now=now)
    return customer


def require_free(session: Session, number: str | None) -> None:
    """Raise Conflict when a customer has this number already."""
    if number is not None and repository.customer(session, number) is not None:
        raise Conflict(
            _("There is a customer {number} already. Choose another number.").format(number=number),
            reason="number_taken",
        )


def update_customer(
    session: Session, customer: Customer, patch: CustomerPatch, *, actor: str, now: datetime
) -> Customer:
    """Change what the patch names of a customer whose contacts and addresses are loaded.

    Open orders do not follow from here; doors call `server.erp.orders.policies.change_customer`.
    """
    require_not_merged(customer)
    before = plain(customer)
    _set_fields(customer, patch.changed())
    if patch.contacts is not None:
        people.replace_contacts(session, customer, patch.contacts, actor=actor, now=now)
    if patch.addresses is not None:
        people.replace_addresses(session, customer, patch.addresses)
    mark_changed(customer)
    session.flush()
    if plain(customer) != before:
        matching.index(session, customer)
        _note(session, customer, PartyFact.CUSTOMER_CHANGED, before, actor=actor, now=now)
    return customer


def become_customer(
    session: Session, customer: Customer, cause: str, *, actor: str, now: datetime, since: datetime | None = None
) -> None:
    """The first signed order makes a customer of a prospect; `cause` is its number. A customer stays what he is."""
    if customer.kind == CustomerKind.CUSTOMER:
        return
    customer.kind, customer.customer_since = CustomerKind.CUSTOMER.value, since or now
    session.flush()
    detail = {
        "cause": cause,
        "before": {"kind": CustomerKind.PROSPECT.value},
        "after": {"kind": CustomerKind.CUSTOMER.value},
    }
    facts.write_about(session, PartyFact.CUSTOMER_WON, customer.number, actor=actor, now=now, detail=detail)
    touch(session, f"customer:{customer.number}")


# --- what the steps above and the sub-resources share ---


def require_not_merged(customer: Customer) -> None:
    """Raise Refused when the customer lives on under another number."""
    if customer.status == CustomerStatus.MERGED:
        raise Refused(
            _("{number} was merged into another customer and cannot be changed.").format(number=customer.number),
            reason="merged",
        )


def mark_changed(customer: Customer) -> None:
    """A change of contacts or addresses alone is a change of the customer, too: its version must rise."""
    flag_modified(customer, "name")


def plain(customer: Customer) -> dict[str, Any]:
    """All that people enter about a customer, as JSON."""
    return CustomerOut.of(customer, WHOLE).model_dump(mode="json", exclude={"row_version", "masked"})


def note_change(session: Session, customer: Customer, before: Mapping[str, Any], *, actor: str, now: datetime) -> None:
    """Raise the version of a customer whose contacts or addresses changed, and write what is written then."""
    mark_changed(customer)
    session.flush()
    matching.index(session, customer)
    _note(session, customer, PartyFact.CUSTOMER_CHANGED, before, actor=actor, now=now)


def _set_fields(customer: Customer, changed: Mapping[str, Any]) -> None:
    for field, value in changed.items():
        if field not in _LISTS:
            setattr(customer, field, str(value) if field == "label_template" else value)
    if "name" in changed:
        customer.search_name = fold(customer.name)[:200]
    if customer.status == CustomerStatus.ACTIVE:
        customer.blocked_reason = None
    try:
        check_discount(customer.discount_days, customer.discount_percent, customer.payment_terms_days)
    except ValueError as error:
        raise Invalid(errors=[FieldError("discount_days", str(error))]) from error


def _note(
    session: Session, customer: Customer, kind: PartyFact, before: Mapping[str, Any], *, actor: str, now: datetime
) -> None:
    """A fact without anything sensitive, an audit entry with the terms, and everybody who watches."""
    detail = changes(before, plain(customer))
    fields = sorted(detail["after"])
    told = {side: _without(detail[side], (*CREDIT, *_LISTS)) for side in ("before", "after")}
    facts.write_about(
        session, kind, customer.number, actor=actor, now=now, detail={"fields": fields} | _present(kind, told)
    )
    kept = {side: _without(detail[side], _LISTS) for side in ("before", "after")}
    write_audit(
        session, at=now, actor=actor, action=kind.value, subject=customer.number,
        detail={"fields": fields} | _present(kind, kept),
    )  # fmt: skip
    touch(session, f"customer:{customer.number}", "customers", "orders")


def _present(kind: PartyFact, sides: Mapping[str, Any]) -> dict[str, Any]:
    return {"after": sides["after"]} if kind == PartyFact.CUSTOMER_CREATED else dict(sides)


def _without(values: Mapping[str, Any], left_out: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in left_out}
