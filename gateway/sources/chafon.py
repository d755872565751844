"""A Chafon UHF reader, on a serial line or in the network."""

from gateway.protocols.chafon import ChafonMachine, ChafonOptions
from gateway.sources.base import Surroundings
from gateway.sources.dialogue import DialogueSource
from gateway.sources.link import Link
from gateway.sources.port import LineSettings, Port
from gateway.sources.tcp import TcpLink


def make(name: str, options: ChafonOptions, _around: Surroundings) -> DialogueSource:
    """The source of one device."""
    link: Link = TcpLink(options.host, options.tcp_port)
    if options.port:
        link = Port(LineSettings(path=options.port, baud=options.baud))
    return DialogueSource(name, ChafonMachine(name, options), link)
