"""The gateway's end where no gateway is: its own drivers, on the scenario's clock."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from gateway.decode import decode
from gateway.protocols import Machine, driver_of, find_driver, parse_options
from gateway.protocols.chafon import ChafonMachine
from gateway.protocols.hid import HidMachine
from gateway.protocols.llrp import LlrpMachine
from gateway.protocols.r200 import POLL, frame
from gateway.protocols.reads import CodeRead, Sign, TagRead
from gateway.protocols.zebra_ssi import ZebraSsiMachine
from simulators.devices.transport import MemoryTransport
from simulators.scenario.kinds import Device

#: The driver of each kind of device, with the options that its simulated one needs.
_DRIVERS: Final[dict[str, tuple[str, dict[str, object]]]] = {
    "scanner": ("serial_line", {}),
    "zebra-ssi": ("zebra_ssi", {}),
    "keyboard": ("hid", {}),
    "camera": ("camera", {}),
    "r200": ("r200", {}),
    "chafon": ("chafon", {}),
    "llrp": ("llrp", {}),
    "r700": ("mqtt", {"preset": "impinj_r700"}),
    "poster": ("http_push", {"preset": "impinj_r700"}),
}
_MACHINES: Final[dict[str, Callable[[str, Any], Machine]]] = {
    "chafon": ChafonMachine,
    "keyboard": HidMachine,
    "llrp": LlrpMachine,
    "zebra-ssi": ZebraSsiMachine,
}


class Tally:
    """What a driver made of a device's traffic: understood codes, different tags, reads of tags, and the rest."""

    def __init__(self) -> None:
        self.epcs: set[str] = set()
        self.codes = self.reads = self.faults = 0

    def count(self, reads: Sequence[Sign]) -> None:
        """Take reads."""
        for read in reads:
            if isinstance(read, TagRead):
                self.reads += 1
                self.epcs.add(read.epc)
            elif isinstance(read, CodeRead):
                good = decode(read).error is None
                self.codes += good
                self.faults += not good

    def as_counts(self) -> dict[str, int]:
        """By the names that scenarios use."""
        return {"codes": self.codes, "tags": len(self.epcs), "reads": self.reads, "faults": self.faults}


class Host(Protocol):
    """Hears a device, and may speak to it."""

    def begin(self, now: float) -> None:
        """A connection begins."""

    def hear(self, data: bytes, now: float) -> Sequence[Sign]:
        """What the driver reads in these bytes."""

    def step(self, now: float) -> Sequence[Sign]:
        """Time has passed; what the driver makes of that."""


class Listener:
    """Only listens, as where a gateway is at the other end, or a device that is never asked."""

    def __init__(self, device: Device) -> None:
        options = _options(device)
        self._feed = driver_of(options).machine(device.name, options)

    def begin(self, now: float) -> None:
        """Nothing."""

    def hear(self, data: bytes, now: float) -> Sequence[Sign]:
        """What the driver reads in these bytes."""
        return self._feed(data)

    def step(self, now: float) -> Sequence[Sign]:
        """Nothing."""
        return []


class Asker(Listener):
    """Polls a module in every round."""

    def __init__(self, device: Device, cable: MemoryTransport) -> None:
        super().__init__(device)
        self._cable = cable

    def step(self, now: float) -> Sequence[Sign]:
        """Ask who is there."""
        self._cable.host_sends(frame(POLL))
        return []


class Partner:
    """Converses by the driver's own machine; opens anew what it or the device has given up."""

    def __init__(self, device: Device, machine: Machine, cable: MemoryTransport) -> None:
        self._machine, self._cable = machine, cable
        # A packet is answered before anything else can happen, since its scanner waits for that alone.
        self._answers_at_once = device.kind == "zebra-ssi"

    def begin(self, now: float) -> None:
        """Begin to converse."""
        self._machine.open(now)

    def hear(self, data: bytes, now: float) -> Sequence[Sign]:
        """What it reads; each is stored at once."""
        reads = self._machine.feed(data, now)
        for read in reads:
            if isinstance(read, CodeRead | TagRead):
                self._machine.acknowledge(read)
        if self._answers_at_once:
            self._speak()
        return reads

    def step(self, now: float) -> Sequence[Sign]:
        """Say what is to be said by now, and tell of what never ended."""
        late = self._machine.tick(now) if now >= self._machine.next_at() else []
        self._speak()
        return late

    @property
    def gave_up(self) -> bool:
        """Whether the connection must be opened anew."""
        return self._machine.dead is not None

    def _speak(self) -> None:
        for command in self._machine.commands():
            self._cable.host_sends(command)


def make_host(device: Device, cable: MemoryTransport | None) -> Host:
    """The gateway's end of a device: on this cable, or only listening where it has none of ours."""
    if device.kind == "camera":
        from simulators.scenario.viewer import Viewer

        return Viewer(device.name, _options(device))
    if cable is None or device.kind in ("scanner", "r700", "poster"):
        return Listener(device)
    if device.kind == "r200":
        return Asker(device, cable)
    return Partner(device, _MACHINES[device.kind](device.name, _options(device)), cable)


def _options(device: Device) -> Any:
    name, more = _DRIVERS[device.kind]
    driver = find_driver(name)
    assert driver is not None, name
    if device.kind == "scanner":
        more = {"suffix": device.table.get("suffix", "crlf")}
    if device.kind in ("chafon", "llrp"):
        more = {"antennas": device.antennas}
    return parse_options(name, {**driver.example, **more})
