"""The estimate of an order, redone by hand."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.erp.orders.prediction import Calendar, Work, estimate

OFFICE = Calendar.parse({"days": [0, 1, 2, 3, 4], "start": "08:00", "end": "16:00"}, "Europe/Berlin")
MONDAY_8 = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def work(order: int, step: int, minutes: float, *, units: int = 1, setup: float = 0, **more: object) -> Work:
    """An operation at the work center of its step: 10 is work center 1, 20 is 2."""
    fields: dict[str, object] = {
        "order_id": order,
        "rank": (order,),
        "step": step,
        "name": f"Step {step}",
        "work_center_id": step // 10,
        "work_center": f"center-{step // 10}",
        "remaining": units,
        "begun": False,
        "setup_minutes": Decimal(str(setup)),
        "run_minutes": Decimal(str(minutes)),
        "transfer_quantity": 1,
    }
    return Work(**{**fields, **more})  # type: ignore[arg-type]


def minutes_of(works: Sequence[Work], order: int, *, stations: dict[int, int] | None = None) -> Decimal:
    """Working minutes until the order is done."""
    return estimate(works, [order], stations=stations or {}, calendar=OFFICE, now=MONDAY_8)[order].working_minutes


# --- working hours ---


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-11-23T07:00Z", 0, "2026-11-23T07:00Z"),
        ("2026-11-23T07:00Z", 480, "2026-11-23T15:00Z"),
        ("2026-11-23T07:00Z", 481, "2026-11-24T07:01Z"),
        # Before the day begins, and on a Saturday, time does not run.
        ("2026-11-23T02:00Z", 30, "2026-11-23T07:30Z"),
        ("2026-11-28T12:00Z", 30, "2026-11-30T07:30Z"),
        ("2026-11-27T14:30Z", 60, "2026-11-30T07:30Z"),
        # After the clocks went forward, eight in the morning is six in UTC.
        ("2027-03-26T14:00Z", 90, "2027-03-29T06:30Z"),
    ],
)
def test_minutes_count_in_working_hours_alone(start: str, minutes: int, end: str) -> None:
    assert OFFICE.add(datetime.fromisoformat(start), Decimal(minutes)) == datetime.fromisoformat(end)


def test_a_night_on_which_the_clocks_change_has_its_true_length() -> None:
    nights = Calendar.parse({"days": [6], "start": "00:00", "end": "06:00"}, "Europe/Berlin")

    # On 28 March 2027 the clocks go from 2 to 3: five hours, so the sixth is worked a week later.
    end = nights.add(datetime(2027, 3, 27, 23, 0, tzinfo=UTC), Decimal(6 * 60))

    assert end == datetime(2027, 4, 3, 23, 0, tzinfo=UTC)


def test_beyond_ten_years_there_is_no_moment() -> None:
    assert OFFICE.add(MONDAY_8, Decimal(10) ** 9) is None
    assert OFFICE.add(MONDAY_8, Decimal(480 * 5 * 53 * 10)) is None


@pytest.mark.parametrize(
    "hours", [{"days": [], "start": "08:00", "end": "16:00"}, {"days": [1], "start": "16:00", "end": "08:00"}]
)
def test_hours_that_are_none_are_refused(hours: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="working hours"):
        Calendar.parse(hours, "UTC")


@given(st.integers(0, 10 * 366 * 1440), st.integers(0, 50_000), st.integers(0, 50_000))
def test_working_time_adds_up(offset: int, first: int, second: int) -> None:
    start = MONDAY_8 + timedelta(minutes=offset)
    halfway = OFFICE.add(start, Decimal(first))
    assert halfway is not None

    assert OFFICE.add(halfway, Decimal(second)) == OFFICE.add(start, Decimal(first + second))


# --- work and queue ---


def test_steps_follow_each_other_with_an_overlap_of_all_but_the_first_batch() -> None:
    # Four units of 10 minutes, then of 5: the last unit leaves the first step at 40 and takes 5 more.
    assert minutes_of([work(1, 10, 10, units=4), work(1, 20, 5, units=4)], 1) == 45


def test_a_slow_second_step_waits_for_its_first_batch_alone() -> None:
    assert minutes_of([work(1, 10, 1, units=4), work(1, 20, 10, units=4)], 1) == 41
    assert minutes_of([work(1, 10, 1, units=4, transfer_quantity=4), work(1, 20, 10, units=4)], 1) == 44


def test_set_up_counts_until_the_operation_has_begun() -> None:
    assert minutes_of([work(1, 10, 10, setup=15)], 1) == 25
    assert minutes_of([work(1, 10, 10, setup=15, begun=True)], 1) == 10


def test_what_stands_before_it_in_the_row_is_done_first() -> None:
    works = [work(1, 10, 30, units=2), work(2, 10, 10)]

    assert minutes_of(works, 2) == 70
    assert minutes_of(works, 1) == 60


def test_two_stations_share_the_queue_but_not_one_units_work() -> None:
    works = [work(1, 10, 30, units=2), work(2, 10, 10)]

    assert minutes_of(works, 2, stations={1: 2}) == 40


def test_priority_stands_before_age() -> None:
    urgent = work(2, 10, 10, rank=(0, 1))
    patient = work(1, 10, 60, rank=(0, 5))

    assert minutes_of([patient, urgent], 2) == 10
    assert minutes_of([patient, urgent], 1) == 70


def test_an_order_is_done_with_the_last_of_its_work_orders() -> None:
    works = [work(1, 10, 10, rank=(1, 1)), work(1, 20, 90, rank=(1, 2))]

    assert minutes_of(works, 1) == 90


def test_the_late_end_takes_a_third_more_and_an_hour_at_the_least() -> None:
    short = estimate([work(1, 10, 30)], [1], stations={}, calendar=OFFICE, now=MONDAY_8)[1]
    long = estimate([work(1, 10, 360)], [1], stations={}, calendar=OFFICE, now=MONDAY_8)[1]

    assert (short.late_at - short.at).total_seconds() == 3600
    assert (long.late_at - long.at).total_seconds() == 7200


def test_an_order_without_work_left_leaves_now() -> None:
    found = estimate([], [1], stations={}, calendar=OFFICE, now=MONDAY_8)[1]

    assert found.at == MONDAY_8
    assert found.parts == ()


def test_the_parts_say_what_the_estimate_is_worked_out_from() -> None:
    works = [work(1, 10, 30), work(2, 10, 10, units=3, setup=5)]

    shown = estimate(works, [2], stations={}, calendar=OFFICE, now=MONDAY_8)[2].as_json(internal=True)

    assert shown["label"] == "estimate"
    assert shown["parts"] == [
        {
            "step": 10,
            "name": "Step 10",
            "work_center": "center-1",
            "units": 3,
            "work_minutes": 35,
            "queue_minutes": 30,
        }
    ]
    assert date.fromisoformat(str(shown["at"])[:10]) == date(2026, 11, 23)


@given(st.lists(st.integers(0, 500), min_size=1, max_size=8), st.integers(1, 20))
def test_more_work_before_it_never_makes_an_order_earlier(queue: list[int], units: int) -> None:
    own = [work(99, 10, 3, units=units), work(99, 20, 2, units=units)]
    ahead = [work(number, 10, minutes) for number, minutes in enumerate(queue)]

    with_queue = minutes_of([*own, *ahead], 99)

    assert with_queue >= minutes_of(own, 99)
    assert with_queue >= minutes_of([*own, *ahead[:-1]], 99)
