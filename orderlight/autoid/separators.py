"""Scanners that do not send FNC1 as GS: they send a sign in its place, or nothing.

>>> with_separators("10LOT7{GS}21SER42")
('10LOT7\\x1d21SER42', '{GS}')
>>> [found.brackets() for found in put_back("010950600013435210LOT721SER42")]
['(01)09506000134352(10)LOT7(21)SER42', '(01)09506000134352(10)LOT721SER42']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from orderlight.autoid.application_identifiers import AI_LENGTHS, AIS, ApplicationIdentifier
from orderlight.autoid.combinations import conflicts
from orderlight.autoid.elements import GS, Elements

#: What scanners send in the place of GS. No value of GS1 may hold these signs, so nothing else can be meant
#: (GS1 General Specifications 7.11).
_STAND_IN: Final = re.compile("\\{GS\\}|\\{FNC1\\}|[|~^\u241d]")
#: Longer data is not searched for dropped separators, and no more ways and readings are looked at.
_LONGEST, _MOST_WAYS, _MOST_READINGS = 200, 200, 8
#: AIs of labels of goods, pieces and pallets.
_USUAL: Final = frozenset(["00", "01", "02", "10", "11", "13", "15", "17", "20", "21", "30", "37", "240", "241", "400"])


def with_separators(data: str) -> tuple[str, str] | None:
    """The data with GS in the place of its one kind of stand-in, and that sign; None when it has none, or GS too."""
    found = _STAND_IN.search(data)
    if found is None or GS in data:
        return None
    replaced = data.replace(found[0], GS)
    return None if _STAND_IN.search(replaced) else (replaced, found[0])


def put_back(data: str) -> tuple[Elements, ...]:
    """Every way of reading data whose separators were dropped: all values sound, no AI twice, none that conflict.

    First come those of AIs that a factory prints every day, and of them those with the most values.
    """
    if len(data) > _LONGEST or GS in data:
        return ()
    ways = [way for way in islice(_ways(data, 0, set()), _MOST_WAYS) if _goes_together(way)]
    ways.sort(key=lambda way: (sum([ai not in _USUAL for ai, _ in way]), -len(way)))
    return tuple([Elements(way) for way in ways[:_MOST_READINGS]])


Way = tuple[tuple[str, str], ...]


def _goes_together(way: Way) -> bool:
    ais = tuple([ai for ai, _ in way])
    return len(set(ais)) == len(ais) and not any("may not" in sentence for sentence in conflicts(ais))


def _ways(data: str, position: int, dead: set[int]) -> Iterator[Way]:
    """The ways of reading what stands behind a position; positions that have none are remembered as dead."""
    if position == len(data):
        yield ()
        return
    ai = data[position : position + AI_LENGTHS.get(data[position : position + 2], 2)]
    entry = AIS.get(ai)
    is_dead = True
    start = position + len(ai)
    for stop in () if entry is None or position in dead else _stops(data, start, entry):
        if AIS[ai].flaw(data[start:stop]) is None:
            for rest in _ways(data, stop, dead):
                is_dead = False
                yield ((ai, data[start:stop]), *rest)
    if is_dead:
        dead.add(position)


def _stops(data: str, start: int, entry: ApplicationIdentifier) -> range:
    """Where a value may end."""
    if entry.predefined is not None:
        stop = start + entry.predefined
        return range(stop, stop + 1 if stop <= len(data) else stop)
    longest = sum([part.longest for part in entry.parts])
    return range(start + 1, min(start + longest, len(data)) + 1)
