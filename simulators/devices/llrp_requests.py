"""What a host asks of a simulated LLRP reader, taken apart by code of its own, so that a slip on either side shows."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class Inventory:
    """What ADD_ROSPEC asked for."""

    start: int = 0
    gpi: tuple[int, bool] | None = None
    antennas: tuple[int, ...] = (0,)
    power: int | None = None


def parameters(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Requests hold TLV parameters alone."""
    while body:
        kind, length = struct.unpack_from(">HH", body)
        if length < 4 or length > len(body):
            raise ValueError(f"Failed to read a parameter of {body.hex()}: expected 4 to {len(body)} bytes.")
        yield kind, body[4:length]
        body = body[length:]


def read_inventory(body: bytes) -> Inventory:
    """What an ADD_ROSPEC asks for."""
    ((kind, rospec),) = parameters(body)
    if kind != 177:
        raise ValueError(f"Failed to read an inventory: expected parameter 177, got {kind}.")
    found = Inventory()
    for kind, content in parameters(rospec[6:]):
        if kind == 178:
            _read_triggers(found, content)
        elif kind == 183:
            _read_antennas(found, content)
    return found


def _read_triggers(found: Inventory, content: bytes) -> None:
    triggers = dict(parameters(content))
    found.start = triggers[179][0]
    if found.start == 3:
        ((_kind, gpi),) = parameters(triggers[179][1:])
        port, level, _limit = struct.unpack(">HBI", gpi)
        found.gpi = (port, bool(level & 0x80))


def _read_antennas(found: Inventory, content: bytes) -> None:
    count = struct.unpack_from(">H", content)[0]
    found.antennas = struct.unpack_from(f">{count}H", content, 2)
    spec = dict(parameters(content[2 + 2 * count :]))[186]
    antenna = dict(parameters(spec[3:])).get(222)
    if antenna is not None:
        found.power = struct.unpack(">HHH", dict(parameters(antenna[2:]))[224])[2]
