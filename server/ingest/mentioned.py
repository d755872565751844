"""What the events of a batch mention, told apart in one pass: nearly all of them name units, few anything else."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter

from server.ingest.reads import Item, read_of
from server.tracking.steps import Read

_named_of = itemgetter(Read._fields.index("named"))
_point_of = itemgetter(Read._fields.index("read_point"))
_corrects_of = itemgetter(Read._fields.index("corrects"))


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
    reads = list(filter(None, map(read_of, items)))
    found = Mentioned(reads, corrections=list(filter(_corrects_of, reads)))
    found.points.update(filter(None, map(_point_of, reads)))
    units = [named[1] for named in map(_named_of, reads) if named[0] == "unit"]
    found.values.update(*units)
    if len(units) < len(reads):
        for read in reads:
            kind = read.named.kind
            if kind != "unit":
                found.others.setdefault(kind, []).append(read)
            if kind == "command":
                # A word that was typed may be the code of a unit.
                found.values.update(read.named.values[1:])
    return found
