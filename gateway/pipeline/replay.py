"""Feeds recorded bytes through the very pipeline that live devices use."""

import base64
import binascii
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from gettext import gettext as _
from pathlib import Path
from typing import Any

from gateway.config import GatewayConfig
from gateway.pipeline.check import Plan, PlannedDevice
from gateway.pipeline.gateway import Gateway
from gateway.protocols import driver_of
from gateway.protocols.reads import InputChange, Read, Sign
from gateway.sources import Emit, Report
from gateway.supervisor import DeviceCounters


class ReplayError(ValueError):
    """A line of the recording cannot be used."""


class RecordedSource:
    """Stands in for a device: its reads come from a recording, nobody hears its tones."""

    def __init__(self, device: PlannedDevice) -> None:
        self.name = device.name
        self.acknowledged = 0
        self.tones: list[str] = []
        self._feed = driver_of(device.options).machine(device.name, device.options)

    def signs(self, data: bytes) -> Iterable[Sign]:
        """The reads and changes of inputs in one recorded piece."""
        return self._feed(data)

    def run(self, emit: Emit, stop: threading.Event, state: Report) -> None:
        """A recording has no life of its own."""

    def feedback(self, signal: str) -> None:
        """Remember what the scanner would have shown."""
        self.tones.append(signal)

    def acknowledge(self, read: Read) -> None:
        """Count what was stored."""
        self.acknowledged += 1

    def cancel(self) -> None:
        """Nothing waits."""

    def counters(self) -> dict[str, int]:
        """How many reads were acknowledged."""
        return {"acknowledged": self.acknowledged}


def replay(plan: Plan, lines: Iterable[str], *, seconds: float, write: Callable[[str], None] | None) -> dict[str, Any]:
    """Feed every line; give what became of them.

    Without `write` the events are stored in the gateway's own outbox and delivered, for at most `seconds`.
    With it each is written as JSON instead, and nothing is kept.
    """
    if write is None:
        return _replay(plan, lines, seconds, None)
    # A gateway that runs never asks for it, and would hold a megabyte for it.
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        config: GatewayConfig = replace(plan.config, data_dir=Path(folder))
        return _replay(replace(plan, config=config), lines, 0.0, write)


def _replay(plan: Plan, lines: Iterable[str], seconds: float, write: Callable[[str], None] | None) -> dict[str, Any]:
    sources = {device.name: RecordedSource(device) for device in plan.devices}
    counters = DeviceCounters()
    gateway = Gateway(plan)
    if write is not None:
        gateway.flow.watch = lambda line: _show(line, write)
    gateway.start(devices=False, uplink=write is None)
    try:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                source, data = _parse(number, line, sources)
                for sign in source.signs(data):
                    _take(gateway, source, counters, sign)
        _await_delivery(gateway, seconds)
    finally:
        gateway.close(devices=False)
    return _result(gateway, counters)


def _take(gateway: Gateway, source: RecordedSource, counters: DeviceCounters, sign: Sign) -> None:
    if isinstance(sign, InputChange):
        gateway.flow.hear(sign)
        return
    counters.read += 1
    gateway.flow.take(source, counters, sign)


def _await_delivery(gateway: Gateway, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and gateway.outbox.figures().backlog:
        # A person waits for this command, so a short sleep is no burden on an idle machine.
        time.sleep(0.05)


def _result(gateway: Gateway, counters: DeviceCounters) -> dict[str, Any]:
    return {
        "epoch": gateway.outbox.epoch,
        "read": counters.read,
        "filtered": counters.filtered,
        "stored": counters.stored,
        "refused": counters.refused,
        "acked": gateway.deliverer.counters.acked,
        "server": gateway.deliverer.state.detail or gateway.deliverer.state.phase.value,
    }


def _show(line: Mapping[str, object], write: Callable[[str], None]) -> None:
    if line.get("event") is not None:
        write(json.dumps(line["event"]))


def _parse(number: int, line: str, sources: Mapping[str, RecordedSource]) -> tuple[RecordedSource, bytes]:
    try:
        record = json.loads(line)
        name = record["device"]
        data = _bytes_of(record)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        example = '{"device": "scanner-1", "bytes": "OLU0011I\\r"}'
        sentence = _("Line {number} is no recording ({error}). Expected {example}.")
        raise ReplayError(sentence.format(number=number, error=error, example=example)) from error
    if name not in sources:
        sentence = _("Line {number}: device {name} is not in gateway.toml; there are {known}.")
        raise ReplayError(sentence.format(number=number, name=name, known=", ".join(sources)))
    return sources[name], data


def _bytes_of(record: Mapping[str, Any]) -> bytes:
    """The bytes as text (one character a byte, as `tail` writes them), as hex, or as base64."""
    if "hex" in record:
        return bytes.fromhex(record["hex"])
    if "base64" in record:
        try:
            return base64.b64decode(record["base64"], validate=True)
        except binascii.Error as error:
            raise ValueError(str(error)) from error
    text: str = record["bytes"]
    return text.encode("latin-1")
