"""What operators know of the factory: which post reads what, and what waits there. Answered by the server's API."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from orderlight.autoid import OwnCode, sscc96_hex
from simulators.api import Api, ApiFault
from simulators.day.hands import Shown

#: AIM identifiers of the symbols on our labels: plain Code 128, and GS1-128.
PLAIN_AIM, GS1_AIM = "]C0", "]C1"
#: Nobody looks further down a queue than this.
_LOOK_AHEAD = 20


@dataclass(frozen=True, slots=True)
class Post:
    """A read point with its station: where somebody stands, or a gate."""

    read_point: str
    station: str
    work_center: str
    #: As the server keeps it: start, end, toggle, gate, pack, ship or deliver.
    context: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A unit, or a box, as it waits somewhere."""

    number: str
    order: str
    label: Shown
    state: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """An order that a customer is about to place."""

    customer: str
    product: str
    quantity: int


class Floor(Protocol):
    """The factory as the people in it see it. What belongs to the orders in `skip` is left out."""

    def posts(self) -> list[Post]:
        """Every post, in the order of the work."""

    def waiting(self, work_center: str, skip: Collection[str]) -> list[Piece]:
        """Some of the units that wait for a step there, or are in it, next first."""

    def backlog(self, work_center: str, skip: Collection[str]) -> int:
        """How many units wait there in all."""

    def finished(self, skip: Collection[str]) -> list[Piece]:
        """The units that have all their steps behind them and are in no box."""

    def boxes(self, skip: Collection[str]) -> list[Piece]:
        """Every closed box that has not left."""

    def open_boxes(self) -> set[str]:
        """The orders that have a box standing open."""

    def tag(self, piece: Piece) -> str | None:
        """The EPC of the piece's radio tag, in hex."""

    def place(self, wish: Wish) -> str:
        """Order, confirm and release; the order's number."""

    def deliver(self, *, older_than: float) -> int:
        """The carrier reports what left so many seconds ago as arrived; the number of shipments."""

    def under_way(self, *, older_than: float) -> list[Piece]:
        """The papers of what left so many seconds ago and has not arrived."""

    def wishes(self) -> list[tuple[str, str]]:
        """Who may order what: pairs of customer and product."""


