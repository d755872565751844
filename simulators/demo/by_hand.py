"""A scan by hand: finds the reader where the thing is due, and says what came of it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from simulators.api import Api, ApiFault
from simulators.day.floor import GS1_AIM, PLAIN_AIM, ApiFloor, Post, unit_piece
from simulators.day.hands import DeviceAway, Shown
from simulators.day.line import GATES, Device

Fits = Callable[[Post], bool]

_PATIENCE = 3.0
#: Where a box or pallet is scanned next; before it has left, that is the gate it leaves by.
_BOX_DUE = {"shipped": "deliver", "delivered": "deliver"}
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
            thing, due = self._look_up(code)
            device = self._device(due if at is None else lambda post: at in (post.read_point, post.station))
            if device is None:
                places = ", ".join(device.post.read_point for device in self._devices)
                return f"There is no reader {f'at {at}' if at else 'where it is due'}. Readers: {places}."
            signal = device.hand.show(thing, _PATIENCE)
        except (ApiFault, DeviceAway) as error:
            return str(error)
        outcome = "the gate has read it" if device.post.context in GATES and signal is None else _SIGNALS[signal]
        return f"{code} at {device.post.read_point} ({device.name}): {outcome}."

    def _look_up(self, code: str) -> tuple[Shown, Fits]:
        """What to show, and which post it is due at; a code that the server does not know is scanned as it is."""
        try:
            unit = self._api.get(f"/api/v1/units/{quote(code, safe='')}")
        except ApiFault as fault:
            if fault.status in (404, 422):
                return Shown(code), lambda post: post.context not in GATES
            raise
        if unit["kind"] == "container":
            return _label(unit), lambda post: post.context == _BOX_DUE.get(unit["state"], "ship")
        piece = unit_piece(unit)
        return Shown(piece.label.code, PLAIN_AIM, self._floor.tag(piece)), self._due(unit)

    def _due(self, unit: dict[str, Any]) -> Fits:
        context = {"finished": "pack", "in_stock": "pack", "packed": "ship"}.get(unit["state"])
        if context is not None:
            return lambda post: post.context == context
        steps = self._api.get(f"/api/v1/work-orders/{unit['work_order']}")["operations"] if unit["work_order"] else []
        center = next((step["work_center"] for step in steps if step["step"] == unit["step"]), None)
        return lambda post: post.work_center == center

    def _device(self, fits: Fits) -> Device | None:
        return next((device for device in self._devices if fits(device.post)), None)


def _label(box: dict[str, Any]) -> Shown:
    """The label of a box or pallet: its SSCC as GS1 writes it."""
    value = next(each["value"] for each in box["identifiers"] if each["scheme"] == "sscc" and each["active"])
    return Shown(value.replace("/", "", 1), GS1_AIM)
