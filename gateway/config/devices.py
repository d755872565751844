"""The [[device]] tables: what belongs to the gateway in them. The rest goes to the driver's own options."""

import json
from collections.abc import Mapping
from gettext import gettext as _
from typing import Any, Protocol

from gateway.config.values import DeviceTable
from orderlight.events import EventError, fields

_EXAMPLES = {"name": '"scanner-1"', "driver": '"serial_line"', "read_point": '"cut-1"'}


class Note(Protocol):
    """Records a mistake at a section, key and index among equal sections."""

    def __call__(self, section: str, key: str | None, sentence: str, index: int = 0) -> None: ...


class DeviceReader:
    """Reads device tables; mistakes go to `note`."""

    def __init__(self, note: Note, lines: Mapping[tuple[str, int, str | None], int]) -> None:
        self._note, self._lines = note, lines
        self._antennas_seen = 0

    def read(self, tables: object) -> tuple[DeviceTable, ...]:
        """The devices that have at least a name and a driver."""
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self._note("device", None, _("Write [[device]] in two brackets: there may be several."))
            return ()
        found = [self._device(index, table) for index, table in enumerate(tables)]
        return tuple(device for device in found if device is not None)

    def _device(self, index: int, table: Mapping[str, Any]) -> DeviceTable | None:
        name, driver = (self._device_text(index, table, key) for key in ("name", "driver"))
        read_point = self._device_text(index, table, "read_point") if "read_point" in table else None
        smoothing, passage = self._table(index, table, "smoothing"), self._table(index, table, "passage")
        antennas = self._antennas(index, table.get("antenna", []))
        if name is None or driver is None:
            return None
        line = self._lines.get(("device", index, None))
        return DeviceTable(name, driver, read_point, antennas, smoothing or {}, table, line, passage)

    def _table(self, index: int, table: Mapping[str, Any], key: str) -> dict[str, object] | None:
        found = table.get(key)
        if found is None or isinstance(found, dict):
            return found
        self._note("device", key, _("{key} must be a table: write [device.{key}].").format(key=key), index)
        return None

    def _device_text(self, index: int, table: Mapping[str, Any], key: str) -> str | None:
        try:
            return fields.text(key, table[key])
        except KeyError:
            sentence = _("{key} is missing. Add {key} = {example}.")
            self._note("device", None, sentence.format(key=key, example=_EXAMPLES[key]), index)
        except EventError as error:
            self._note("device", key, _("{error} Write {key} = {example}.").format(
                error=error, key=key, example=_EXAMPLES[key]), index)  # fmt: skip
        return None

    def _antennas(self, index: int, tables: object) -> Mapping[int, str]:
        found: dict[int, str] = {}
        for table in tables if isinstance(tables, list) else [tables]:
            # A [[device.antenna]] table has a line of its own, counted over all devices.
            own = ("device.antenna", self._antennas_seen, None)
            section, key, at = ("device.antenna", None, own[1]) if own in self._lines else ("device", "antenna", index)
            self._antennas_seen += 1
            number = table.get("number") if isinstance(table, dict) else None
            point = table.get("read_point") if isinstance(table, dict) else None
            if type(number) is not int or number < 0 or not isinstance(point, str) or not point:
                sentence = _('An antenna needs number = 1 and read_point = "gate-1"; got {got}.')
                self._note(section, key, sentence.format(got=_written(table)), at)
            elif number in found:
                self._note(section, key, _("Antenna {number} is there twice. Remove one.").format(
                    number=number), at)  # fmt: skip
            else:
                found[number] = point
        return found


def _written(table: object) -> str:
    """A small table about as gateway.toml writes it."""
    if not isinstance(table, dict):
        return json.dumps(table, default=str)
    return ", ".join(f"{key} = {json.dumps(value, default=str)}" for key, value in table.items()) or _("nothing")
