"""Customers as a file for other programs; what its reader may not see is masked in it as on the pages."""

import json
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.http.paging import Text
from server.journal.audit import write_audit
from server.parties import repository
from server.parties.disclosure import View
from server.parties.models import Customer
from server.parties.schemas import CustomerOut
from server.web.page import PageDep

router = APIRouter(prefix="/customers", include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.CUSTOMERS_READ))]

_CHUNK = 200


@router.get("/export")
def export(page: PageDep, principal: Reader, text: Text = None, segment: Text = None, show: Text = None) -> Response:
    """The customers that the list shows, as JSON: a sheet would take some names for formulas."""
    view = View.of(principal)
    kind = show if show in ("prospect", "customer") else None
    wanted = repository.CustomerFilter(text or None, kind, segment or None, "blocked" if show == "blocked" else None)

    def work(session: Session) -> list[dict[str, object]]:
        customers = list(_all(session, wanted))
        shown = sorted({field for customer in customers for field in view.shown(customer)})
        detail = {"fields": shown, "customers": [customer.number for customer in customers]}
        action, subject = "customers_exported", "customers"
        write_audit(session, at=page.now, actor=principal.actor, action=action, subject=subject, detail=detail)
        return [CustomerOut.of(customer, view).model_dump(mode="json") for customer in customers]

    # Whoever opens the file in a browser must not meet markup that somebody wrote into a name.
    told = json.dumps({"items": page.database.write(work)}, ensure_ascii=False, indent=1).replace("<", "\\u003c")
    headers = {"Content-Disposition": 'attachment; filename="customers.json"', "Cache-Control": "no-store"}
    return Response(told, media_type="application/json", headers=headers)


def _all(session: Session, wanted: repository.CustomerFilter) -> Iterator[Customer]:
    after = None
    while True:
        found = repository.customers(session, wanted, after=after, limit=_CHUNK)
        yield from found.items
        if not found.more:
            return
        after = found.items[-1].number
