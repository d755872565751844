"""What an operator holds or drives past: a scanner or a gate, of whatever make, and what he hears from it."""

import threading
import time
from dataclasses import dataclass, field
from typing import Protocol

from simulators.devices.r200 import R200
from simulators.devices.r700 import R700, MqttPublisher
from simulators.devices.scanner import Scanner
from simulators.devices.transport import NotPlugged
from simulators.radio import RadioField

#: How long a thing stands in a gate's field.
PASS_SECONDS = 1.2


class DeviceAway(Exception):
    """Nobody listens to the device now; the operator tries again later."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a reader can be shown of one thing: the code on its label, and its radio tag where it has one."""

    code: str
    #: The symbol's AIM identifier, which scanners put in front.
    aim: str = ""
    epc: str | None = None


class Hand(Protocol):
    """One device in use. Several threads may hold it; one thing is shown at a time."""

    def show(self, thing: Shown, patience: float) -> str | None:
        """Scan its label, or carry it through the gate, and wait up to `patience` seconds for what it says.

        The signal is ok, warn, stop or stored; None where nothing was heard. Raises DeviceAway.
        """

    def close(self) -> None:
        """Put the device away."""


@dataclass(slots=True)
class ScannerHand:
    """A scanner on a serial line."""

    scanner: Scanner
    _busy: threading.Lock = field(default_factory=threading.Lock)

    def show(self, thing: Shown, patience: float) -> str | None:
        """Scan the label. It says "stored" only where no verdict followed; a swallowed repeat is never answered."""
        with self._busy:
            if not self.scanner.wait_for_host(2.0):
                raise DeviceAway("No gateway has the scanner's port open.")
            before = len(self.scanner.heard.signals)
            try:
                self.scanner.scan(thing.code, thing.aim)
            except NotPlugged as error:
                raise DeviceAway(str(error)) from error
            said = self.scanner.wait_for_signals(before + 1, patience)[before:]
            if said == ["stored"]:
                said = self.scanner.wait_for_signals(before + 2, patience)[before:]
            return said[-1] if said else None

    def close(self) -> None:
        """Pull the cable."""
        self.scanner.unplug()


@dataclass(slots=True)
class GateHand:
    """A radio gate: an R200 module or an R700 reader, with the field in front of it."""

    gate: R200 | R700
    antenna: int = 1
    publisher: MqttPublisher | None = None

    @property
    def field(self) -> RadioField:
        """The tags in front of the gate."""
        return self.gate.field

    def show(self, thing: Shown, patience: float) -> str | None:
        """Carry the thing through, which takes its time; a gate has no beeper, so nothing is heard."""
        if thing.epc is None:
            raise DeviceAway(f"{thing.code} has no radio tag, and this is a gate.")
        if isinstance(self.gate, R200) and not self.gate.wait_for_host(2.0):
            raise DeviceAway("No gateway has the gate's port open.")
        self.field.enter(thing.epc, antenna=self.antenna, now=time.monotonic(), dwell=PASS_SECONDS)
        time.sleep(min(PASS_SECONDS, patience))
        return None

    def close(self) -> None:
        """Switch the gate off."""
        self.gate.unplug()
        if self.publisher is not None:
            self.publisher.stop()


@dataclass(slots=True)
class WirelessHand:
    """A scanner that publishes each code to a broker; it never hears an answer."""

    publisher: MqttPublisher

    def show(self, thing: Shown, patience: float) -> str | None:
        """Publish the code on the label, and give the news its time."""
        if not self.publisher.wait_until_connected(5.0):
            raise DeviceAway("The broker does not answer.")
        self.publisher.publish(f"{thing.aim}{thing.code}".encode())
        time.sleep(min(0.3, patience))
        return None

    def close(self) -> None:
        """Hang up."""
        self.publisher.stop()


@dataclass(slots=True)
class MemoryHand:
    """A device of a test: remembers what it was shown and answers as it was told."""

    shown: list[Shown] = field(default_factory=list)
    answer: str | None = "ok"

    def show(self, thing: Shown, patience: float) -> str | None:
        """Remember it and give the answer."""
        self.shown.append(thing)
        return self.answer

    def close(self) -> None:
        """Nothing to put away."""
