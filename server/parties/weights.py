"""What a trait that two customers share says of their being one. Pure."""

from collections.abc import Mapping
from typing import Final

#: Of a hundred.
WEIGHTS: Final[Mapping[str, int]] = {
    "vat": 80, "name": 60, "email": 50, "person": 40, "sound": 35, "phone": 35, "address": 30,
}  # fmt: skip
#: From here on two customers are shown as suspects, and whoever adds the second must say that they are distinct.
SUSPECT: Final = 50
