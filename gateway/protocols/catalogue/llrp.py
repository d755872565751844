"""Fixed UHF readers."""

from typing import Final

from gateway.protocols.catalogue.feeds import told
from gateway.protocols.driver import Driver, Feed
from gateway.protocols.llrp import LlrpMachine
from gateway.protocols.llrp_options import LlrpOptions


def _feed(name: str, options: LlrpOptions) -> Feed:
    return told(LlrpMachine(name, options))


DRIVER: Final = Driver(
    "llrp",
    "Fixed UHF reader that speaks LLRP: Impinj, Zebra FX, Alien, ThingMagic and others.",
    LlrpOptions,
    ("tag",),
    (
        "A reader serves one LLRP client: no other program may be connected to it.",
        "The connection is not encrypted (port 5084); keep readers in a network of their own.",
        "Vendor extensions, tag memory beyond the EPC, and search modes are left as the reader has them.",
        "Transmit power is set for all antennas alike.",
    ),
    "gateway.sources.llrp:make",
    _feed,
    {"host": "10.0.0.40"},
)
