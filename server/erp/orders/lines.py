"""Order lines from what was sent: the customer and products they name must exist."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from server.catalog.models import Product
from server.catalog.repository import products_by_sku
from server.erp.orders.models import OrderLine
from server.erp.orders.schemas import OrderLineIn
from server.errors import FieldError, Invalid
from server.messages import translate as _
from server.parties.models import Customer
from server.parties.repository import customer as customer_by_number
from server.parties.repository import site


def find_customer(session: Session, number: str) -> Customer:
    found = customer_by_number(session, number)
    if found is None:
        raise Invalid(
            errors=[
                FieldError(
                    "customer", _("There is no customer {number}. Create it first.").format(number=number), "unknown"
                )
            ]
        )
    return found


def make_lines(session: Session, bodies: Sequence[OrderLineIn], customer: Customer) -> list[OrderLine]:
    products = products_by_sku(session, {body.product for body in bodies})
    errors = [
        FieldError(
            f"lines.{position}.product",
            _("There is no product {product}. Create it first.").format(product=body.product),
            "unknown",
        )
        for position, body in enumerate(bodies)
        if body.product not in products
    ]
    if errors:
        raise Invalid(errors=errors)
    at_list_price = customer.currency == site(session).currency
    return [
        _line(position, body, products[body.product], at_list_price=at_list_price)
        for position, body in enumerate(bodies, 1)
    ]


def _line(position: int, body: OrderLineIn, product: Product, *, at_list_price: bool) -> OrderLine:
    price = body.unit_price
    if price is None and at_list_price:
        price = product.list_price
    return OrderLine(
        position=position,
        product=product,
        quantity=body.quantity,
        unit_price=price,
        configuration=dict(body.configuration),
        packaging=body.packaging or product.packaging,
    )
