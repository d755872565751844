"""Which antenna of a door heard a tag best, over one whole passage. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.protocols.reads import TagRead


@dataclass(slots=True)
class Antenna:
    """What one antenna heard of one tag in one passage."""

    zone: str
    antenna: int | None
    heard_at: float = 0.0
    reads: int = 0
    _sum: float = 0.0
    _samples: int = 0

    def note(self, read: TagRead, now: float) -> None:
        """One more report; a reader may count several reads in it."""
        self.heard_at = now
        self.reads += read.count
        if read.rssi_dbm is not None:
            self._sum += read.rssi_dbm * read.count
            self._samples += read.count

    @property
    def rssi_dbm(self) -> float | None:
        """Mean signal strength of the passage in dBm, rounded to tenths; None where the reader tells none."""
        return round(self._sum / self._samples, 1) if self._samples else None


def strongest(antennas: Iterable[Antenna], min_reads: int) -> Antenna:
    """The antenna whose mean is loudest; where none tells its strength, the one that read most, and then the last.

    An antenna with fewer reads than a tag needs to count as there says nothing while another one has enough: one
    loud reflection is no place.
    """
    known = list(antennas)
    sure = [antenna for antenna in known if antenna.reads >= min_reads] or known
    return max(sure, key=_loudness)


def _loudness(antenna: Antenna) -> tuple[float, int, float]:
    loud = antenna.rssi_dbm
    return (float("-inf") if loud is None else loud, antenna.reads, antenna.heard_at)
