"""The command card that waits for what is scanned next. Pure."""

from typing import Final

from server.tracking.steps import ARMED_SECONDS, Read
from server.tracking.world import Station, World

#: Two scanners of one station may be told by two gateways, whose clocks differ by so many seconds at most.
CLOCK_SLACK: Final = 5


def armed_command(read: Read, world: World, station: Station) -> str | None:
    """The command card that waits for this unit, if its minute is not over."""
    # A tag that drifts past an antenna of the station is nobody's answer to a card.
    context = world.contexts.get(station.id) if not read.named.tag else None
    if context is None or context.armed_command is None or context.armed_until is None:
        return None
    left = (context.armed_until - read.observed_at).total_seconds()
    # A read from before the card was shown comes late; it is no answer to it.
    return context.armed_command if 0 <= left <= ARMED_SECONDS + CLOCK_SLACK else None
