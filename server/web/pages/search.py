"""One field for everything a person has in hand: a number, a serial, a scanned label, a customer's name."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.responses import Response

from server.auth.http import CurrentPrincipal
from server.crm.search import search
from server.erp.search import Hit
from server.web.page import PageDep
from server.web.words import word

router = APIRouter(include_in_schema=False)

#: What has a page of its own.
_PAGES = {"quote": "quotes", "case": "cases", "invoice": "invoices"}


@router.get("/search")
def find(page: PageDep, principal: CurrentPrincipal, q: Annotated[str, Query(max_length=500)] = "") -> Response:
    """What the text means to this person; a single hit is opened at once."""
    text = q.strip()
    with page.database.read() as session:
        hits = search(session, principal, text) if text else []
    places = [address(hit, is_staff=principal.is_staff) for hit in hits]
    if len(hits) == 1 and places[0]:
        return page.go(places[0])
    rows = [
        {"number": hit.title, "kind": page.say(word("hit", hit.kind)), "text": hit.detail, "href": place}
        for hit, place in zip(hits, places, strict=True)
    ]
    return page.show("pages/search.html", q=text, hits=rows)


def address(hit: Hit, *, is_staff: bool) -> str | None:
    """The page of what was found; shipments and work orders stand on the page of their order."""
    if hit.kind in _PAGES:
        return f"/{_PAGES[hit.kind]}/{quote(hit.number, safe='')}"
    if hit.kind == "handling_unit" and is_staff:
        return f"/handling-units/{quote(hit.number, safe='')}"
    if hit.kind == "unit" and hit.order:
        return f"/orders/{quote(hit.order, safe='')}/units/{quote(hit.number, safe='')}"
    if hit.kind == "unit" and is_staff:
        return f"/units/{quote(hit.number, safe='')}"
    if hit.order:
        return f"/orders/{quote(hit.order, safe='')}"
    if hit.work_order and is_staff:
        return f"/work-orders/{quote(hit.work_order, safe='')}"
    if hit.kind == "customer" and is_staff:
        return f"/customers/{quote(hit.number, safe='')}"
    return None
