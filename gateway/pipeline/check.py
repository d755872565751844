"""Joins gateway.toml with what each driver knows of its options: every mistake of both at once."""

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from gettext import gettext as _
from pathlib import Path

from gateway.config import ConfigError, DeviceTable, Draft, GatewayConfig, LocalPageConfig, Mistake, survey
from gateway.config.near import near_match
from gateway.pipeline.surroundings import config_warnings, file_warning, port_warning
from gateway.protocols import Options, find_driver, known_drivers, parse_options
from gateway.protocols.options import OptionsError, paths_of
from gateway.smoothing import PassageOptions, SmoothingOptions
from gateway.vision import missing


@dataclass(frozen=True, slots=True)
class PlannedDevice:
    """One device with its options read."""

    table: DeviceTable
    options: Options
    smoothing: SmoothingOptions
    passage: PassageOptions | None = None

    @property
    def name(self) -> str:
        """The device's name."""
        return self.table.name


@dataclass(frozen=True, slots=True)
class Plan:
    """What the gateway will run."""

    config: GatewayConfig
    devices: tuple[PlannedDevice, ...]
    #: The file that it was read from.
    path: Path | None = None


def plan(path: Path | None, environ: Mapping[str, str] = os.environ) -> Plan:
    """Read everything; ConfigError with all mistakes. Warnings do not stop a gateway."""
    draft = survey(path, environ)
    devices, mistakes = _plan_devices(draft)
    mistakes = [*draft.mistakes, *mistakes]
    if draft.config is None or any(not mistake.warning for mistake in mistakes):
        raise ConfigError(mistakes)
    return Plan(draft.config, devices, draft.path)


def check(path: Path | None, environ: Mapping[str, str] = os.environ) -> list[Mistake]:
    """Every mistake and warning of gateway.toml, in the order of its lines."""
    draft = survey(path, environ)
    devices, mistakes = _plan_devices(draft)
    warnings = [warning for device in devices for warning in _warnings(device)]
    warnings += config_warnings(draft.config) if draft.config is not None else []
    if draft.config is not None and not draft.devices:
        sentence = _("There is no [[device]], so nothing will be read. Add one.")
        warnings.append(Mistake("gateway.toml", sentence, warning=True))
    found = [*draft.mistakes, *mistakes, *warnings]
    return sorted(found, key=lambda mistake: (mistake.line or 0, mistake.warning))


def _plan_devices(draft: Draft) -> tuple[tuple[PlannedDevice, ...], list[Mistake]]:
    tables, page = draft.devices, draft.config.local_page if draft.config is not None else None
    # Where there are tables, there is a file.
    mistakes, folder = _doubles(tables), draft.path.parent if draft.path is not None else Path()
    planned: list[PlannedDevice] = []
    for table in tables:
        sentences: list[str] = []
        options = _options(table, folder, sentences)
        smoothing, passage = _smoothing(table, sentences), _passage(table, sentences)
        if table.read_point is None and not table.antennas:
            sentences.append(_('read_point is missing. Add read_point = "cut-1", or [[device.antenna]] tables.'))
        mistakes.extend(Mistake(table.section, sentence, table.line) for sentence in sentences)
        if options is not None and smoothing is not None:
            planned.append(PlannedDevice(table, options, smoothing, passage))
    return tuple(planned), mistakes + _shared_ports(planned) + _shared_listeners(planned, page)


def _shared_ports(devices: Sequence[PlannedDevice]) -> list[Mistake]:
    """Two readers of one serial port steal each other's bytes, whatever names the port has."""
    owners: dict[str, str] = {}
    found: list[Mistake] = []
    for device in devices:
        port = getattr(device.options, "port", None)
        if not isinstance(port, str) or not port:
            continue
        owner = owners.setdefault(os.path.realpath(port), device.name)
        if owner != device.name:
            sentence = _("port {port} belongs to {owner} already. Each device needs its own port.")
            found.append(Mistake(device.table.section, sentence.format(port=port, owner=owner), device.table.line))
    return found


def _doubles(tables: Sequence[DeviceTable]) -> list[Mistake]:
    counts = Counter(table.name for table in tables)
    sentence = _("There are {count} devices of this name. Give each its own.")
    found = []
    for name, count in counts.items():
        if count > 1:
            table = [table for table in tables if table.name == name][1]
            found.append(Mistake(table.section, sentence.format(count=count), table.line))
    return found


def _options(table: DeviceTable, folder: Path, sentences: list[str]) -> Options | None:
    try:
        if find_driver(table.driver) is None:
            sentences.append(_unknown(table.driver, known_drivers()))
            return None
        return parse_options(table.driver, table.table, folder)
    except OptionsError as error:
        sentences.extend(error.mistakes)
        return None


def _unknown(driver: str, known: Collection[str]) -> str:
    near = near_match(driver, known)
    cure = _('Did you mean "{near}"?').format(near=near[0]) if near else ""
    sentence = _('driver "{driver}" is not known; there are {known}. {cure}')
    return sentence.format(driver=driver, known=", ".join(known), cure=cure).rstrip()


def _smoothing(table: DeviceTable, sentences: list[str]) -> SmoothingOptions | None:
    try:
        return SmoothingOptions.parse(table.smoothing)
    except OptionsError as error:
        sentences.extend(f"smoothing.{mistake}" for mistake in error.mistakes)
        return None


def _passage(table: DeviceTable, sentences: list[str]) -> PassageOptions | None:
    if table.passage is None:
        return None
    try:
        options = PassageOptions.parse(table.passage)
    except OptionsError as error:
        sentences.extend(f"passage.{mistake}" for mistake in error.mistakes)
        return None
    points = {table.read_point, *table.antennas.values()}
    sentence = _('passage.{key}: no antenna has the read point "{point}". Give it to the antennas of that side.')
    for key in ("side_a", "side_b"):
        point = getattr(options, key)
        if point and point not in points:
            sentences.append(sentence.format(key=key, point=point))
    return options


def _warnings(device: PlannedDevice) -> list[Mistake]:
    """What may be right later: a scanner that is not plugged in yet, libraries that are not installed yet."""
    absent = missing() if getattr(device.options, "needs_vision", False) else None
    port = getattr(device.options, "port", None)
    found = [absent, port_warning(port) if isinstance(port, str) and port else None]
    found += [file_warning(name, path) for name, path in paths_of(device.options).items() if name.endswith("_file")]
    return [Mistake(device.table.section, sentence, device.table.line, warning=True) for sentence in found if sentence]


def _shared_listeners(devices: Sequence[PlannedDevice], page: LocalPageConfig | None) -> list[Mistake]:
    """Two that listen at one port of this machine: the second would never hear a word."""
    owners = [(page.host, page.port, _("the local page"))] if page is not None else []
    found: list[Mistake] = []
    for device in devices:
        place = getattr(device.options, "listens_at", None)
        if place is None:
            continue
        owner = next((name for host, port, name in owners if port == place[1] and _meet(host, place[0])), None)
        if owner is not None:
            sentence = _("port {port} belongs to {owner} already. Each device needs its own port.")
            sentence = sentence.format(port=place[1], owner=owner)
            found.append(Mistake(device.table.section, sentence, device.table.line))
        owners.append((*place, device.name))
    return found


def _meet(one: str, other: str) -> bool:
    return one == other or bool({one, other} & {"", "0.0.0.0", "::"})
