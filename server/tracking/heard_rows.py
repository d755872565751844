"""Which event it was, and how well a tag was heard in it."""

from datetime import datetime
from typing import NamedTuple


class Identity(NamedTuple):
    """Gateway, epoch and sequence: an event and no other."""

    gateway: str
    epoch: str
    sequence: int


class Strength(NamedTuple):
    """How well a tag was heard: the mean of its signal, and how many reads stand behind it; None where nobody says."""

    rssi_dbm: float | None
    reads: int | None


class Heard(NamedTuple):
    """The read of a tag that says where its unit is."""

    identity: Identity
    read_point: str
    observed_at: datetime
    strength: Strength
