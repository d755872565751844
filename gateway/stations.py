"""Where a sighting happened: reader and antenna become the key of a read point, and the sighting an event."""

import base64
from collections.abc import Iterable
from dataclasses import replace

from gateway.config import DeviceTable
from gateway.protocols.reads import CodeRead, TagRead
from gateway.smoothing import Sighting
from orderlight.events import Event, EventKind, storable

#: Limit of the wire for names; a made-up key keeps within it.
_MAX_NAME = 64


class Stations:
    """Knows each device's read points from gateway.toml. Pure: no I/O, no clock."""

    def __init__(self, devices: Iterable[DeviceTable]) -> None:
        self._read_points: dict[str, str | None] = {}
        self._antennas: dict[tuple[str, int], str] = {}
        self.adopt(devices)

    def adopt(self, devices: Iterable[DeviceTable]) -> None:
        """Place the reads of these devices so from now on; a device that is gone keeps its place for its last reads."""
        tables = {device.name: device for device in devices}
        self._read_points |= {name: table.read_point for name, table in tables.items()}
        kept = {key: point for key, point in self._antennas.items() if key[0] not in tables}
        self._antennas = kept | {
            (name, number): point for name, table in tables.items() for number, point in table.antennas.items()
        }

    def zone_of(self, reader: str, antenna: int | None) -> str:
        """The read point's key. An antenna without one gets a key that names it: the server keeps its events
        in the inbox under that key, so that a person can give it a meaning."""
        if antenna is not None and (point := self._antennas.get((reader, antenna))):
            return point
        if point := self._read_points.get(reader):
            return point
        return (reader if antenna is None else f"{reader}:{antenna}")[:_MAX_NAME]

    def place(self, sighting: Sighting, *, clock_suspect: bool | None = None) -> Event:
        """The event of a sighting; its sequence is 0 until the outbox numbers it."""
        event = Event(
            sequence=0,
            kind=EventKind(sighting.kind),
            observed_at=sighting.observed_at,
            read_point=sighting.zone,
            reader=sighting.reading.reader,
            keys=sighting.reading.keys,
            clock_suspect=clock_suspect,
        )
        read = sighting.reading.read
        if isinstance(read, TagRead):
            return _with_tag(event, sighting, read)
        return _with_code(event, sighting, read)


def _with_code(event: Event, sighting: Sighting, read: CodeRead) -> Event:
    text = sighting.reading.code or ""
    code = storable(text)
    raw = sighting.reading.raw
    if raw is None and code != text:
        # NUL cannot be kept as text everywhere, so the bytes travel beside the visible escape.
        raw = base64.b64encode(read.raw).decode("ascii")
    told = {"fault": read.fault, "picture": read.picture}
    extra = {name: value for name, value in told.items() if value}
    return replace(event, code=code[:4096] or None, raw=raw, repeat_of=sighting.repeat_of, extra=extra)


def _with_tag(event: Event, sighting: Sighting, read: TagRead) -> Event:
    return replace(
        event,
        epc=sighting.reading.epc,
        antenna=sighting.antenna,
        rssi_dbm=sighting.rssi_dbm,
        reads=sighting.reads,
        first_seen_at=sighting.first_seen_at,
        reader_time=read.reader_time,
        extra={"direction": sighting.direction} if sighting.direction else {},
    )
