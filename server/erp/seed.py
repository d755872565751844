"""A demo factory: five stations, three customers, four products and a dozen orders, all made by the services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from server.catalog.models import Product, WorkCenter
from server.catalog.packaging import change_spec, create_spec, release_spec
from server.catalog.packaging_schemas import PackagingPatch
from server.catalog.pictures import store_picture
from server.catalog.schemas import WorkCenterIn
from server.catalog.service import create_product, create_work_center
from server.erp.floor.models import ReadPoint, Station
from server.erp.floor.schemas import ReadPointIn, StationIn
from server.erp.floor.service import create_read_point, create_station
from server.erp.orders.models import SalesOrder
from server.erp.orders.release import release_order
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.erp.orders.service import cancel_order, confirm_order, create_order, hold_order
from server.erp.reasons.service import add_usual_reasons
from server.erp.seed_customers import CUSTOMERS
from server.erp.seed_picture import packed_frames
from server.erp.seed_products import COMPANY_PREFIX, PACKAGING, PRODUCTS, gtin
from server.parties.models import Customer, Site
from server.parties.repository import default_site
from server.parties.repository import site as site_of
from server.parties.schemas import SitePatch, WorkingHours
from server.parties.service import create_customer, update_site
from server.tracking.states import Context

__all__ = ["COMPANY_PREFIX", "DemoWorld", "gtin", "seed_demo"]

ACTOR = "system"
SITE_NAME = "Orderlight Demo Works"


@dataclass(frozen=True, slots=True)
class DemoWorld:
    """What the seed made, by the keys that simulators and tests use."""

    site: Site
    customers: Mapping[str, Customer]
    work_centers: Mapping[str, WorkCenter]
    stations: Mapping[str, Station]
    read_points: Mapping[str, ReadPoint]
    products: Mapping[str, Product]
    #: In the order in which they were made.
    orders: Sequence[SalesOrder]

    def orders_in(self, lifecycle: str) -> list[SalesOrder]:
        """The orders in this lifecycle state."""
        return [order for order in self.orders if order.lifecycle == lifecycle]


#: key, name, cost of an hour
_CENTERS = (
    ("cut", "Cut", 48),
    ("weld", "Weld", 62),
    ("paint", "Paint", 54),
    ("assemble", "Assemble", 42),
    ("pack", "Pack", 36),
    ("ship", "Ship", 36),
)

_STATIONS = (
    StationIn(key="cut", name="Cut", area="Hall 1", work_center="cut"),
    StationIn(key="weld", name="Weld", area="Hall 1", work_center="weld"),
    StationIn(key="paint", name="Paint", area="Hall 2", work_center="paint"),
    StationIn(key="assemble", name="Assemble", area="Hall 2", work_center="assemble"),
    StationIn(key="pack", name="Pack", area="Hall 3", work_center="pack"),
    StationIn(key="ship", name="Ship dock", area="Hall 3", work_center="ship"),
)

_READ_POINTS = (
    ReadPointIn(key="cut-1", name="Cut, scanner 1", station="cut", context=Context.END),
    ReadPointIn(key="weld-1", name="Weld, scanner 1", station="weld", context=Context.TOGGLE),
    ReadPointIn(key="paint-gate", name="Paint, RFID gate", station="paint", context=Context.GATE, quiet_seconds=30),
    ReadPointIn(key="assemble-1", name="Assemble, scanner 1", station="assemble", context=Context.END),
    ReadPointIn(key="pack-1", name="Pack, scanner 1", station="pack", context=Context.PACK),
    ReadPointIn(key="ship-gate", name="Ship dock, RFID gate", station="ship", context=Context.SHIP, quiet_seconds=30),
    ReadPointIn(key="delivery-1", name="Delivery, the driver's scanner", station="ship", context=Context.DELIVER),
)


@dataclass(frozen=True, slots=True)
class _Plan:
    """One demo order: whose, what, how far, and promised in how many days."""

    customer: str
    lines: tuple[tuple[str, int], ...]
    #: draft | confirmed | released | held | cancelled
    until: str
    days: int
    reference: str
    colour: str | None = None


_ORDERS = (
    _Plan("Aurora Bikes", (("FRAME-CITY", 20),), "released", 5, "AB-7741", "signal red"),
    _Plan("Nordwind Energie", (("MOUNT-WIND", 12),), "released", 7, "4500081200"),
    _Plan("Kestrel Rail", (("STEP-RAIL", 8),), "released", 4, "KR/26/118", "traffic yellow"),
    _Plan("Aurora Bikes", (("FRAME-CITY", 6), ("RACK-REAR", 6)), "released", 8, "AB-7755", "night blue"),
    _Plan("Nordwind Energie", (("MOUNT-WIND", 5),), "released", 10, "4500081217"),
    _Plan("Kestrel Rail", (("STEP-RAIL", 4),), "held", 9, "KR/26/121", "traffic yellow"),
    _Plan("Aurora Bikes", (("RACK-REAR", 30),), "confirmed", 14, "AB-7760", "black"),
    _Plan("Nordwind Energie", (("MOUNT-WIND", 24),), "confirmed", 21, "4500081254"),
    _Plan("Kestrel Rail", (("STEP-RAIL", 16),), "confirmed", 18, "KR/26/127"),
    _Plan("Aurora Bikes", (("FRAME-CITY", 40), ("RACK-REAR", 40)), "draft", 30, "AB-7802", "mint"),
    _Plan("Nordwind Energie", (("MOUNT-WIND", 2),), "draft", 28, "4500081290"),
    _Plan("Kestrel Rail", (("STEP-RAIL", 2),), "cancelled", 12, "KR/26/130"),
)


def seed_demo(session: Session, now: datetime) -> DemoWorld:
    """Fill an empty database with the demo factory; the edge commits."""
    site = update_site(session, _site(site_of(session)), actor=ACTOR, now=now)
    centers = [
        create_work_center(
            session,
            WorkCenterIn(key=key, name=name, position=place * 10, hourly_rate=Decimal(rate)),
            actor=ACTOR,
            now=now,
        )
        for place, (key, name, rate) in enumerate(_CENTERS, 1)
    ]
    stations = [create_station(session, body, actor=ACTOR, now=now) for body in _STATIONS]
    points = [create_read_point(session, body, actor=ACTOR, now=now) for body in _READ_POINTS]
    customers = [create_customer(session, body, actor=ACTOR, now=now) for body in CUSTOMERS]
    products = [create_product(session, body, actor=ACTOR, now=now) for body in PRODUCTS]
    add_usual_reasons(session, actor=ACTOR, now=now)
    _pack(session, {product.sku: product for product in products}, {one.name: one for one in customers}, now)
    numbers = {customer.name: customer.number for customer in customers}
    orders = [_order(session, plan, numbers[plan.customer], now) for plan in _ORDERS]
    return DemoWorld(
        site,
        {customer.name: customer for customer in customers},
        {center.key: center for center in centers},
        {station.key: station for station in stations},
        {point.key: point for point in points},
        {product.sku: product for product in products},
        orders,
    )


def _site(stored: Site) -> SitePatch:
    """The demo's site, but for what an administrator has set already."""
    untouched = default_site()
    wanted = _demo_site()
    kept = {name for name in wanted.model_fields_set if getattr(stored, name) != getattr(untouched, name)}
    return SitePatch.model_validate(wanted.model_dump(exclude_unset=True, exclude=kept))


