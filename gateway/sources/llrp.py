"""A fixed UHF reader that speaks LLRP."""

from gateway.protocols.llrp import LlrpMachine
from gateway.protocols.llrp_options import LlrpOptions
from gateway.sources.base import Surroundings
from gateway.sources.dialogue import DialogueSource
from gateway.sources.tcp import TcpLink


def make(name: str, options: LlrpOptions, _around: Surroundings) -> DialogueSource:
    """The source of one device."""
    return DialogueSource(name, LlrpMachine(name, options), TcpLink(options.host, options.tcp_port))
