"""What operators know of the factory: which post reads what, and what waits there. Answered by the server's API."""

from dataclasses import dataclass
from typing import Any, Protocol

from simulators.api import Api
from simulators.day.hands import Shown

#: AIM identifiers of the symbols on our labels: plain Code 128, and GS1-128.
PLAIN_AIM, GS1_AIM = "]C0", "]C1"
#: Our printed command card that closes a box.
CLOSE_CARD = "CLOSE"


@dataclass(frozen=True, slots=True)
class Post:
    """A read point with its station: where somebody stands, or a gate."""

    read_point: str
    station: str
    work_center: str
    #: As the server keeps it: start, end, toggle, gate, pack or ship.
    context: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A unit, or a box, as it waits somewhere."""

    number: str
    order: str
    shown: Shown
    state: str = ""
    work_center: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """An order that a customer is about to place."""

    customer: str
    product: str
    quantity: int


class Floor(Protocol):
    """The factory as the people in it see it."""

    def posts(self) -> list[Post]:
        """Every post, in the order of the work."""

    def waiting(self) -> list[Piece]:
        """Every unit that waits for a step, or is in one, in the order of numbers."""

    def boxes(self) -> list[Piece]:
        """Every closed box that has not left."""

    def place(self, wish: Wish) -> str:
        """Order, confirm and release; the order's number."""

    def wishes(self) -> list[tuple[str, str]]:
        """Who may order what: pairs of customer and product."""


class ApiFloor:
    """The floor of a running server; the key needs floor:read, catalog:read, customers:read, orders:read,
    orders:write and orders:release. Raises ApiFault."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def posts(self) -> list[Post]:
        """Every post, in the order of the work."""
        centers = [center["key"] for center in self._api.get("/api/v1/work-centers")["items"]]
        stations = {station["key"]: station["work_center"] for station in self._api.items("/api/v1/stations")}
        found = [
            Post(point["key"], point["station"], stations[point["station"]], point["context"])
            for point in self._api.items("/api/v1/read-points")
            if point["active"] and point["station"] in stations and point["context"] not in ("badge", "command")
        ]
        return sorted(found, key=lambda post: (centers.index(post.work_center), post.read_point))

    def waiting(self) -> list[Piece]:
        """Every unit that waits for a step, or is in one, in the order of numbers."""
        found = [
            self._piece(unit)
            for state in ("planned", "queued", "in_process", "finished")
            for unit in self._api.items("/api/v1/units", state=state)
            if not unit["held"] and unit["order"] is not None
        ]
        return sorted(found, key=lambda piece: (len(piece.number), piece.number))

    def _piece(self, unit: dict[str, Any]) -> Piece:
        shown = Shown(unit["code"], PLAIN_AIM, unit["epc"])
        return Piece(unit["number"], unit["order"], shown, unit["state"], unit["work_center"])

    def boxes(self) -> list[Piece]:
        """Every closed box that has not left."""
        return [
            Piece(box["number"], box["order"], Shown(f"00{box['sscc']}", GS1_AIM, box["epc"]), box["state"])
            for box in self._api.items("/api/v1/handling-units", state="closed")
        ]

    def place(self, wish: Wish) -> str:
        """Order, confirm and release; the order's number."""
        line = {"product": wish.product, "quantity": str(wish.quantity)}
        order = self._api.post("/api/v1/orders", {"customer": wish.customer, "lines": [line]})
        number: str = order["number"]
        self._api.post(f"/api/v1/orders/{number}/confirm")
        self._api.post(f"/api/v1/orders/{number}/release")
        return number

    def wishes(self) -> list[tuple[str, str]]:
        """Who may order what: every customer any product that we make."""
        products = [found["sku"] for found in self._api.items("/api/v1/products", made="true", active="true")]
        customers = [found["number"] for found in self._api.items("/api/v1/customers", active="true")]
        return [(customer, product) for customer in customers for product in products]
