"""UHF readers of Chafon."""

from typing import Final

from gateway.protocols.catalogue.feeds import told
from gateway.protocols.chafon import ChafonMachine, ChafonOptions
from gateway.protocols.driver import Driver, Feed


def _feed(name: str, options: ChafonOptions) -> Feed:
    return told(ChafonMachine(name, options))


DRIVER: Final = Driver(
    "chafon",
    "Chafon UHF reader (UHFReader18, UHFReader288M and relatives) on a serial line or over TCP.",
    ChafonOptions,
    ("tag",),
    (
        "The reader must be in answer mode, in which it reads when it is asked.",
        "Signal strength is the reader's own number less 129: good to compare, no dBm.",
        "Model 18 reports neither antenna nor strength.",
        "The newer frames that begin with CF are not read.",
    ),
    "gateway.sources.chafon:make",
    _feed,
    {"port": "/dev/ttyS2"},
)
