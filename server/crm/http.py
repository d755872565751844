"""Private links of an order for other programs; the page of the order has the same as forms."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, SettingsDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.links import create_link, links_of, revoke_link
from server.crm.order_page import find_order
from server.crm.private_links import LINK_DAYS, LinkRow, NewLink
from server.http.door import DoorDep
from server.http.fields import Shown
from server.http.idempotency import Answer
from server.http.paging import Number, as_json
from server.settings.clock import utc_now

router = APIRouter(prefix="/api/v1/orders/{number}/links", tags=["customer links"])

Writer = Annotated[Principal, Depends(require(Permission.ORDERS_WRITE))]
LinkId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class LinkOut(Shown):
    """A private link without its token, which is shown once when it is made."""

    id: int
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    works: bool

    @classmethod
    def of(cls, link: LinkRow, now: datetime) -> "LinkOut":
        """The row as it is shown."""
        return cls(
            id=link.id,
            created_by=link.created_by,
            created_at=link.created_at,
            expires_at=link.expires_at,
            revoked_at=link.revoked_at,
            last_used_at=link.last_used_at,
            works=link.works(now),
        )


class LinkMade(Shown):
    """A fresh link: whoever holds the address sees the order until it expires or is revoked."""

    id: int
    #: Shown once: a repeated request gets null.
    url: str | None
    valid_days: int

    @classmethod
    def answer(cls, link: NewLink, pages: str) -> Answer:
        """The answer to the request that made it, with its address below `pages`, which is not kept for a retry."""
        made = cls(id=link.id, url=f"{pages}/{link.token}", valid_days=LINK_DAYS)
        return Answer(201, made.model_dump(mode="json"), secret=("url",))


@router.get("")
def list_links(database: DatabaseDep, principal: Writer, number: Number) -> dict[str, Any]:
    """The links of an order, newest first."""
    now = utc_now()
    with database.read() as session:
        order, _customer = find_order(session, principal, number)
        links = links_of(session, order.id)
    return as_json([LinkOut.of(link, now).model_dump(mode="json") for link in links], more=False)


@router.post("", status_code=201, response_model=LinkMade)
def add_link(door: DoorDep, settings: SettingsDep, principal: Writer, number: Number) -> JSONResponse:
    """Make a link; the answer holds it this once."""

    def make(session: Session) -> Answer:
        link = create_link(session, principal, number, now=door.now)
        return LinkMade.answer(link, f"{settings.base_url}/track")

    return door.post(principal, None, make, named_by="id")


@router.post("/{link_id}/revoke", response_model=LinkOut)
def end_link(door: DoorDep, principal: Writer, number: Number, link_id: LinkId) -> JSONResponse:
    """End a link and every visit that came by it, at once."""

    def make(session: Session) -> Answer:
        revoke_link(session, principal, number, link_id=link_id, now=door.now)
        order, _customer = find_order(session, principal, number)
        found = next(link for link in links_of(session, order.id, only=link_id))
        return Answer(200, LinkOut.of(found, door.now).model_dump(mode="json"))

    return door.post(principal, None, make)
