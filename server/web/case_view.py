"""What an order page shows of cases."""

from typing import Any
from urllib.parse import quote

from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.crm.cases import repository
from server.crm.cases.access import may_speak, visible_cases

#: An order page shows no more of them than this.
MOST = 20


def order_cases(session: Session, principal: Principal, number: str) -> dict[str, Any]:
    """The newest visible cases about an order, and whether the reader may report another."""
    wanted = repository.CaseFilter(order=number)
    found = repository.newest(session, wanted, visible=visible_cases(principal), limit=MOST)
    return {
        "order_cases": found.items,
        "may_report": may_speak(principal),
        "cases_href": "/cases",
        "new_case_href": f"/cases/new?order={quote(number, safe='')}",
    }
