"""The rooms of administration, set-up and money: a table each, a list beside the page, narrowed to what one may."""

from dataclasses import dataclass
from typing import Any

from starlette.responses import HTMLResponse

from server.auth.permissions import Permission
from server.messages import N_
from server.web.admin_words import visible, word
from server.web.page import Page

P = Permission


@dataclass(frozen=True, slots=True)
class Section:
    """An entry of the list beside the page."""

    href: str
    label: str
    icon: str
    permission: Permission
    #: The overview is the present page under its own address alone.
    exact: bool = False

    def is_here(self, path: str) -> bool:
        """Whether the present page lies in this room."""
        return path == self.href or (not self.exact and path.startswith(self.href + "/"))


ADMIN = (
    Section("/admin", N_("Overview"), "gauge", P.INBOX_DECIDE, exact=True),
    Section("/admin/gateways", N_("Gateways"), "router", P.INBOX_DECIDE),
    Section("/admin/inbox", N_("Inbox"), "inbox", P.INBOX_DECIDE),
    Section("/admin/tags", N_("Unknown tags"), "tag", P.INBOX_DECIDE),
    Section("/admin/gates", N_("Missed reads"), "eye", P.INBOX_DECIDE),
    Section("/admin/users", N_("People"), "users", P.ADMIN),
    Section("/admin/devices", N_("Station screens"), "tablet-smartphone", P.ADMIN),
    Section("/admin/keys", N_("Programs' keys"), "key-round", P.ADMIN),
    Section("/admin/audit", N_("Audit"), "history", P.ADMIN),
    Section("/admin/site", N_("Site"), "building-2", P.ADMIN),
)

SETUP = (
    Section("/setup", N_("First steps"), "flag", P.CATALOG_READ, exact=True),
    Section("/setup/work-centers", N_("Work centers"), "wrench", P.FLOOR_READ),
    Section("/setup/stations", N_("Stations"), "factory", P.FLOOR_READ),
    Section("/setup/reasons", N_("Reasons"), "list", P.FLOOR_READ),
    Section("/printers", N_("Label printers"), "printer", P.LABELS_PRINT),
    Section("/setup/products", N_("Products"), "boxes", P.CATALOG_READ),
    Section("/customers", N_("Customers"), "users", P.CUSTOMERS_READ),
    Section("/setup/orders/new", N_("New order"), "file-text", P.ORDERS_WRITE),
    Section("/import", N_("Import"), "upload", P.IMPORTS_WRITE),
)


MONEY = (
    Section("/invoices", N_("Invoices"), "receipt", P.INVOICES_READ),
    Section("/to-invoice", N_("To invoice"), "truck", P.INVOICES_WRITE),
    Section("/payments", N_("Payments"), "banknote", P.INVOICES_READ),
    Section("/credit", N_("Credit holds"), "hourglass", P.CREDIT_READ),
    Section("/rates", N_("Exchange rates"), "coins", P.CREDIT_READ),
)


def show_in(room: tuple[Section, ...], page: Page, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """The page beside the list of its room."""
    principal = page.principal
    sections = [section for section in room if principal is not None and principal.may(section.permission)]
    titles = {ADMIN: N_("Admin"), SETUP: N_("Set-up"), MONEY: N_("Money")}
    title = page.say(titles[room])

    def named(kind: str, code: str) -> str:
        return page.say(word(kind, code))

    return page.show(template, status=status, sections=sections, room=title, named=named, visible=visible, **context)
