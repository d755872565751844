"""What the gateway still owes to the server: on disk first, gone only when the server names it.

`Outbox.open` gives the one door; everything else in this package serves it. One process owns a data
directory, one thread writes in it, and an event is never reported as stored before its commit is on disk.
"""

from gateway.outbox.faults import OutboxBroken, OutboxError, OutboxFull, OutboxInUse
from gateway.outbox.outbox import Outbox
from gateway.outbox.quota import Quota
from gateway.outbox.records import Alarm, OutboxFigures, Parcel, SetAside, Shed
from gateway.outbox.ticket import Ticket

__all__ = [
    "Alarm",
    "Outbox",
    "OutboxBroken",
    "OutboxError",
    "OutboxFigures",
    "OutboxFull",
    "OutboxInUse",
    "Parcel",
    "Quota",
    "SetAside",
    "Shed",
    "Ticket",
]
