"""Customers as a file for other programs; what its reader may not see is masked in it as on the pages."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response, StreamingResponse

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.http.paging import Text
from server.journal.audit import write_audit
from server.parties import repository
from server.parties.disclosure import View
from server.parties.models import Customer
from server.parties.schemas import CustomerOut
from server.web.page import Page, PageDep

router = APIRouter(prefix="/customers", include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.CUSTOMERS_READ))]

_CHUNK = 200
_PIECE = 64 * 1024
_IN_MEMORY = 1024 * 1024
#: So many customers the audit names; of more it tells how many.
_LISTED = 200


@router.get("/export")
def export(page: PageDep, principal: Reader, text: Text = None, segment: Text = None, show: Text = None) -> Response:
    """The customers that the list shows, as JSON: a sheet would take some names for formulas."""
    view = View.of(principal)
    kind = show if show in ("prospect", "customer") else None
    wanted = repository.CustomerFilter(text or None, kind, segment or None, "blocked" if show == "blocked" else None)

    found = _write_down(page, wanted, view)

    def work(session: Session) -> None:
        detail = {"fields": sorted(found.fields), "customers": found.numbers or found.count}
        action, subject = "customers_exported", "customers"
        write_audit(session, at=page.now, actor=principal.actor, action=action, subject=subject, detail=detail)

    # It is noted before anything is given out.
    page.database.write(work)
    headers = {"Content-Disposition": 'attachment; filename="customers.json"', "Cache-Control": "no-store"}
    return StreamingResponse(_pieces(found.file), media_type="application/json", headers=headers)


@dataclass
class _Found:
    """A file of all customers, and what it tells of whom; the numbers only as long as people would read them."""

    file: IO[bytes]
    fields: set[str] = field(default_factory=set)
    numbers: list[str] = field(default_factory=list)
    count: int = 0

    def note(self, customer: Customer, view: View) -> None:
        """One more customer is in the file."""
        self.fields.update(view.shown(customer))
        self.count += 1
        self.numbers = [*self.numbers, customer.number] if self.count <= _LISTED else []


def _write_down(page: Page, wanted: repository.CustomerFilter, view: View) -> _Found:
    """Page by page into a file, beside the writer, so that nothing waits and little is held in memory."""
    found = _Found(SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115 - closed by whoever gives it out
    before = '{"items": ['
    with page.database.read() as session:
        for customer in _all(session, wanted):
            told = json.dumps(CustomerOut.of(customer, view).model_dump(mode="json"), ensure_ascii=False, indent=1)
            # Whoever opens the file in a browser must not meet markup that somebody wrote into a name.
            found.file.write((before + "\n" + told.replace("<", "\\u003c")).encode())
            found.note(customer, view)
            before = ","
    found.file.write(b"\n]}" if found.count else b'{"items": []}')
    return found


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece


def _all(session: Session, wanted: repository.CustomerFilter) -> Iterator[Customer]:
    after = None
    while True:
        found = repository.customers(session, wanted, after=after, limit=_CHUNK)
        yield from found.items
        if not found.more:
            return
        after = found.items[-1].number
        # What was given out is not kept until the end.
        session.expunge_all()
