"""A factory with a gateway, a program's key and a customer's session: what latency and delivery are measured in."""

from dataclasses import dataclass

import factory
from sqlalchemy import select
from sqlalchemy.orm import Session

from orderlight.autoid import OwnCode
from server.auth import gateways, keys, sessions, users
from server.auth.permissions import Permission
from server.auth.users import NewUser
from server.db import Database
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit
from server.migrations import upgrade
from server.parties.models import Customer
from server.settings.clock import utc_now


@dataclass(frozen=True, slots=True)
class Ready:
    """A prepared database."""

    gateway_key: str
    api_key: str
    session: str
    #: Order number -> its units.
    units: dict[str, list["Piece"]]
    #: The keys of further gateways, by name.
    others: dict[str, str]


@dataclass(frozen=True, slots=True)
class Piece:
    """A unit and the code printed on it."""

    number: str
    code: str

    @property
    def key(self) -> str:
        """What a gateway finds in the code."""
        return self.code[3:-1]


def prepare(url: str, *, orders: int, units_of_an_order: int, others: tuple[str, ...] = ()) -> Ready:
    """So many released orders of one customer, and everybody's keys; `others` names further gateways."""
    database = Database(url)
    upgrade(database.engine)
    now = utc_now()
    factory.build(database, units=orders * units_of_an_order, now=now, units_of_an_order=units_of_an_order)
    made = database.write(_access)
    more = database.write(lambda session: {name: _gateway(session, name) for name in others})
    with database.read() as session:
        rows = session.execute(
            select(SalesOrder.number, Unit.number).join(Unit, Unit.order_id == SalesOrder.id).order_by(Unit.id)
        ).all()
    database.close()
    units: dict[str, list[Piece]] = {}
    for order, number in rows:
        units.setdefault(order, []).append(Piece(number, str(OwnCode("U", number.partition("-")[2]))))
    return Ready(*made, units, more)


def _gateway(session: Session, name: str) -> str:
    return gateways.create_gateway(session, key=name, name=name, actor="bench", now=utc_now()).text


def _access(session: Session) -> tuple[str, str, str]:
    now, actor = utc_now(), "bench"
    scopes = [Permission.FLOOR_READ.value, Permission.ORDERS_READ.value]
    program = keys.create_key(session, name="bench", scopes=scopes, actor=actor, now=now)
    customer = session.scalars(select(Customer.id)).one()
    new = NewUser(login="buyer", name="Buyer", role="customer", customer_id=customer)
    user = users.add_user(session, new, actor=actor, now=now)
    return _gateway(session, factory.GATEWAY), program.text, sessions.open_session(session, user.id, now=now, days=1)
