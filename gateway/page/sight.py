"""What the page may look at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.protocols.reads import Read
from orderlight.autoid import Identification

Status = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sight:
    """What the page may look at."""

    status: Callable[[], Status]
    explain: Callable[[Read], Identification]
