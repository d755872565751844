"""UHF modules of the R200 family."""

from typing import Final

from gateway.protocols.driver import Driver, Feed
from gateway.protocols.r200 import R200Options, R200Parser


def _feed(name: str, options: R200Options) -> Feed:
    return R200Parser(name, options).feed


DRIVER: Final = Driver(
    "r200",
    "Serial UHF RFID module of the R200 family (R200, M100, YRM100, JRD-4035).",
    R200Options,
    ("tag",),
    (
        "The module reports neither antenna nor time; the gateway's clock is used.",
        "Signal strength is relative: some boards scale it differently.",
        "Tags are read, never written, locked or killed.",
    ),
    "gateway.sources.r200:make",
    _feed,
    {"port": "/dev/ttyS1"},
)
