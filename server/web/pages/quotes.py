"""Quotes for our own people and for a customer who is signed in: the list, one quote, and what may be done to it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.access import is_customer
from server.crm.here import Here
from server.crm.private_links import NewLink
from server.crm.quotes import repository
from server.crm.quotes.access import visible_quotes
from server.crm.quotes.facts import LIST_TOPIC
from server.crm.quotes.http import found_quote, known_version, visible_versions
from server.crm.quotes.links import create_link, links_of, revoke_link
from server.crm.quotes.models import Quote, QuoteVersion
from server.crm.quotes.pipeline import pipeline
from server.crm.quotes.rules import OPEN, WITHDRAWN, QuoteState, possible
from server.crm.quotes.service import standing_of
from server.db.topics import versions
from server.errors import Invalid, Refused
from server.http.paging import Before, Number, Text
from server.messages import N_
from server.web.entry import Fault, FormDep, fault_of
from server.web.forms import Form
from server.web.page import Page, PageDep
from server.web.quote_actions import perform
from server.web.quote_view import (
    LOOKS,
    bases,
    customer_context,
    differences,
    quote_path,
    share,
    staff_context,
    version_context,
)

router = APIRouter(include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.QUOTES_READ))]
Writer = Annotated[Principal, Depends(require(Permission.QUOTES_WRITE))]
RowId = Annotated[int, Path(ge=1, le=2**63 - 1)]
VersionAt = Annotated[int, Path(ge=1, le=100_000)]

#: The saved filters of the list, each with its words and the states it takes.
VIEWS: Mapping[str, tuple[str, Sequence[str] | None]] = {
    "open": (N_("Open"), OPEN),
    "draft": (N_("Drafts"), [QuoteState.DRAFT]),
    "sent": (N_("Sent"), [QuoteState.SENT]),
    "negotiating": (N_("In negotiation"), [QuoteState.NEGOTIATING]),
    "mine": (N_("Mine"), OPEN),
    "ordered": (N_("Ordered"), [QuoteState.CONVERTED]),
    "lost": (N_("Not ordered"), [QuoteState.DECLINED, QuoteState.EXPIRED, WITHDRAWN]),
    "all": (N_("All"), None),
}
#: What people write at length: where it is refused, the page is shown again with their words in it.
_WRITTEN = ("message", "propose")
_FOR_CUSTOMERS = ("all", "sent", "negotiating", "ordered")


@router.get("/quotes")
def quotes(
    page: PageDep, principal: Reader, show: Text = None, customer: Text = None, text: Text = None, before: Before = None
) -> Response:
    """The list, and for our own people what may come of it, apart from what is ordered."""
    if principal.kind == "visit":
        return page.go("/quote")
    outside, here = is_customer(principal), Here(page.site.zone, page.now)
    known = _FOR_CUSTOMERS if outside else tuple(VIEWS)
    view = show if show in known else known[0]
    wanted = repository.QuoteFilter(
        today=here.today,
        states=VIEWS[view][1],
        customer=None if outside else customer,
        owner=principal.actor.removeprefix("user:") if view == "mine" else None,
        text=text,
    )
    with page.database.read() as session:
        topic = _list_topic(session, principal)
        shown = versions(session, topic)[topic]
        visible = visible_quotes(principal)
        found = repository.newest(session, wanted, visible=visible, before=before)
        names = repository.names_of(session, {quote.owner for quote in found.items if quote.owner})
        figures = None if outside else pipeline(session, visible, here=here, states=OPEN)
    address = {"show": view, "customer": customer, "text": text}
    return page.show(
        "pages/quotes.html",
        rows=[(quote, standing_of(quote).on(here.today).word, names.get(quote.owner or "")) for quote in found.items],
        looks=LOOKS,
        figures=figures,
        share=share,
        views=[(_address(address | {"show": each}), VIEWS[each][0], each == view) for each in known],
        view=view,
        wanted={"customer": customer, "text": text or ""},
        topic=topic,
        version=shown,
        next_href=_address(address | {"before": found.items[-1].id}) if found.more else None,
        first_href=_address(address),
        is_first=before is None,
    )


@router.get("/quotes/{number}")
def quote(page: PageDep, principal: Reader, number: Number) -> Response:
    """One quote; a customer's login gets the customer's view of it."""
    if principal.kind == "visit":
        return page.go("/quote")
    return show_quote(page, principal, number)


def show_quote(page: Page, principal: Principal, number: str, *, refused: tuple[str, Fault] | None = None) -> Response:
    """The page of a quote for this reader, with what he wrote where it was refused."""
    topic = f"quote:{number}"
    with page.database.read() as session:
        shown = versions(session, topic)[topic]
        found = found_quote(session, principal, number)
        if is_customer(principal):
            context = customer_context(session, found, page.formats, version=shown)
            more: dict[str, Any] = {"by_link": principal.kind == "visit"}
        else:
            context = staff_context(session, found, page.formats, version=shown)
            more = _for_staff(session, page, principal, found)
    template = "pages/customer_quote.html" if is_customer(principal) else "pages/quote.html"
    where = bases(number, by_link=principal.kind == "visit")
    known = [each.version for each in visible_versions(found, principal)]
    action, fault = refused or (None, Fault(Form(), 200))
    return page.show(
        template, status=fault.status, form=fault.form, refused=action, versions=known, **where, **more, **context
    )


def _for_staff(session: Session, page: Page, principal: Principal, quote: Quote) -> dict[str, Any]:
    standing = standing_of(quote).on(page.formats.day_of(page.now))
    may_write = principal.may(Permission.QUOTES_WRITE)
    return {
        "may_write": may_write,
        "actions": possible(standing, has_draft=quote.draft_version is not None) if may_write else [],
        "links": links_of(session, quote.id) if may_write else (),
        "looks": LOOKS,
    }


@router.get("/quotes/{number}/versions/{version}")
def one_version(page: PageDep, principal: Reader, number: Number, version: VersionAt) -> Response:
    """A version as it was, and what differs from any other one."""
    if principal.kind == "visit":
        return page.go(f"{quote_path(number)}/versions/{version}")
    return show_version(page, principal, number, version)


def show_version(page: Page, principal: Principal, number: str, version: int) -> Response:
    """The version beside the one that `?with=` names, the version before it unless that is said."""
    with page.database.read() as session:
        found = found_quote(session, principal, number)
        now = known_version(found, principal, version)
        known = visible_versions(found, principal)
        other = _beside(page, known, version)
        words = version_context(session, found, now, page.formats, for_customer=is_customer(principal))
    by_link = principal.kind == "visit"
    before, after = sorted((other, now), key=lambda each: each.version)
    return page.show(
        "pages/quote_version.html",
        quote=found,
        shown=now,
        other=other,
        known=known,
        changed=differences(before, after, page.formats, found.currency),
        pair=(before, after),
        **(words | bases(number, by_link=by_link)),
    )


def _beside(page: Page, known: Sequence[QuoteVersion], version: int) -> QuoteVersion:
    wished = page.request.query_params.get("with", "")
    for each in known:
        if str(each.version) == wished:
            return each
    earlier = [each for each in known if each.version < version]
    return earlier[-1] if earlier else known[0]


@router.post("/quotes/{number}/links")
def add_link(page: PageDep, principal: Writer, number: Number) -> Response:
    """Make a private link and show it this once."""
    return show_link(page, principal, number)


def show_link(page: Page, principal: Principal, number: str) -> Response:
    """A fresh link on a page of its own."""

    def work(session: Session) -> NewLink:
        found = found_quote(session, principal, number)
        return create_link(session, found, actor=principal.actor, now=page.now)

    address = f"{page.settings.base_url}/quote/{page.database.write(work).token}"
    return page.show("pages/quote_link.html", number=number, address=address)


@router.post("/quotes/{number}/links/{link_id}/revoke")
def end_link(page: PageDep, principal: Writer, number: Number, link_id: RowId) -> Response:
    """End a private link and whoever came by it."""

    def work(session: Session) -> None:
        found = found_quote(session, principal, number)
        revoke_link(session, found, link_id=link_id, actor=principal.actor, now=page.now)

    page.database.write(work)
    return page.go(f"/quotes/{number}#links", page.say(N_("The link is revoked. It opens nothing any more.")))


@router.post("/quotes/{number}/{action}")
def act(page: PageDep, principal: Reader, number: Number, action: str, form: FormDep) -> Response:
    """Send, answer, write, propose, take over or withdraw; a refusal says why, on the quote's own page."""
    if principal.kind == "visit":
        return page.go("/quote")
    return act_on(page, principal, number, action=action, form=form)


def act_on(page: Page, principal: Principal, number: str, *, action: str, form: Form) -> Response:
    """Do it and lead on with the sentence that says so, or say why not; what was sent needs a link next."""
    base = quote_path(number) if principal.kind == "visit" else f"/quotes/{number}"
    try:
        place, said = perform(page, principal, number, action=action, form=form)
    except (Refused, Invalid) as refusal:
        if action not in _WRITTEN:
            return page.go(base, refusal.detail, kind="stop")
        return show_quote(page, principal, number, refused=(action, fault_of(form, refusal)))
    return show_link(page, principal, number) if action == "send" else page.go(place or base, said)


def _list_topic(session: Session, principal: Principal) -> str:
    if principal.customer_id is None:
        return LIST_TOPIC
    return f"customer:{repository.customer_number(session, principal.customer_id)}"


def _address(fields: Mapping[str, object]) -> str:
    return "/quotes?" + urlencode({name: value for name, value in fields.items() if value})
