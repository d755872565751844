"""Which product a row of a form is about: suggested while there are few, named by number or name among many."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.catalog.models import Product
from server.http.text import fold
from server.messages import N_
from server.web.entry import Fault
from server.web.forms import Form
from server.web.named_choice import TOLD, Choices, few, names_of
from server.web.page import Page

#: Among so many that hold what was typed, one that is called just so is looked for.
_LOOKED_AT = 500

Conditions = Sequence[Any]

#: What may be ordered, and what is made here.
ORDERABLE: Conditions = (Product.active, Product.orderable)
MADE: Conditions = (Product.active, Product.made)


def product_choices(session: Session, *conditions: Any) -> Choices:
    """Number and name of each such product, by number; None where there are too many to choose from."""
    statement = select(Product.sku, Product.name).where(*conditions).order_by(Product.sku)
    return few(session, statement)


def product_fields(form: Form, prefix: str, column: str = "product") -> list[str]:
    """The names of the fields that name a product in the rows of a form."""
    return [name for name in form.values if name.startswith(f"{prefix}.") and name.endswith(f".{column}")]


def with_products(page: Page, form: Form, fields: Iterable[str], conditions: Conditions = ()) -> Form:
    """The form with the number of each product whose number or name was typed; raises Fault where several have it.

    What nobody has stays as it was typed, for the service has a sentence for it.
    """
    typed = {name: form.text(name) for name in fields}
    faults: dict[str, str] = {}
    found: dict[str, str] = {}
    with page.database.read() as session:
        known = set(session.scalars(select(Product.sku).where(Product.sku.in_(set(typed.values())))))
        for name, text in typed.items():
            if not text or text in known or not text.isprintable() or _is_gtin(text):
                continue
            named = _named(session, text, conditions)
            if len(named) == 1:
                found[name] = named[0][0]
            elif named:
                said = N_("More than one product is called so: %(names)s. Write the number.")
                faults[name] = page.say(said, names=names_of(named))
    if faults:
        raise Fault(form.with_faults(faults), 422)
    return Form({**form.values, **found}, form.faults, form.fault) if found else form


def _is_gtin(text: str) -> bool:
    return text.isdigit() and 8 <= len(text) <= 14


def _named(session: Session, typed: str, conditions: Conditions) -> Sequence[tuple[str, str]]:
    """The products of this name, else those whose number and name hold it."""
    wanted = fold(typed)
    statement = select(Product.sku, Product.name).where(
        Product.search_name.contains(wanted, autoescape=True), *conditions
    )
    rows = [(sku, name) for sku, name in session.execute(statement.order_by(Product.sku).limit(_LOOKED_AT))]
    exactly = [row for row in rows if wanted in (fold(row[0]), fold(row[1]))]
    return exactly or rows[: TOLD + 1]
