"""A Zebra scanner that speaks SSI on a serial line."""

from gateway.protocols.zebra_ssi import ZebraSsiMachine, ZebraSsiOptions
from gateway.sources.base import Surroundings
from gateway.sources.dialogue import DialogueSource
from gateway.sources.port import LineSettings, Port


def make(name: str, options: ZebraSsiOptions, _around: Surroundings) -> DialogueSource:
    """The source of one device."""
    return DialogueSource(
        name, ZebraSsiMachine(name, options), Port(LineSettings(path=options.port, baud=options.baud))
    )
