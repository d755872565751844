"""Choosing the options of a product in a row of a form: one select an option, named `lines.0.option-colour`.

A row shows its selects once its product is known, so the form is sent once more before that; without scripts, too.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.catalog.models import Product
from server.web.forms import Form

PREFIX = "option-"


def option_columns(form: Form, prefix: str) -> tuple[str, ...]:
    """The columns of options that the rows of the form brought."""
    found = (name.split(".") for name in form.values if name.startswith(f"{prefix}."))
    return tuple(dict.fromkeys(parts[2] for parts in found if len(parts) == 3 and parts[2].startswith(PREFIX)))


def chosen(row: Mapping[str, str]) -> dict[str, str]:
    """What a row chose, by the key of the option."""
    return {name.removeprefix(PREFIX): choice for name, choice in row.items() if name.startswith(PREFIX)}


def offers(session: Session, form: Form, prefix: str, *, count: int) -> dict[int, list[Any]]:
    """The options that each row's product offers, by the number of the row; one query."""
    typed = {row: form.text(f"{prefix}.{row}.product") for row in range(count)}
    named = {sku for sku in typed.values() if sku}
    if not named:
        return {}
    known = {
        row[0]: row[1] for row in session.execute(select(Product.sku, Product.options).where(Product.sku.in_(named)))
    }
    return {row: known[sku] for row, sku in typed.items() if known.get(sku)}
