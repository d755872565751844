"""Where and when a page is made: what every judgement of time needs."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Here:
    """The site's zone and the present moment."""

    zone: ZoneInfo
    now: datetime

    @property
    def today(self) -> date:
        """The day at the site."""
        return self.now.astimezone(self.zone).date()
