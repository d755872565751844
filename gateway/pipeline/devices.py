"""The devices that are read, each with its supervisor; another gateway.toml changes them while the others go on."""

import dataclasses
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from gettext import gettext as _

from gateway.pipeline.check import Plan, PlannedDevice
from gateway.pipeline.flow import Flow
from gateway.protocols.reads import InputChange, Sign
from gateway.sources import make_source
from gateway.supervisor import DeviceCounters, DeviceHealth, Supervisor

log = logging.getLogger(__name__)

#: How long a stop waits for the devices to let go.
STOP_SECONDS = 2.0


class DeviceFault(Exception):
    """A device of the new plan cannot be made at all; nothing was changed. The text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Which devices a new plan touched, by name. A device with another place or smoothing alone is not restarted."""

    started: tuple[str, ...] = ()
    restarted: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()


class Devices:
    """Any thread may call it; what start(), stop() and adopt() do, they do one after the other."""

    def __init__(self, plan: Plan, flow: Flow) -> None:
        self._gateway, self._evidence = plan.config.name, plan.config.data_dir / "evidence"
        self._flow = flow
        self._planned = {device.name: device for device in plan.devices}
        self._running = False
        self._turn = threading.Lock()
        self._supervisors = {device.name: self._supervisor(device) for device in plan.devices}
        # Also of devices that are gone: their last reads may still be on their way to disk.
        self._counters = {name: supervisor.counters for name, supervisor in self._supervisors.items()}

    def __len__(self) -> int:
        return len(self._supervisors)

    def health(self) -> list[DeviceHealth]:
        """How each device is now, in the order of gateway.toml."""
        return [supervisor.health() for supervisor in tuple(self._supervisors.values())]

    def chosen(self, name: str | None) -> list[Supervisor]:
        """The device of this name, if there is one; all of them for None."""
        return [each for each in tuple(self._supervisors.values()) if name in (None, each.name)]

    def total(self) -> DeviceCounters:
        """What all devices counted since the start, those that are gone too."""
        counters = tuple(self._counters.values())
        names = [field.name for field in dataclasses.fields(DeviceCounters)]
        return DeviceCounters(*(sum(getattr(each, name) for each in counters) for name in names))

    def start(self) -> None:
        """Open them all."""
        with self._turn:
            self._running = True
            for supervisor in self._supervisors.values():
                supervisor.start()

    def stop(self) -> None:
        """Let them all go."""
        with self._turn:
            self._running = False
            _stop(list(self._supervisors.values()))

    def adopt(self, devices: Sequence[PlannedDevice]) -> Changes:
        """Go on with these: what is new is started, what is gone is stopped, what is as before is left alone.

        Raises DeviceFault before anything is changed.
        """
        planned = {device.name: device for device in devices}
        with self._turn:
            changes = _changes(self._planned, planned)
            self._change(changes, planned)
        return changes

    def _change(self, changes: Changes, planned: Mapping[str, PlannedDevice]) -> None:
        fresh = {name: self._make(planned[name]) for name in (*changes.started, *changes.restarted)}
        leaving = [self._supervisors[name] for name in (*changes.stopped, *changes.restarted)]
        # A port is given up before it is opened anew, and the last reads are placed as their device was.
        if self._running:
            _stop(leaving)
        self._flow.adopt(list(planned.values()))
        for name in changes.restarted:
            fresh[name].follow(self._supervisors[name])
        for name, supervisor in fresh.items():
            supervisor.counters = self._counters.setdefault(name, supervisor.counters)
        self._planned = dict(planned)
        self._supervisors = {name: fresh.get(name) or self._supervisors[name] for name in planned}
        if self._running:
            for supervisor in fresh.values():
                supervisor.start()

    def _make(self, device: PlannedDevice) -> Supervisor:
        try:
            return self._supervisor(device)
        except ImportError as error:
            sentence = _("Device {name} needs a package that is not installed: {error}.")
            raise DeviceFault(sentence.format(name=device.name, error=error)) from error

    def _supervisor(self, device: PlannedDevice) -> Supervisor:
        source = make_source(device.name, device.options, gateway=self._gateway, evidence=self._evidence)

        def emit(sign: Sign) -> None:
            if isinstance(sign, InputChange):
                self._flow.hear(sign)
            else:
                self._flow.take(source, supervisor.counters, sign)

        supervisor = Supervisor(
            source,
            device.table.driver,
            emit=emit,
            on_lost=self._flow.tell_lost,
            on_recovered=self._flow.tell_recovered,
            on_away=self._flow.forget_inputs,
        )
        return supervisor


def _changes(before: dict[str, PlannedDevice], after: dict[str, PlannedDevice]) -> Changes:
    both = [name for name in after if name in before]
    restarted = tuple(name for name in both if _wire(before[name]) != _wire(after[name]))
    return Changes(
        started=tuple(name for name in after if name not in before),
        restarted=restarted,
        stopped=tuple(name for name in before if name not in after),
        moved=tuple(name for name in both if name not in restarted and _rest(before[name]) != _rest(after[name])),
    )


def _wire(device: PlannedDevice) -> tuple[str, object]:
    """What a device must be opened anew for."""
    return device.table.driver, device.options


def _rest(device: PlannedDevice) -> PlannedDevice:
    """All of it but the line it stands at."""
    return dataclasses.replace(device, table=dataclasses.replace(device.table, line=None))


def _stop(supervisors: Sequence[Supervisor]) -> None:
    for supervisor in supervisors:
        supervisor.stop()
    until = time.monotonic() + STOP_SECONDS
    for supervisor in supervisors:
        if not supervisor.join(max(0.0, until - time.monotonic())):
            log.warning("device_did_not_stop", extra={"device": supervisor.name})
