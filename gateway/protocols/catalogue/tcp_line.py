"""Devices that send lines over TCP."""

from typing import Final

from gateway.protocols.catalogue.serial_line import lines
from gateway.protocols.driver import Driver
from gateway.protocols.line import TcpLineOptions

DRIVER: Final = Driver(
    "tcp_line",
    "Network scanner, controller or serial device server that sends a line per code over TCP.",
    TcpLineOptions,
    ("code",),
    (
        "The connection is not encrypted; keep such devices in a network of their own.",
        "In mode server one device has one port, and its newest connection counts.",
        "A code that was on its way when the network broke is lost unless ack is on.",
    ),
    "gateway.sources.tcp_line:make",
    lines,
    {"host": "10.0.0.20", "tcp_port": 2001},
)