class ApiFloor:
    """The floor of a running server; the key needs floor:read, catalog:read, customers:read, orders:read,
    orders:write and orders:release; with shipments:write, shipments arrive too. Raises ApiFault."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._prefix_length: int | None = None
        self._may_deliver = True

    def posts(self) -> list[Post]:
        """Every post, in the order of the work."""
        centers = [center["key"] for center in self._api.get("/api/v1/work-centers")["items"]]
        stations = {station["key"]: station["work_center"] for station in self._api.items("/api/v1/stations")}
        found = [
            Post(point["key"], point["station"], stations[point["station"]], point["context"])
            for point in self._api.items("/api/v1/read-points")
            if point["active"] and point["context"] not in ("badge", "command")
        ]
        return sorted(found, key=lambda post: (centers.index(post.work_center), post.read_point))

    def waiting(self, work_center: str, skip: Collection[str]) -> list[Piece]:
        """The units of the first work order in the queue that has any."""
        for entry in self._queue(work_center, skip):
            here = [
                unit_piece(unit)
                for unit in self._api.items("/api/v1/units", work_order=entry["work_order"], held="false")
                if unit["state"] in ("queued", "in_process") and unit["step"] == entry["step"]
            ]
            if here:
                return here
        return []

    def backlog(self, work_center: str, skip: Collection[str]) -> int:
        """How many units wait there in all."""
        return sum(entry["waiting"] for entry in self._queue(work_center, skip))

    def _queue(self, work_center: str, skip: Collection[str]) -> list[dict[str, Any]]:
        queue = self._api.get(f"/api/v1/work-centers/{work_center}/queue", limit=_LOOK_AHEAD)["items"]
        return [entry for entry in queue if not entry["on_hold"] and entry["order"] not in skip]

    def finished(self, skip: Collection[str]) -> list[Piece]:
        """The units that have all their steps behind them and are in no box."""
        # What was picked out of stock is packed as what was made. Boxes and goods of nobody's order lie in stock, too.
        found = [
            unit
            for state in ("finished", "in_stock")
            for unit in self._api.items("/api/v1/units", state=state, held="false")
            if unit["kind"] != "container" and unit["order"]
        ]
        return [unit_piece(unit) for unit in found if unit["order"] not in skip]

    def boxes(self, skip: Collection[str]) -> list[Piece]:
        """Every closed box that has not left."""
        return [
            Piece(box["number"], box["order"], Shown(f"00{box['sscc']}", GS1_AIM), box["sscc"])
            for box in self._api.items("/api/v1/handling-units", state="closed")
            if box["order"] not in skip
        ]

    def open_boxes(self) -> set[str]:
        """The orders that have a box standing open."""
        return {box["order"] for box in self._api.items("/api/v1/handling-units", state="open")}

    def tag(self, piece: Piece) -> str | None:
        """The EPC bound to the unit; a box has one made of its SSCC."""
        if piece.label.aim == GS1_AIM:
            return sscc96_hex(piece.label.code.removeprefix("00"), self._company_prefix_length())
        identifiers = self._api.get(f"/api/v1/units/{piece.number}")["identifiers"]
        found = [known["value"] for known in identifiers if known["scheme"] == "epc" and known["active"]]
        return str(found[0]).removeprefix("epc:") if found else None

    def _company_prefix_length(self) -> int:
        if self._prefix_length is None:
            self._prefix_length = len(self._api.get("/api/v1/site")["gs1_company_prefix"])
        return self._prefix_length

    def place(self, wish: Wish) -> str:
        """Order, confirm and release; the order's number."""
        line = {"product": wish.product, "quantity": str(wish.quantity)}
        order = self._api.post("/api/v1/orders", {"customer": wish.customer, "lines": [line]})
        number: str = order["number"]
        self._api.post(f"/api/v1/orders/{number}/confirm")
        self._api.post(f"/api/v1/orders/{number}/release")
        return number

    def deliver(self, *, older_than: float) -> int:
        """Report arrivals, unless the key has no right to."""
        due = [piece.number for piece in self.under_way(older_than=older_than)] if self._may_deliver else []
        for arrived, number in enumerate(due):
            try:
                self._api.post(f"/api/v1/shipments/{number}/deliver")
            except ApiFault as fault:
                if fault.status != 403:
                    raise
                # A key of an earlier day; its crew works on as it did then.
                self._may_deliver = False
                return arrived
        return len(due)

    def under_way(self, *, older_than: float) -> list[Piece]:
        """The papers of what left so many seconds ago and has not arrived."""
        until = datetime.now(UTC) - timedelta(seconds=older_than)
        found = self._api.items("/api/v1/shipments", state="shipped")
        due = [shipment for shipment in found if datetime.fromisoformat(shipment["shipped_at"]) <= until]
        return [_paper(shipment["number"], shipment["order"]) for shipment in due]

    def wishes(self) -> list[tuple[str, str]]:
        """Who may order what: every customer any product that we make and that leaves nothing to choose."""
        made = self._api.items("/api/v1/products", made="true", active="true")
        products = [found["sku"] for found in made if found["routing"] and not _must_choose(found)]
        customers = [found["number"] for found in self._api.items("/api/v1/customers", status="active")]
        return [(customer, product) for customer in customers for product in products]


def _must_choose(product: dict[str, Any]) -> bool:
    return any(option["required"] and option["default"] is None for option in product.get("options", ()))


def _paper(number: str, order: str) -> Piece:
    """The delivery note of a shipment with our printed code on it."""
    code = OwnCode("D", number.removeprefix("SH-"))
    return Piece(number, order, Shown(str(code), PLAIN_AIM))


def unit_piece(unit: dict[str, Any]) -> Piece:
    """A unit of the API as the thing an operator takes into his hand, with our printed code on it."""
    code = OwnCode("U", unit["number"].removeprefix("U-"))
    return Piece(unit["number"], unit["order"], Shown(str(code), PLAIN_AIM), unit["state"])
