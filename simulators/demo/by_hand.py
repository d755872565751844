"""A scan by hand: finds the reader where the thing is due, and says what came of it."""

from simulators.api import Api, ApiFault
from simulators.day.floor import PLAIN_AIM, ApiFloor, Post, unit_piece
from simulators.day.hands import DeviceAway, Shown
from simulators.day.line import GATES, Device

_PATIENCE = 3.0
_SIGNALS = {
    "ok": "done",
    "warn": "done, but look at the screen",
    "stop": "refused; the station's screen says why",
    "stored": "stored, no verdict yet",
    None: "no tone was heard",
}


class ByHand:
    """Shows codes to the line's readers on request. Has a connection of its own, so that a thread may use it."""

    def __init__(self, api: Api, devices: list[Device]) -> None:
        self._api, self._floor = api, ApiFloor(api)
        self._devices = devices

    def scan(self, code: str, at: str | None) -> str:
        """Show the code at the read point or station `at`, or where the unit is due; a sentence for the person."""
        try:
            thing, center = self._look_up(code)
            device = self._device(at, center)
            if device is None:
                places = ", ".join(device.post.read_point for device in self._devices)
                return f"There is no reader at {at}. Readers: {places}."
            signal = device.hand.show(thing, _PATIENCE)
        except (ApiFault, DeviceAway) as error:
            return str(error)
        outcome = "the gate has read it" if device.post.context in GATES and signal is None else _SIGNALS[signal]
        return f"{code} at {device.post.read_point} ({device.name}): {outcome}."

    def _look_up(self, code: str) -> tuple[Shown, str | None]:
        """What to show, and the work center where it is due; a code that the server does not know is shown as it is."""
        try:
            unit = self._api.get(f"/api/v1/units/{code}")
        except ApiFault as fault:
            if fault.status == 404:
                return Shown(code), None
            raise
        piece = unit_piece(unit)
        return Shown(piece.label.code, PLAIN_AIM, self._floor.tag(piece)), self._due_at(unit)

    def _due_at(self, unit: dict[str, object]) -> str | None:
        if unit["state"] == "finished":
            return "pack"
        if unit["work_order"] is None:
            return None
        operations = self._api.get(f"/api/v1/work-orders/{unit['work_order']}")["operations"]
        return next((step["work_center"] for step in operations if step["step"] == unit["step"]), None)

    def _device(self, at: str | None, center: str | None) -> Device | None:
        def fits(post: Post) -> bool:
            return at in (post.read_point, post.station) if at is not None else post.work_center == center

        found = [device for device in self._devices if fits(device.post)]
        if not found and at is None:
            found = [device for device in self._devices if device.post.context not in GATES]
        return found[0] if found else None
