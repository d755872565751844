"""What a house begins with: next to nothing, or everything of the demo."""

from sqlalchemy.orm import Session

from server.auth import devices, gateways, keys, users
from server.auth.users import NewUser
from server.catalog.schemas import ProductIn
from server.catalog.service import create_product
from server.crm.cases.seed import seed_cases
from server.crm.quotes.seed import seed_quotes
from server.crm.seed import seed_relations
from server.erp.billing.seed import seed_past
from server.erp.changes.seed import seed_changes
from server.erp.logistics.seed import seed_dock
from server.erp.seed import seed_demo
from server.erp.stock.seed import seed_stock
from server.parties.schemas import SitePatch
from server.parties.service import update_site
from server.settings.clock import utc_now

ACTOR = "crowd"


def seed_empty(session: Session) -> None:
    """A house of which nothing is known but its site and one product."""
    now = utc_now()
    update_site(session, SitePatch(name="House", time_zone="UTC", gs1_company_prefix="9506000"), actor=ACTOR, now=now)
    create_product(session, ProductIn(sku="FRAME", name="Frame"), actor=ACTOR, now=now)


def seed_factory(session: Session) -> None:
    """The demo factory with its past, its quotes, cases and changes, and a gateway, a key and a screen."""
    now = utc_now()
    world = seed_demo(session, now)
    seed_past(session, now)
    seed_dock(session, world, now)
    seed_relations(session, world, now)
    seed_cases(session, now)
    seed_quotes(session, world, now)
    seed_changes(session, world, now)
    seed_stock(session, now)
    gateways.create_gateway(session, key="hall", name="Hall", actor=ACTOR, now=now)
    keys.create_key(session, name="Program", scopes=["orders:read"], actor=ACTOR, now=now)
    devices.add_device(session, name="Cut", station_key="cut", actor=ACTOR, now=now)
    users.add_user(session, NewUser(login="sales", name="Sales", role="sales"), actor=ACTOR, now=now)
