"""Customers as a file, with the columns that an import takes; what its reader may not see is left out of it."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.http.fields import plain
from server.http.paging import Text
from server.journal.audit import write_audit
from server.parties import repository
from server.parties.disclosure import CREDIT, PERSONAL, View
from server.parties.models import Customer
from server.parties.people_schemas import present
from server.web.page import PageDep

router = APIRouter(prefix="/customers", include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.CUSTOMERS_READ))]

_OWN = (
    "number", "name", "language", "vat_number", "segment", "currency", *CREDIT, "priority", "packaging_rule",
    "label_template", "alerts", "special_instructions",
)  # fmt: skip
_CONTACT = ("name", "role", "email", "phone")
_ADDRESS = {"address": "lines", "postal_code": "postal_code", "city": "city", "country": "country"}
_CHUNK = 200


@router.get("/export")
def export(page: PageDep, principal: Reader, text: Text = None, segment: Text = None, show: Text = None) -> Response:
    """The customers that the list shows, each with the contact to turn to first and one address."""
    view = View.of(principal)
    kind = show if show in ("prospect", "customer") else None
    wanted = repository.CustomerFilter(text or None, kind, segment or None, "blocked" if show == "blocked" else None)

    def work(session: Session) -> str:
        customers = list(_all(session, wanted))
        shown = sorted({field for customer in customers for field in view.shown(customer)})
        detail = {"fields": shown, "customers": [customer.number for customer in customers]}
        write_audit(session, at=page.now, actor=principal.actor, action="customers_exported", subject="customers",
                    detail=detail)  # fmt: skip
        return _csv(customers, view)

    headers = {"Content-Disposition": 'attachment; filename="customers.csv"', "Cache-Control": "no-store"}
    return Response(page.database.write(work), media_type="text/csv; charset=utf-8", headers=headers)


def _all(session: Session, wanted: repository.CustomerFilter) -> Iterator[Customer]:
    after = None
    while True:
        found = repository.customers(session, wanted, after=after, limit=_CHUNK)
        yield from found.items
        if not found.more:
            return
        after = found.items[-1].number


def _csv(customers: Iterable[Customer], view: View) -> str:
    hidden = (set() if view.credit else set(CREDIT)) | (
        set() if view.personal else {f"contact_{field}" for field in PERSONAL}
    )
    columns = [*_OWN, *(f"contact_{field}" for field in _CONTACT), *_ADDRESS]
    shown = [column for column in columns if column not in hidden]
    file = io.StringIO()
    writer = csv.DictWriter(file, shown, extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    for customer in customers:
        writer.writerow({column: _cell(value) for column, value in _row(customer).items()})
    return file.getvalue()


def _row(customer: Customer) -> dict[str, object]:
    row = {field: getattr(customer, field) for field in _OWN}
    row |= {field: plain(row[field]) for field in ("credit_limit", "discount_percent") if row[field] is not None}
    people, places = present(customer), customer.addresses
    row |= {f"contact_{field}": getattr(people[0], field) if people else None for field in _CONTACT}
    return row | {column: getattr(places[0], own) if places else None for column, own in _ADDRESS.items()}


def _cell(value: object) -> object:
    """A cell that a spreadsheet takes for text and never for a formula (OWASP, CSV injection)."""
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(("=", "@", "\t")) or (text[:1] in "+-" and not text[1:2].isdigit()) else text
