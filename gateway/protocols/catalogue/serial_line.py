"""Barcode scanners on a serial line."""

from typing import Final

from gateway.protocols.driver import Driver, Feed
from gateway.protocols.line import LineFormat, LineFramer, LineOptions


def lines(name: str, options: LineFormat) -> Feed:
    """Codes out of a recording of any driver of lines."""
    framer = LineFramer(name, options)
    # A recorded piece ends in silence: a code without its line ending is whole there.
    return lambda data: [*framer.feed(data), *framer.idle()]


DRIVER: Final = Driver(
    "serial_line",
    "Barcode scanner on RS-232 or USB-COM that sends a line per code.",
    LineOptions,
    ("code",),
    (
        "A checksum byte (LRC) after ETX is not verified.",
        "Zebra SSI packets are read by the driver zebra_ssi.",
        "A plain line has no heartbeat: the port can be open while the scanner is switched off.",
        "A GS substitute is a single character.",
        "Newland's beep command (BEEPON) is not confirmed on a device, only the frame around it.",
    ),
    "gateway.sources.serial_line:make",
    lines,
    {"port": "/dev/ttyS0"},
)
