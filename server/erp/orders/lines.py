"""Order lines from what was sent: customer, products and choices must exist, quantities must be possible."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from server.catalog.book import load_designs
from server.catalog.configuration import Configured, NotConfigurable, configure
from server.catalog.models import Product
from server.catalog.repository import products_by_sku
from server.erp.orders.configured import options_in_words, priced
from server.erp.orders.models import OrderLine
from server.erp.orders.planning import quantity_problem
from server.erp.orders.schemas import OrderLineIn
from server.errors import FieldError, Invalid
from server.messages import translate as _
from server.parties.models import Customer
from server.parties.repository import customer as customer_by_number
from server.parties.repository import customer_by_id, site


def find_customer(session: Session, number: str) -> Customer:
    found = customer_by_number(session, number)
    if found is not None and found.merged_into_id is not None:
        return customer_by_id(session, found.merged_into_id)
    if found is None:
        raise Invalid(
            errors=[
                FieldError(
                    "customer", _("There is no customer {number}. Create it first.").format(number=number), "unknown"
                )
            ]
        )
    return found


def products_of_lines(session: Session, skus: Sequence[str]) -> Mapping[str, Product]:
    """The products that the lines name, in their order; raises Invalid about each that there is not."""
    products = products_by_sku(session, set(skus))
    message = _("There is no product {product}. Create it first.")
    errors = [
        FieldError(f"lines.{place}.product", message.format(product=sku), "unknown")
        for place, sku in enumerate(skus)
        if sku not in products
    ]
    if errors:
        raise Invalid(errors=errors)
    return products


def make_lines(session: Session, bodies: Sequence[OrderLineIn], customer: Customer) -> list[OrderLine]:
    """The lines; raises Invalid with every product, quantity or choice that cannot be."""
    products = products_of_lines(session, [body.product for body in bodies])
    configured, errors = _configure(session, bodies, products)
    errors += [
        FieldError(f"lines.{position}.quantity", problem, "quantity")
        for position, body in enumerate(bodies)
        if (problem := quantity_problem(products[body.product], body.quantity)) is not None
    ]
    if errors:
        raise Invalid(errors=errors)
    ours = site(session)
    terms = _Terms(at_list_price=customer.currency == ours.currency, tax_percent=ours.tax_percent)
    return [
        _line(position, body, products[body.product], configured.get(position - 1), terms)
        for position, body in enumerate(bodies, 1)
    ]


@dataclass(frozen=True, slots=True)
class _Terms:
    """What stands where a line does not say it."""

    at_list_price: bool
    tax_percent: Decimal


def _configure(
    session: Session, bodies: Sequence[OrderLineIn], products: Mapping[str, Product]
) -> tuple[dict[int, Configured], list[FieldError]]:
    """The lines of products with options, by their place, and what is wrong with the others."""
    with_options = {sku for sku, product in products.items() if product.options}
    designs = load_designs(session, with_options) if with_options else {}
    found: dict[int, Configured] = {}
    errors: list[FieldError] = []
    for position, body in enumerate(bodies):
        if body.product not in with_options:
            continue
        try:
            found[position] = configure(designs[body.product], body.configuration, quantity=body.quantity)
        except NotConfigurable as refusal:
            errors.append(FieldError(f"lines.{position}.configuration", refusal.detail, refusal.reason))
    return found, errors


def _line(
    position: int, body: OrderLineIn, product: Product, configured: Configured | None, terms: _Terms
) -> OrderLine:
    price = body.unit_price
    if price is None and terms.at_list_price:
        price = priced(product, configured)
    choices = dict(configured.choices if configured else body.configuration)
    return OrderLine(
        position=position,
        product=product,
        quantity=body.quantity,
        unit_price=price,
        discount_percent=body.discount_percent,
        tax_percent=terms.tax_percent if body.tax_percent is None else body.tax_percent,
        configuration=choices,
        configuration_summary=options_in_words(choices, configured.summary if configured else None),
        packaging=body.packaging or product.packaging,
    )
