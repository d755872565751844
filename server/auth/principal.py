"""Who is asking: a person, a program, a gateway, a station screen, or a customer who came by a link."""

from dataclasses import dataclass, field
from typing import Literal

from server.auth.permissions import DEVICE_PERMISSIONS, ROLE_PERMISSIONS, VISIT_PERMISSIONS, Role

Kind = Literal["user", "key", "gateway", "device", "visit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A known caller. `actor` is how facts and the audit name it: `user:anna`, `gateway:gw-hall-1`."""

    kind: Kind
    actor: str
    name: str
    #: Set for users alone.
    role: str | None = None
    #: The customer whose orders alone are visible: of a user with the role customer, or of a visit.
    customer_id: int | None = None
    #: Set for visits: the one order that is visible.
    order_id: int | None = None
    #: Set for visits by the link of a quote: that quote; its order is visible once it is accepted.
    quote_id: int | None = None
    #: Set for visits: the numbers of both, by which one of several visits of a browser is chosen.
    order_number: str | None = None
    quote_number: str | None = None
    #: Set for gateway keys: the one gateway it may speak for.
    gateway: str | None = None
    #: Set for paired station screens; a screen that shows the board alone has none.
    station_key: str | None = None
    #: Set for keys: the permissions they were given.
    scopes: frozenset[str] = field(default=frozenset())
    language: str = "en"
    #: The row behind it: user, key or device id.
    row_id: int | None = None
    must_change_password: bool = False

    def may(self, permission: str) -> bool:
        """Whether this caller has the right; row filters narrow what it then sees."""
        if self.kind == "user":
            return permission in ROLE_PERMISSIONS.get(self.role or "", frozenset())
        if self.kind == "device":
            return permission in DEVICE_PERMISSIONS
        if self.kind == "visit":
            return permission in VISIT_PERMISSIONS
        return permission in self.scopes

    @property
    def own_language(self) -> str | None:
        """The language that a person reads; programs and screens say theirs with each request, or none."""
        return self.language if self.kind in ("user", "visit") else None

    @property
    def is_staff(self) -> bool:
        """A person of our own house, as opposed to a customer, a screen or a program."""
        return self.kind == "user" and self.role != Role.CUSTOMER
