"""A device that sends lines over TCP."""

from gateway.protocols.line import TcpLineOptions
from gateway.sources.base import Surroundings
from gateway.sources.line import LineSource
from gateway.sources.tcp import TcpLink, TcpServerLink


def make(name: str, options: TcpLineOptions, _around: Surroundings) -> LineSource:
    """The source of one device."""
    link = TcpLink(options.host, options.tcp_port)
    if options.mode == "server":
        link = TcpServerLink(options.host, options.tcp_port, options.allow)
    return LineSource(name, options, link)
