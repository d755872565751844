"""Whether what a row says is what is stored already. Pure.

>>> is_same({"price": "2.5", "lines": [{"step": 10, "name": "Cut"}]}, {"price": Decimal("2.50")})
True
>>> is_same({"lines": [{"step": 10, "name": "Cut"}]}, {"lines": [{"step": None, "name": "Weld"}]})
False
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any


def is_same(stored: Any, wanted: Any) -> bool:
    """Compare a stored JSON body with a wanted one; a field that is not wanted, or wanted as None, is any."""
    if isinstance(wanted, Mapping):
        return all(value is None or is_same(stored.get(field), value) for field, value in wanted.items())
    if isinstance(wanted, list | tuple):
        return len(stored or ()) == len(wanted) and all(map(is_same, stored or (), wanted))
    if isinstance(wanted, Decimal):
        return stored is not None and Decimal(stored) == wanted
    if isinstance(wanted, date):
        return bool(stored == wanted.isoformat())
    return bool(stored == wanted)
