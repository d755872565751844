"""Scanners that speak SSI."""

from typing import Final

from gateway.protocols.catalogue.feeds import told
from gateway.protocols.driver import Driver, Feed
from gateway.protocols.zebra_ssi import ZebraSsiMachine, ZebraSsiOptions


def _feed(name: str, options: ZebraSsiOptions) -> Feed:
    return told(ZebraSsiMachine(name, options))


DRIVER: Final = Driver(
    "zebra_ssi",
    "Zebra or Symbol barcode scanner in Simple Serial Interface, with a checksum and an answer to each packet.",
    ZebraSsiOptions,
    ("code",),
    (
        "Decode data must be sent as packets: parameter Decode Data Packet Format (0xEE) is 1.",
        "An AIM identifier is added for Code 39, Code 128, GS1-128, EAN-8 and EAN-13; for others switch on AIM.",
        "What a scanner keeps while the gateway is away is up to the scanner.",
    ),
    "gateway.sources.zebra_ssi:make",
    _feed,
    {"port": "/dev/ttyS3"},
)
