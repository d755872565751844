"""Who worked how long: several people at a station, pauses, and pieces whose start nobody told."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from server.erp.orders.prediction import Calendar
from server.erp.production.operator_time import Deed, shares

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
ALL_DAY = Calendar(frozenset(range(7)), time(0), time(23, 59), ZoneInfo("UTC"))


def deed(kind: str, minute: int, *people: str, unit: int = 1) -> Deed:
    """A fact about a unit at step 10."""
    return Deed(f"operation_{kind}", 10, unit, AT + timedelta(minutes=minute), people)


def test_two_people_at_one_piece_both_have_its_time_and_a_pause_is_nobodys() -> None:
    told = [deed("started", 0, "a"), deed("paused", 5, "a"), deed("resumed", 10, "a"), deed("completed", 20, "a", "b")]

    found = shares(told, ALL_DAY)

    assert [(share.who, share.pieces, share.minutes) for share in found] == [
        ("a", 1, Decimal("15.00")), ("b", 1, Decimal("15.00")),
    ]  # fmt: skip


def test_pieces_side_by_side_count_their_time_once_and_without_a_start_there_is_none() -> None:
    told = [
        deed("started", 0, "a"), deed("started", 5, "a", unit=2), deed("completed", 10, "a"),
        deed("completed", 15, "a", unit=2), deed("completed", 16, "b", unit=3), deed("completed", 17, unit=4),
    ]  # fmt: skip

    found = shares(told, ALL_DAY)

    assert [(share.who, share.pieces, share.minutes) for share in found] == [("a", 2, Decimal("15.00")), ("b", 1, None)]
