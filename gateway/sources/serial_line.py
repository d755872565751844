"""A barcode scanner on a serial line."""

from gateway.protocols.line import LineOptions
from gateway.sources.base import Surroundings
from gateway.sources.line import LineSource
from gateway.sources.port import LineSettings, Port


class SerialLineSource(LineSource):
    """Reads codes from one scanner, and shows it verdicts; see sources.base.Source for the contract."""

    def __init__(self, name: str, options: LineOptions) -> None:
        settings = LineSettings(
            path=options.port,
            baud=options.baud,
            data_bits=options.data_bits,
            parity=options.parity,
            stop_bits=options.stop_bits,
            flow=options.flow,
        )
        super().__init__(name, options, Port(settings))


def make(name: str, options: LineOptions, _around: Surroundings) -> SerialLineSource:
    """The source of one device."""
    return SerialLineSource(name, options)
