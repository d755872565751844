"""The demo's database: made, seeded, and the people, keys and the customer's link that the demo hands out."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

# Importing the whole schema lets the mapper find every table that the seed touches.
import server.migrations.models  # noqa: F401
from orderlight.autoid import OwnCode
from orderlight.events import Batch, Event
from server.auth import gateways, keys, users
from server.auth.passwords import hash_password
from server.auth.permissions import Permission, Role
from server.auth.principal import Principal
from server.auth.users import NewUser
from server.catalog.repository import products_by_sku
from server.crm.cases.seed import seed_cases
from server.crm.links import create_link
from server.crm.quotes import links as quote_links
from server.crm.quotes.seed import seed_quotes
from server.crm.seed import seed_relations
from server.db import Database
from server.erp.billing.seed import seed_past
from server.erp.changes.seed import seed_changes, seed_packing_anew
from server.erp.floor.models import Station
from server.erp.logistics.seed import seed_dock
from server.erp.orders.models import SalesOrder
from server.erp.production import repository as production
from server.erp.production.seed import seed_production
from server.erp.reservations.seed import seed_reservations
from server.erp.seed import DemoWorld, seed_demo
from server.erp.stock.seed import seed_stock
from server.ingest.accept import accept
from server.ingest.door import Door
from server.migrations import upgrade
from server.parties.models import Customer
from server.parties.schemas import SitePatch
from server.parties.service import update_site
from server.tracking.states import OrderLifecycle

GATEWAY = "gw-demo"
#: The lots that lie at the saw when the day begins.
AT_HAND = (("TUBE-34", "T26-0412"), ("SHEET-2", "S-5521"), ("BOLT-M8", "B8-2209"))
ACTOR = "demo"
#: Good enough for a server that listens on loopback alone and holds nobody's data.
PASSWORD = "demo"  # noqa: S105
BUYER_OF = "Aurora Bikes"
#: How long the factory has been there when the demo begins.
SINCE = timedelta(hours=2)
_PEOPLE = (
    ("sales", "Sales", Role.SALES, None),
    ("service", "Service", Role.SERVICE, None),
    ("finance", "Finance", Role.FINANCE, None),
    ("planner", "Planner", Role.PLANNER, None),
    ("manager", "Manager", Role.MANAGER, None),
    ("operator", "Operator", Role.OPERATOR, "17"),
)
_SCOPES = (
    Permission.FLOOR_READ,
    Permission.CATALOG_READ,
    Permission.CUSTOMERS_READ,
    Permission.ORDERS_READ,
    Permission.ORDERS_WRITE,
    Permission.ORDERS_RELEASE,
    Permission.SHIPMENTS_WRITE,
    Permission.METRICS_READ,
)


@dataclass(frozen=True, slots=True)
class Access:
    """What the demo tells the person in front of it, and what its own parts need."""

    database_url: str
    admin_password: str
    gateway_key: str
    api_key: str
    #: The order that the crew leaves alone, the token of its customer's link, and the first unit's printed code.
    order: str
    customer: str
    link_token: str
    #: A quote that lies before its customer, and the token of its private link.
    quote: str
    quote_token: str
    unit_number: str
    unit_code: str
    #: The crew's hands off: the visitor's order, and one that waits for somebody to see what changed.
    left_alone: frozenset[str]
    summary: str


def prepare(database_url: str) -> Access:
    """Bring an empty database up to date and fill it."""
    database = Database(database_url)
    try:
        upgrade(database.engine)
        return database.write(lambda session: _fill(session, database_url))
    finally:
        database.close()


def _fill(session: Session, database_url: str) -> Access:
    now = datetime.now(UTC)
    # The factory was released before anybody asked for a change of it.
    world = seed_demo(session, now - SINCE)
    seed_past(session, now)
    seed_dock(session, world, now)
    seed_relations(session, world, now)
    admin_password = secrets.token_urlsafe(9)
    _add_people(session, admin_password, now)
    _add_buyer(session, world, now)
    seed_cases(session, now)
    offered = seed_quotes(session, world, now)[0]
    seed_changes(session, world, now)
    anew = seed_packing_anew(session, world, now)
    seed_stock(session, now)
    seed_reservations(session, world, now)
    _load_stations(session, now)
    gateway_key = gateways.create_gateway(session, key=GATEWAY, name="Demo gateway", actor=ACTOR, now=now)
    scopes = [scope.value for scope in _SCOPES]
    api_key = keys.create_key(session, name="Demo factory day", scopes=scopes, actor=ACTOR, now=now)
    order = _order_for_the_visitor(world)
    sales = Principal(kind="user", actor="user:sales", name="Sales", role=Role.SALES)
    number, code = _first_unit(session, order)
    seed_production(session, world, now)
    return Access(
        database_url=database_url,
        admin_password=admin_password,
        gateway_key=gateway_key.text,
        api_key=api_key.text,
        order=order.number,
        customer=next(name for name, found in world.customers.items() if found.id == order.customer_id),
        link_token=create_link(session, sales, order.number, now=now).token,
        quote=offered.number,
        quote_token=quote_links.create_link(session, offered, actor=sales.actor, now=now).token,
        unit_number=number,
        unit_code=code,
        left_alone=frozenset({order.number, anew.number}),
        summary=_summary(session),
    )


def _summary(session: Session) -> str:
    tables = (Customer, SalesOrder, Station)
    customers, orders, stations = (session.scalar(select(func.count()).select_from(table)) for table in tables)
    return f"{customers} customers, {orders} orders, {stations} stations"


def _load_stations(session: Session, now: datetime) -> None:
    """Somebody scans the lots that the saw uses, so that what is made tells what went into it, and a badge to weld."""
    known = products_by_sku(session, [sku for sku, _ in AT_HAND])
    codes = [f"]C101{known[sku].gtin}10{lot}" for sku, lot in AT_HAND]
    events = [
        {"v": 1, "sequence": number, "kind": "code_scanned", "read_point": "cut-1", "code": code, "operator": "17",
         "observed_at": now.isoformat()}
        for number, code in enumerate(codes, 1)
    ]  # fmt: skip
    badge = {"kind": "code_scanned", "read_point": "weld-1", "code": str(OwnCode("B", "17"))}
    events.append({"v": 1, "sequence": len(events) + 1, **badge, "observed_at": now.isoformat()})
    batch = Batch("web-demo", "0" * 16, tuple(Event.parse(event) for event in events), ())
    accept(session, batch, door=Door(actor="gateway:web-demo"), now=now)


def _add_people(session: Session, admin_password: str, now: datetime) -> None:
    everybody = [(*person, PASSWORD) for person in _PEOPLE]
    everybody.append(("admin", "Administrator", Role.ADMIN, None, admin_password))
    for login, name, role, badge, password in everybody:
        new = NewUser(login=login, name=name, role=role.value, badge=badge, password_hash=hash_password(password))
        users.add_user(session, new, actor=ACTOR, now=now)


def _add_buyer(session: Session, world: DemoWorld, now: datetime) -> None:
    """Somebody of a customer, who sees that customer's orders, quotes, cases and balance."""
    company = world.customers[BUYER_OF]
    new = NewUser(
        login="buyer", name="Astrid Lund", role=Role.CUSTOMER.value, customer_id=company.id,
        password_hash=hash_password(PASSWORD),
    )  # fmt: skip
    users.add_user(session, new, actor=ACTOR, now=now)
    update_site(session, SitePatch(shows_balance=True), actor=ACTOR, now=now)


def _order_for_the_visitor(world: DemoWorld) -> SalesOrder:
    """The smallest order in production: few units, so that a person can carry it through by hand."""
    free = [order for order in world.orders_in(OrderLifecycle.PROCESSING) if not order.on_hold]
    return min(free, key=lambda order: (sum(line.quantity for line in order.lines), order.id))


def _first_unit(session: Session, order: SalesOrder) -> tuple[str, str]:
    """The number of the order's first unit, and the code printed on it."""
    rows, _more = production.units(session, production.UnitFilter(order=order.number), limit=1)
    number = rows[0].unit.number
    return number, str(OwnCode("U", number.removeprefix("U-")))
