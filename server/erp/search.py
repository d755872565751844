"""Finding things by what people have in hand: an order number, a serial, a scanned code, a customer's name."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session, selectinload

from orderlight.autoid import identify
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog.models import Product
from server.erp.billing.access import visible_invoices
from server.erp.billing.models import Invoice
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.orders.access import visible_orders
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit, WorkOrder
from server.erp.production.repository import bound_to
from server.erp.search_terms import Asked
from server.http.text import fold
from server.parties.models import Customer

#: What a text of fewer letters would find is a list, not an answer.
LEAST_LETTERS = 2
MAX_TEXT = 200
#: Key of our own printed codes -> the prefix of the number behind it.
_PREFIXES = {"order": "SO", "work_order": "WO", "unit": "U", "shipment": "SH"}


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found: order, work_order, unit, handling_unit, shipment, invoice, customer, product, quote or case."""

    kind: str
    #: Its number, SKU or key, as addresses carry it.
    number: str
    title: str
    detail: str
    #: The order it belongs to, where it belongs to one.
    order: str | None = None
    #: The work order for stock that it is or belongs to.
    work_order: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The hit for programs."""
        return {
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "detail": self.detail,
            "order": self.order,
        }


#: What looks for one kind of thing.
Finder = Callable[[Asked], Iterable[Hit]]


def search(
    session: Session, principal: Principal, text: str, *, limit: int = 20, more: Sequence[Finder] = ()
) -> list[Hit]:
    """What the caller may know of and the text means, exact matches first; at most `limit`.

    `more` looks for what lives in the rooms above. A number of queries that does not depend on what is found.
    """
    wanted = clean(text)
    if len(wanted) < LEAST_LETTERS:
        return []
    asked = Asked(session, principal, visible_orders(principal), wanted, names_in(wanted), limit)
    found = [*_units(asked), *_orders(asked), *_work_orders(asked), *_boxes(asked), *_shipments(asked)]
    for finder in (*more, _invoices):
        found += finder(asked)
    if principal.may(Permission.CUSTOMERS_READ):
        found += _customers(asked)
    if principal.may(Permission.CATALOG_READ):
        found += _products(asked)
    exact = {wanted.upper(), *asked.names}
    found.sort(key=lambda hit: hit.number.upper() not in exact)
    return list(dict.fromkeys(found))[:limit]


def clean(text: str) -> str:
    """The text as it may go to the database: cut, and without NUL, which PostgreSQL does not take."""
    return text.replace("\x00", "").strip()[:MAX_TEXT]


def names_in(text: str) -> list[str]:
    """The numbers that one of our own printed codes stands for.

    >>> names_in("OLU0011P")
    ['U-0011']
    """
    keys = identify(text).keys
    return [f"{prefix}-{keys[key]}" for key, prefix in _PREFIXES.items() if key in keys]


def _orders(asked: Asked) -> Iterable[Hit]:
    number, reference = asked.number(SalesOrder.number, "SO"), asked.part(SalesOrder.customer_reference, asked.text)
    ids = asked.ids(SalesOrder, number, reference, asked.named(SalesOrder.customer_id))
    statement = (
        select(SalesOrder)
        .where(SalesOrder.id.in_(ids))
        .order_by(SalesOrder.id.desc())
        .limit(asked.limit)
        .options(selectinload(SalesOrder.customer))
    )
    for order in asked.session.scalars(statement):
        yield Hit("order", order.number, order.number, order.customer.name, order.number)


def _units(asked: Asked) -> Iterable[Hit]:
    # A unit is found by its whole number or code alone: a part of a serial names too many.
    bound = bound_to(asked.session, asked.text)
    statement = (
        select(Unit, SalesOrder.number, Product.name, HandlingUnit.number, WorkOrder.number)
        .outerjoin(HandlingUnit, HandlingUnit.id == Unit.id)
        .outerjoin(SalesOrder, SalesOrder.id == func.coalesce(Unit.order_id, HandlingUnit.order_id))
        .outerjoin(WorkOrder, WorkOrder.id == Unit.work_order_id)
        .outerjoin(Product, Product.id == Unit.product_id)
        .where(
            asked.visible,
            or_(Unit.number.in_([asked.text.upper(), f"U-{asked.text.upper()}", *asked.names]), Unit.id.in_(bound)),
        )
        .order_by(Unit.id)
        .limit(asked.limit)
    )
    for unit, order, product, box, work_order in asked.session.execute(statement):
        if box is not None:
            yield Hit("handling_unit", box, box, order, order)
        else:
            yield Hit("unit", unit.number, unit.number, product or "", order, None if order else work_order)


def _work_orders(asked: Asked) -> Iterable[Hit]:
    statement = (
        select(WorkOrder.number, SalesOrder.number, Product.name)
        .outerjoin(SalesOrder, SalesOrder.id == WorkOrder.order_id)
        .join(Product, Product.id == WorkOrder.product_id)
        .where(WorkOrder.id.in_(asked.ids(WorkOrder, asked.number(WorkOrder.number, "WO"))))
        .order_by(WorkOrder.id.desc())
        .limit(asked.limit)
    )
    for number, order, product in asked.session.execute(statement):
        yield Hit("work_order", number, number, product, order, None if order else number)


def _boxes(asked: Asked) -> Iterable[Hit]:
    begun = asked.number(HandlingUnit.number, "HU")
    statement = (
        select(HandlingUnit.number, HandlingUnit.sscc, SalesOrder.number)
        .join(SalesOrder, SalesOrder.id == HandlingUnit.order_id)
        .where(HandlingUnit.id.in_(asked.ids(HandlingUnit, begun, HandlingUnit.sscc == asked.text)))
        .order_by(HandlingUnit.id.desc())
        .limit(asked.limit)
    )
    for number, _sscc, order in asked.session.execute(statement):
        yield Hit("handling_unit", number, number, order, order)


def _shipments(asked: Asked) -> Iterable[Hit]:
    reference = asked.part(Shipment.tracking_reference, asked.text)
    statement = (
        select(Shipment.number, SalesOrder.number)
        .join(SalesOrder, SalesOrder.id == Shipment.order_id)
        .where(Shipment.id.in_(asked.ids(Shipment, asked.number(Shipment.number, "SH"), reference)))
        .order_by(Shipment.id.desc())
        .limit(asked.limit)
    )
    for number, order in asked.session.execute(statement):
        yield Hit("shipment", number, number, order, order)


def _invoices(asked: Asked) -> Iterable[Hit]:
    # A customer's own are visible where the company shows them.
    visible = visible_invoices(asked.session, asked.principal)
    numbers = asked.number(Invoice.number, "INV"), asked.number(Invoice.credit_note, "CN")
    ids = asked.ids(Invoice, *numbers, seen=visible)
    statement = (
        select(Invoice.number, Invoice.credit_note, Customer.name)
        .join(Customer, Customer.id == Invoice.customer_id)
        .where(visible, Invoice.id.in_(ids))
        .order_by(Invoice.id.desc())
        .limit(asked.limit)
    )
    for number, credit_note, name in asked.session.execute(statement):
        yield Hit("invoice", number, number, f"{name}, {credit_note}" if credit_note else name)


def _customers(asked: Asked) -> Iterable[Hit]:
    known = Customer.id.in_(asked.customers())
    statement = (
        select(Customer.number, Customer.name)
        .where(or_(known, Customer.number == asked.text.upper()))
        .order_by(Customer.search_name)
        .limit(asked.limit)
    )
    for number, name in asked.session.execute(statement):
        yield Hit("customer", number, name, number)


def _products(asked: Asked) -> Iterable[Hit]:
    gtin = identify(asked.text).keys.get("gtin")
    known: ColumnElement[bool] = Product.gtin == gtin if gtin else ~true()
    statement = (
        select(Product.sku, Product.name)
        .where(or_(Product.search_name.contains(fold(asked.text), autoescape=True), known))
        .order_by(Product.search_name)
        .limit(asked.limit)
    )
    for sku, name in asked.session.execute(statement):
        yield Hit("product", sku, name, sku)
