"""The audit: who did what beside production facts."""

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from server.admin import journal
from server.admin.journal import AuditFilter
from server.auth.http import AdminPrincipal
from server.http.paging import Before
from server.web.page import PageDep
from server.web.sections import ADMIN, show_in

router = APIRouter(prefix="/admin/audit", include_in_schema=False)


@router.get("")
def show_audit(
    page: PageDep, _principal: AdminPrincipal, actor: str = "", subject: str = "", before: Before = None
) -> Response:
    """Newest first; the filters stand in the address."""
    wanted = AuditFilter(_clean(actor), _clean(subject))
    with page.database.read() as session:
        found = journal.audit(session, wanted, before=before)
    chosen = {"actor": wanted.actor, "subject": wanted.subject}
    return show_in(
        ADMIN,
        page,
        "admin/audit.html",
        found=found,
        wanted=wanted,
        is_first=before is None,
        first_href=_address(chosen),
        next_href=_address(chosen | {"before": str(found.older)}) if found.older is not None else None,
    )


def _clean(text: str) -> str:
    # PostgreSQL takes no NUL in text, and no actor has control characters.
    return "".join(letter for letter in text.strip() if letter.isprintable())[:80]


def _address(fields: dict[str, str]) -> str:
    return "/admin/audit?" + urlencode({name: value for name, value in fields.items() if value})
