"""What a scenario says, checked: its devices, and its steps in the order of their times."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from yaml.nodes import Node

from simulators.devices.scanner import SUFFIXES
from simulators.faults import LASTING, Fault
from simulators.scenario.document import Reader, compose
from simulators.scenario.kinds import COUNTS, KINDS, SHOWS_CODES, STEPS, SYMBOLOGIES, Device, cannot_show

MOST_STEPS: Final = 200_000
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EPC: Final = re.compile(r"(?:[0-9A-Fa-f]{4}){1,31}")
START: Final = datetime(2026, 1, 5, 6, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that happens `at` seconds after the start; `where` is its file and line."""

    at: float
    act: str
    device: str
    where: str
    code: str = ""
    antenna: int = 1
    fault: Fault | None = None
    chance: float = 1.0
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole scenario; `start` is what the devices' clocks show at its beginning when no real time passes."""

    name: str
    seed: int
    start: datetime
    #: Seconds of one inventory round.
    round_seconds: float
    devices: tuple[Device, ...]
    steps: tuple[Step, ...]


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file; raises ScenarioFault with every mistake, or OSError."""
    return parse_scenario(path.read_text(encoding="utf-8"), str(path))


def parse_scenario(text: str, name: str) -> Scenario:
    """A scenario from its text; raises ScenarioFault with every mistake."""
    reader = Reader(name)
    root = compose(text, name)
    top = reader.table(root, "", needs=("devices", "steps"), may=("name", "seed", "start", "round", "labels", "tags"))
    devices = _devices(reader, top.get("devices"))
    words = {
        "code": reader.names(top.get("labels"), "labels"),
        "tag": reader.names(top.get("tags"), "tags"),
    }
    steps = _Steps(reader, {device.name: device for device in devices}, words)
    if "steps" in top:
        steps.take(top["steps"], "steps", 0.0)
    reader.finish()
    return Scenario(
        reader.text(top["name"], "name") if "name" in top else name,
        reader.whole(top.get("seed"), "seed", low=0, high=2**31, default=1),
        _start(reader, top.get("start")),
        _round(reader, top.get("round")),
        devices,
        # Steps of one moment keep the order in which they are written.
        tuple(sorted(steps.found, key=lambda step: step.at)),
    )


def _start(reader: Reader, node: Node | None) -> datetime:
    if node is None:
        return START
    try:
        moment = datetime.fromisoformat(reader.text(node, "start"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        reader.note(node, "start", "expected a moment such as 2026-01-05T06:00:00Z.")
        reader.finish()
        return START
    return moment


def _round(reader: Reader, node: Node | None) -> float:
    seconds = reader.number(node, "round", low=0.01, high=60, default=0.1)
    reader.finish()
    return seconds


def _devices(reader: Reader, node: Node | None) -> tuple[Device, ...]:
    found: dict[str, Device] = {}
    for number, each in enumerate(reader.sequence(node, "devices") if node is not None else []):
        path = f"devices[{number}]"
        places = sorted({key for wires, more in KINDS.values() for key in (*wires, *more)})
        table = reader.table(each, path, needs=("name", "kind"), may=places)
        if not {"name", "kind"} <= set(table):
            continue
        device = _device(reader, each, path, table)
        if device.name in found:
            reader.note(each, f"{path}.name", f"there are two devices {device.name}.")
        found[device.name] = device
    return tuple(found.values())


def _device(reader: Reader, node: Node, path: str, table: Mapping[str, Node]) -> Device:
    name = reader.text(table["name"], f"{path}.name")
    if not _NAME.fullmatch(name):
        reader.note(table["name"], f"{path}.name", f"expected letters, digits, dots and dashes, got {name!r}.")
    kind = reader.choice(table["kind"], f"{path}.kind", list(KINDS))
    wires, more = KINDS.get(kind, ((), ()))
    places = [key for key in wires if key in table]
    if kind in KINDS and len(places) != 1:
        reader.note(node, path, f"kind {kind} needs {' or '.join(wires)}.")
    for key in table:
        if kind in KINDS and key not in ("name", "kind", *wires, *more):
            reader.note(table[key], f"{path}.{key}", f"kind {kind} has no {key}.")
    texts = {key: reader.text(value, f"{path}.{key}") for key, value in table.items() if key not in ("name", "kind")}
    for key in ("listen", "connect", "http_port"):
        reader.whole(table.get(key), f"{path}.{key}", low=1, high=65_535)
    if "suffix" in table:
        reader.choice(table["suffix"], f"{path}.suffix", list(SUFFIXES))
    if "symbology" in table:
        reader.choice(table["symbology"], f"{path}.symbology", SYMBOLOGIES)
    return Device(name, kind, texts, reader.whole(table.get("antennas"), f"{path}.antennas", low=1, high=16, default=1))


class _Steps:
    """Takes steps out of their nodes, and writes repetitions out."""

    def __init__(self, reader: Reader, devices: Mapping[str, Device], words: Mapping[str, Mapping[str, str]]) -> None:
        self._reader, self._devices, self._words = reader, devices, words
        self.found: list[Step] = []

    def take(self, node: Node, path: str, base: float) -> None:
        """All steps of a list, at times after `base`; one without a time happens at the moment of the one before it."""
        at = base
        for number, each in enumerate(self._reader.sequence(node, path)):
            if len(self.found) > MOST_STEPS:
                return
            where, mistakes = f"{path}[{number}]", len(self._reader.mistakes)
            table = self._reader.table(each, where, needs=(), may=("at", *STEPS))
            acts = [key for key in table if key != "at"]
            if len(acts) != 1:
                if len(self._reader.mistakes) == mistakes:
                    self._reader.note(each, where, f"expected at, and one of {', '.join(STEPS)}.")
                continue
            if "at" in table:
                at = base + self._reader.seconds(table["at"], f"{where}.at")
            for step in self._step(acts[0], table[acts[0]], f"{where}.{acts[0]}", at):
                self.found.append(step)

    def _step(self, act: str, node: Node, path: str, at: float) -> Iterator[Step]:
        needs, may = STEPS[act]
        where = f"{self._reader.name}:{node.start_mark.line + 1}"
        if act in ("plug", "unplug"):
            yield Step(at=at, act=act, device=self._device(node, path), where=where)
            return
        table = self._reader.table(node, path, needs=needs, may=may)
        if not set(needs) <= set(table):
            return
        if act == "repeat":
            self._repeat(table, path, at)
            return
        step = Step(
            at=at,
            act=act,
            device=self._device(table["device"], f"{path}.device"),
            where=where,
            code=self._code(act, table, path),
            antenna=self._reader.whole(table.get("antenna"), f"{path}.antenna", low=1, high=16, default=1),
            fault=self._fault(table, path),
            chance=self._reader.number(table.get("chance"), f"{path}.chance", low=0, high=1, default=1.0),
            counts=self._counts(table, path),
        )
        self._check(step, table, node, path)
        yield from self._with_end(step, table, path)

    def _repeat(self, table: Mapping[str, Node], path: str, at: float) -> None:
        times = self._reader.whole(table["times"], f"{path}.times", low=1, high=MOST_STEPS)
        every = self._reader.seconds(table["every"], f"{path}.every")
        mistakes = len(self._reader.mistakes)
        for number in range(times):
            self.take(table["steps"], f"{path}.steps", at + number * every)
            if len(self._reader.mistakes) > mistakes:
                # The same mistake would be told once for each repetition.
                return
            if len(self.found) > MOST_STEPS:
                self._reader.note(table["times"], f"{path}.times", f"these are more than {MOST_STEPS} steps in all.")
                return

    def _device(self, node: Node, path: str) -> str:
        return self._reader.choice(node, path, list(self._devices))

    def _code(self, act: str, table: Mapping[str, Node], path: str) -> str:
        key = {"scan": "code", "enter": "tag", "leave": "tag"}.get(act)
        if key is None:
            return ""
        text = self._reader.text(table[key], f"{path}.{key}")
        code = self._words[key].get(text, text)
        if key == "tag" and not _EPC.fullmatch(code):
            self._reader.note(
                table[key], f"{path}.{key}", f"expected a name from tags, or an EPC in hex, got {code!r}."
            )
        return code.replace("{GS}", "\x1d") if key == "code" else code.upper()

    def _counts(self, table: Mapping[str, Node], path: str) -> dict[str, int]:
        keys = [key for key in COUNTS if key in table]
        return {key: self._reader.whole(table[key], f"{path}.{key}", low=0, high=10**9) for key in keys}

    def _fault(self, table: Mapping[str, Node], path: str) -> Fault | None:
        if "kind" not in table:
            return None
        kinds = [str(fault) for fault in Fault if fault is not Fault.REBOOT]
        word = self._reader.choice(table["kind"], f"{path}.kind", kinds)
        return Fault(word) if word in kinds else None

    def _check(self, step: Step, table: Mapping[str, Node], node: Node, path: str) -> None:
        device = self._devices.get(step.device)
        if device is None or device.kind not in KINDS:
            return
        shows_codes = device.kind in SHOWS_CODES
        if (step.act == "scan") > shows_codes or (step.act in ("enter", "leave") and shows_codes):
            sees = "codes: use scan" if shows_codes else "tags: use enter and leave"
            self._reader.note(node, path, f"{device.name} is a {device.kind} and reads {sees}.")
        if step.act == "scan" and (mistake := cannot_show(device, step.code)):
            self._reader.note(table["code"], f"{path}.code", mistake)
        if step.antenna > device.antennas:
            self._reader.note(table["antenna"], f"{path}.antenna", f"{device.name} has {device.antennas}.")
        if (
            step.act == "fault"
            and step.fault is not None
            and (step.chance == 0 or (step.fault in LASTING and step.chance < 1))
        ):
            self._reader.note(
                table["chance"], f"{path}.chance", "expected more than 0; wrong-baud and clock-2000 take none."
            )
        if step.act == "assert-counts" and not step.counts:
            self._reader.note(node, path, f"expected at least one of {', '.join(COUNTS)}.")

    def _with_end(self, step: Step, table: Mapping[str, Node], path: str) -> Iterator[Step]:
        """The step, and what ends it where it says how long it lasts."""
        if step.act == "reboot":
            away = self._reader.seconds(table.get("seconds"), f"{path}.seconds", default=1.0)
            for act, at in (("unplug", step.at), ("plug", step.at + away)):
                yield Step(at=at, act=act, device=step.device, where=step.where)
            return
        yield step
        if "for" in table:
            end = {"enter": "leave", "fault": "heal"}[step.act]
            at = step.at + self._reader.seconds(table["for"], f"{path}.for")
            yield Step(at=at, act=end, device=step.device, where=step.where, code=step.code, fault=step.fault)
