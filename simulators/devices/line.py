"""The line between a device and its transport, on which faults happen."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from simulators.devices.tcp import MemoryNetwork, TcpTransport
from simulators.devices.transport import OnBytes, Transport
from simulators.faults import USUAL_BAUD, Fault, Faults, heard_at

#: What cannot happen on a medium, whatever the device.
UNHEARD_OF: Final[Mapping[str, Mapping[Fault, str]]] = MappingProxyType(
    {"tcp": MappingProxyType({Fault.WRONG_BAUD: "A connection over TCP has no baud rate."})}
)


class FaultyLine:
    """A transport that suffers what `faults` brings; see transport.Transport for the contract."""

    def __init__(self, transport: Transport, faults: Faults) -> None:
        self._transport, self._faults = transport, faults
        self.watch: Callable[[bytes, bool], None] = lambda _data, _to_host: None

    @property
    def medium(self) -> str:
        """That of the transport."""
        return self._transport.medium

    def host_baud(self) -> int | None:
        """That of the transport."""
        return self._transport.host_baud()

    def plug(self, on_bytes: OnBytes) -> None:
        """Put the cable in; at a wrong rate the device understands its host as little as it is understood."""
        self._transport.plug(lambda data: on_bytes(self._heard(data)))

    def unplug(self) -> None:
        """Pull the cable."""
        self._transport.unplug()

    def wait_for_host(self, timeout: float) -> bool:
        """Whether a host is there."""
        return self._transport.wait_for_host(timeout)

    def write(self, data: bytes) -> None:
        """Send what is left of it."""
        spoiled = self._faults.spoil(data)
        for piece in map(self._sent, spoiled.pieces):
            self._transport.write(piece)
            self.watch(piece, True)
        if spoiled.broken and isinstance(self._transport, TcpTransport | MemoryNetwork):
            self._transport.hang_up()

    def _sent(self, data: bytes) -> bytes:
        host = self._host_baud()
        return heard_at(data, sent=self._faults.baud(host), heard=host)

    def _heard(self, data: bytes) -> bytes:
        self.watch(data, False)
        host = self._host_baud()
        return heard_at(data, sent=host, heard=self._faults.baud(host))

    def _host_baud(self) -> int:
        if not self._faults.is_on(Fault.WRONG_BAUD):
            return USUAL_BAUD
        return self._transport.host_baud() or USUAL_BAUD
