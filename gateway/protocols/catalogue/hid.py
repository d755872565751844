"""Scanners that type."""

from typing import Final

from gateway.protocols.catalogue.feeds import told
from gateway.protocols.driver import Driver, Feed
from gateway.protocols.hid import HidMachine, HidOptions


def _feed(name: str, options: HidOptions) -> Feed:
    return told(HidMachine(name, options))


DRIVER: Final = Driver(
    "hid",
    "Barcode scanner that types like a keyboard, on USB or Bluetooth, taken for the gateway alone (Linux).",
    HidOptions,
    ("code",),
    (
        "A scanner that types shows no verdicts; use a station screen beside it, or set it to USB-COM.",
        "Layouts are us and de; with the scanner's ALT mode the layout does not matter.",
        "What is scanned while the gateway is away goes to whatever window is open.",
        "Tried with a simulated input device; taking a real one needs Linux and the group input.",
    ),
    "gateway.sources.hid:make",
    _feed,
    {"port": "/dev/input/by-id/usb-scanner-event-kbd"},
)
