"""The time axis of an order as numbers."""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.web.axis import Axis, Mark, _axis
from server.web.i18n import Formats

NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
FORMATS = Formats("en", ZoneInfo("Europe/Berlin"), NOW)


def axis(days: int, formats: Formats = FORMATS) -> Axis:
    due = NOW - timedelta(days=days - 14)
    return _axis(NOW - timedelta(days=days), (due.date(), due), (None, None), formats)


def named(drawn: Axis) -> list[Mark]:
    return [day for day in drawn.days if day.text]


@pytest.mark.parametrize("days", [1, 2, 5, 9, 10, 30, 84, 400])
def test_names_of_days_do_not_meet_whatever_the_span(days: int) -> None:
    found = named(axis(days))

    assert found
    # A name takes up to eight percent of the narrowest picture that shows them all
    assert all(day.anchor == "start" and day.at <= 91 for day in found)
    assert all(later.at - earlier.at >= 8 for earlier, later in itertools.pairwise(found))
    assert len(axis(days).days) <= 9


def test_a_day_begins_at_midnight_of_the_site_also_where_the_clock_changes() -> None:
    # Given the night to 25 October 2026, in which Berlin has an hour twice
    now = datetime(2026, 10, 26, 12, 0, tzinfo=UTC)
    formats = replace(FORMATS, now=now)

    begin, end = now - timedelta(days=3), now
    drawn = _axis(begin, (date(2026, 10, 25), end), (None, None), formats)

    width = (drawn.days[1].at - drawn.days[0].at) / 24
    assert drawn.days[2].at - drawn.days[1].at == pytest.approx(25 * width, rel=0.01)
