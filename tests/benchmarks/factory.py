"""A factory big enough to measure in, and a day of scans in it as the bytes that a gateway sends."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from orderlight.autoid import OwnCode
from orderlight.events import Event
from orderlight.events.event import as_text
from server.catalog.schemas import ProductIn, RoutingStepBody, WorkCenterIn
from server.catalog.service import create_product, create_work_center
from server.db import Database
from server.erp.floor.schemas import ReadPointIn, StationIn
from server.erp.floor.service import create_read_point, create_station
from server.erp.orders.release import release_order
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.erp.orders.service import confirm_order, create_order
from server.erp.production.models import Unit
from server.parties.schemas import CustomerIn, SitePatch
from server.parties.service import create_customer, update_site
from server.tracking.states import Context

STATIONS = ("cut", "weld", "paint", "assemble")
UNITS_OF_AN_ORDER = 50
#: So many units lie between one station and the next.
DISTANCE = 20
GATEWAY = "gw-bench"
ACTOR = "system"


@dataclass(frozen=True, slots=True)
class Factory:
    """The numbers of all units, in the order in which they are made."""

    units: Sequence[str]


def build(database: Database, *, units: int, now: datetime, units_of_an_order: int = UNITS_OF_AN_ORDER) -> Factory:
    """Four stations, one product, orders of so many units, all released."""
    database.write(lambda session: _floor(session, now))
    for _ in range(-(-units // units_of_an_order)):
        database.write(lambda session: _order(session, units_of_an_order, now))
    with database.read() as session:
        return Factory(list(session.scalars(select(Unit.number).order_by(Unit.id))))


def _floor(session: Session, now: datetime) -> None:
    about: dict[str, Any] = {"actor": ACTOR, "now": now}
    update_site(session, SitePatch(name="Bench", time_zone="UTC", gs1_company_prefix="9506000"), **about)
    for key in STATIONS:
        create_work_center(session, WorkCenterIn(key=key, name=key.capitalize()), **about)
        create_station(session, StationIn(key=key, name=key.capitalize(), work_center=key), **about)
        point = ReadPointIn(key=f"{key}-1", name=key, station=key, context=Context.END)
        create_read_point(session, point, **about)
    steps = [RoutingStepBody(name=key.capitalize(), work_center=key, run_minutes=Decimal(1)) for key in STATIONS]
    create_product(session, ProductIn(sku="FRAME", name="Frame", gtin="09506000134352", routing=steps), **about)
    create_customer(session, CustomerIn(name="Aurora Bikes", number="C-1"), **about)


def _order(session: Session, units: int, now: datetime) -> None:
    body = OrderIn(customer="C-1", lines=[OrderLineIn(product="FRAME", quantity=Decimal(units))])
    order = create_order(session, body, actor=ACTOR, now=now)
    confirm_order(session, order, actor=ACTOR, now=now, promise_date=(now + timedelta(days=300)).date())
    release_order(session, order, actor=ACTOR, now=now)


def day(factory: Factory) -> Iterator[tuple[str, str]]:
    """Code and read point of each scan: every unit passes every station, DISTANCE behind the station before."""
    codes = [str(OwnCode("U", number.partition("-")[2])) for number in factory.units]
    for tick in range(len(codes) + DISTANCE * (len(STATIONS) - 1)):
        for place, station in enumerate(STATIONS):
            unit = tick - place * DISTANCE
            if 0 <= unit < len(codes):
                yield codes[unit], f"{station}-1"


def events(factory: Factory, began: datetime) -> list[dict[str, Any]]:
    """The whole day as events of one gateway, ten a second, with the keys a gateway finds."""
    found = []
    for sequence, (code, point) in enumerate(day(factory), 1):
        at = (began + timedelta(milliseconds=100 * sequence)).astimezone(UTC)
        found.append(
            {
                "v": 1, "sequence": sequence, "kind": "code_scanned", "read_point": point, "reader": "scanner-1",
                "code": code, "keys": {"unit": code[3:-1]}, "observed_at": as_text(at),
            }
        )  # fmt: skip
    return found


def batches(told: Sequence[dict[str, Any]], size: int, *, epoch: str, gateway: str = GATEWAY) -> list[bytes]:
    """The events as request bodies of so many each."""
    for event in told[:1]:
        Event.parse(event)
    return [
        json.dumps({"gateway": gateway, "epoch": epoch, "events": told[start : start + size]}).encode()
        for start in range(0, len(told), size)
    ]
