"""What the events of a batch mention, told apart in one pass: nearly all of them name units, few anything else."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from server.ingest.reads import Item, read_of
from server.tracking.steps import Read


@dataclass(slots=True)
class Mentioned:
    """The reads of a batch, sorted by what they name."""

    reads: list[Read] = field(default_factory=list)
    #: Keys of read points.
    points: set[str] = field(default_factory=set)
    #: Identifier values of units.
    values: set[str] = field(default_factory=set)
    #: Reads that name something else than a unit, by the kind of what they name (server/tracking/naming.py).
    others: dict[str, list[Read]] = field(default_factory=dict)
    #: Reads that take an earlier event back.
    corrections: list[Read] = field(default_factory=list)

    def naming(self, kind: str) -> list[Read]:
        """The reads that name something of this kind; units are not kept so."""
        return self.others.get(kind, [])


def mentioned(items: Iterable[Item]) -> Mentioned:
    """What these events mention; what could not be read mentions nothing."""
    found = Mentioned(list(filter(None, map(read_of, items))))
    points, values = found.points, found.values
    for read in found.reads:
        # By place: a field by its name costs as much as all of these together.
        named, point, _, _, corrects = read[3:8]
        if point is not None:
            points.add(point)
        if named[0] == "unit":
            values.update(named[1])
        else:
            found.others.setdefault(named[0], []).append(read)
            if named[0] == "command":
                # A word that was typed may be the code of a unit.
                values.update(named[1][1:])
        if corrects is not None:
            found.corrections.append(read)
    return found
