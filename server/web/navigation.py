"""What the header leads to: a table of places, each with the right it takes."""

from dataclasses import dataclass

from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.messages import N_


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the header. `under` marks it as the present one for every address that begins so."""

    href: str
    label: str
    permission: Permission
    staff_only: bool = True
    customers_only: bool = False
    #: Other addresses that belong to it.
    also: tuple[str, ...] = ()

    def is_here(self, path: str) -> bool:
        """Whether the present page lies under this place."""
        return any(path == here or path.startswith(here + "/") for here in (self.href, *self.also))


PLACES = (
    Place("/home", N_("Home"), Permission.ORDERS_READ, staff_only=False, customers_only=True),
    Place("/orders", N_("Orders"), Permission.ORDERS_READ, staff_only=False, also=("/changes", "/work-orders")),
    Place("/customers", N_("Customers"), Permission.CUSTOMERS_READ),
    Place("/quotes", N_("Quotes"), Permission.QUOTES_READ, staff_only=False),
    Place("/cases", N_("Cases"), Permission.CASES_READ, staff_only=False),
    Place("/board", N_("Board"), Permission.FLOOR_READ),
    Place("/station", N_("Stations"), Permission.FLOOR_READ),
    Place("/stock", N_("Stock"), Permission.FLOOR_READ),
    Place("/invoices", N_("Money"), Permission.INVOICES_READ, also=("/to-invoice", "/payments", "/credit", "/rates")),
    Place("/setup", N_("Set-up"), Permission.CATALOG_READ, also=("/printers",)),
    Place("/admin", N_("Admin"), Permission.INBOX_DECIDE),
)


def places(principal: Principal | None) -> list[Place]:
    """The places this person may go to."""
    if principal is None or principal.kind == "visit":
        return []
    hidden = "customers_only" if principal.is_staff else "staff_only"
    return [place for place in PLACES if principal.may(place.permission) and not getattr(place, hidden)]


def home(principal: Principal | None) -> str:
    """Where a person begins: his work, by what he is."""
    if principal is None:
        return "/login"
    if principal.kind == "visit":
        return "/quote" if principal.quote_id is not None else "/track"
    if principal.kind == "device":
        return f"/station/{principal.station_key}" if principal.station_key else "/board"
    if principal.customer_id is not None:
        return "/home"
    return "/station" if principal.role == "operator" else "/orders"