def _demo_site() -> SitePatch:
    return SitePatch(
        name=SITE_NAME,
        time_zone="Europe/Berlin",
        currency="EUR",
        language="en",
        working_hours=WorkingHours(days=[0, 1, 2, 3, 4], start="06:00", end="22:00"),
        gs1_company_prefix=COMPANY_PREFIX,
        address="Example Street 7\n24937 Flensburg\nGermany",
        tax_number="DE 000 000 000",
        bank_account="Example Bank, IBAN DE00 0000 0000 0000 0000 00",
        tax_percent=Decimal(19),
    )


def _pack(session: Session, products: Mapping[str, Product], customers: Mapping[str, Customer], now: datetime) -> None:
    """Released packaging specifications, and one new version that is still a draft."""
    picture = store_picture(session, packed_frames(), actor=ACTOR, now=now)
    for owner, body in PACKAGING:
        customer_id = None if owner is None else customers[owner].id
        if body.product == "FRAME-CITY":
            body = body.model_copy(update={"picture": picture})
        spec = create_spec(session, products[body.product], customer_id, body, actor=ACTOR, now=now)
        release_spec(session, spec, actor=ACTOR, now=now)
    patch = PackagingPatch(inner_material="Honeycomb paper between", notes="No foam from next year on.")
    change_spec(session, spec, patch, actor=ACTOR, now=now)


def _order(session: Session, plan: _Plan, customer: str, now: datetime) -> SalesOrder:
    choices = {"colour": plan.colour} if plan.colour else {}
    body = OrderIn(
        customer=customer,
        customer_reference=plan.reference,
        promise_date=(now + timedelta(days=plan.days)).date(),
        lines=[
            OrderLineIn(product=sku, quantity=Decimal(quantity), configuration=choices) for sku, quantity in plan.lines
        ],
    )
    order = create_order(session, body, actor=ACTOR, now=now)
    _drive(session, order, plan.until, now)
    return order


def _drive(session: Session, order: SalesOrder, until: str, now: datetime) -> None:
    if until in ("confirmed", "released", "held"):
        confirm_order(session, order, actor=ACTOR, now=now)
    if until in ("released", "held"):
        release_order(session, order, actor=ACTOR, now=now)
    if until == "held":
        reason = "Waiting for the customer to approve the drawing."
        hold_order(session, order, reason=reason, actor=ACTOR, now=now)
    if until == "cancelled":
        cancel_order(session, order, reason="Ordered twice.", by_manager=False, actor=ACTOR, now=now)
