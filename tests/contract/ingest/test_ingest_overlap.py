"""One tag heard by two gateways in the same seconds: it is at one place, and both reads are kept."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from gateway.protocols.reads import TagRead
from gateway.smoothing import Sighting, Smoother, SmoothingOptions
from server.ingest.rebuild import rebuild
from simulators.radio import RadioField, RadioSettings

A = "U-1000"
LOUD, FAINT = {"rssi_dbm": -50.0, "reads": 3}, {"rssi_dbm": -66.0, "reads": 3}


@pytest.fixture
def doors(plant: Any) -> Any:
    """The plant with two gates whose antennas hear one another's tags; a unit is due at the first one."""
    overlapping(plant)
    return plant


def overlapping(plant: Any) -> None:
    """A gate at weld, and one at the dock beside it."""
    plant.change(
        "INSERT INTO read_point (id, key, name, station_id, context, quiet_seconds, overlap_group, overlap_seconds, "
        "active, row_version) SELECT 900, 'ship-gate', 'Dock', id, 'gate', 0, 'doors', 5, true, 1 "
        "FROM station WHERE key = 'ship'"
    )
    plant.change("UPDATE read_point SET overlap_group = 'doors' WHERE key = 'weld-gate'")


def epcs(plant: Any) -> list[str]:
    """The tags of all units."""
    found = plant.sql("SELECT value FROM identifier WHERE scheme = 'epc' ORDER BY unit_id")
    return [row[0].removeprefix("epc:") for row in found]


def at(plant: Any, unit: str = A) -> str | None:
    """The read point that the unit is at."""
    return plant.unit(unit).last_read_point


def test_the_fainter_read_is_kept_and_moves_nothing(doors: Any, tools: Any) -> None:
    epc = epcs(doors)[0]
    doors.through(A, "cut-end")
    first = doors.tag(epc, "weld-gate", **LOUD)

    second = doors.tag(epc, "ship-gate", **FAINT)

    assert first.action == "operation_completed"
    assert (second.status, second.action, second.signal) == ("applied", "unit_overheard", "ok")
    assert second.say == (
        "U-1000 is at Weld, where its tag is heard louder: -50.0 dBm against -66.0 dBm here. "
        "This read is kept, and moves nothing."
    )
    assert at(doors) == "weld-gate"
    assert doors.facts()[-2:] == [("operation_completed", A), ("unit_overheard", A)]
    # The neighbour's screen is not filled with what passes here.
    assert doors.sql("SELECT count(*) FROM station_state s JOIN station t ON t.id = s.station_id WHERE t.key = 'ship'")[
        0
    ] == (0,)


@pytest.mark.parametrize("together", [True, False])
def test_the_louder_read_takes_back_what_the_neighbour_did(doors: Any, *, together: bool) -> None:
    epc = epcs(doors)[0]
    doors.through(A, "cut-end")
    events = [
        doors.event(None, "weld-gate", kind="tag_arrived", epc=epc, **FAINT),
        doors.event(None, "ship-gate", kind="tag_arrived", epc=epc, **LOUD),
    ]

    answers = doors.send(*events).results if together else [doors.send(event).results[0] for event in events]

    assert [answer.action for answer in answers] == ["operation_completed", "unit_seen"]
    assert answers[1].say == (
        "U-1000 seen at Ship. The read at Weld a moment before was of a neighbour and is taken back."
    )
    assert (at(doors), doors.operation(A, 20).good, doors.unit(A).state) == ("ship-gate", 0, "queued")
    assert doors.facts()[-3:] == [("operation_completed", A), ("reversed", A), ("unit_seen", A)]
    assert doors.station("weld").verdicts[0]["undone"] is True
    assert doors.database.write(rebuild).differences == ()


def test_a_sighting_gives_way_as_well_and_no_door_takes_the_tag_to_and_fro(doors: Any) -> None:
    epc = epcs(doors)[0]
    doors.tag(epc, "weld-gate", rssi_dbm=-60.0, reads=2)
    won = doors.tag(epc, "ship-gate", rssi_dbm=-53.0, reads=2)

    back = [doors.tag(epc, "weld-gate", rssi_dbm=dbm, reads=2).action for dbm in (-52.0, -49.0, -48.0)]

    assert won.action == "unit_seen"
    assert back == ["unit_overheard"] * 3
    assert at(doors) == "ship-gate"
    kinds = [kind for kind, _ in doors.facts()]
    assert kinds == ["unit_seen", "reversed", "unit_seen", *["unit_overheard"] * 3]


def test_after_the_window_a_tag_has_simply_gone_to_the_other_door(doors: Any) -> None:
    epc = epcs(doors)[0]
    doors.tag(epc, "weld-gate", **LOUD)
    doors.wait(5)

    assert doors.tag(epc, "ship-gate", **FAINT).action == "unit_seen"
    assert at(doors) == "ship-gate"


def test_a_louder_read_from_before_counts_though_it_comes_late(doors: Any) -> None:
    epc = epcs(doors)[0]
    doors.tag(epc, "weld-gate", **FAINT)
    earlier = (doors.now - timedelta(seconds=2)).isoformat()

    assert doors.tag(epc, "ship-gate", observed_at=earlier, **LOUD).action == "unit_seen"
    assert at(doors) == "ship-gate"
    assert doors.database.write(rebuild).differences == ()


def test_what_has_moved_on_stays(doors: Any) -> None:
    epc = epcs(doors)[0]
    doors.through(A, "cut-end")
    doors.tag(epc, "weld-gate", **FAINT)
    doors.change("UPDATE unit SET last_fact_id = 1 WHERE number = 'U-1000'")

    assert doors.tag(epc, "ship-gate", **LOUD).action == "unit_overheard"


def told_by(antenna: int, smoother: Smoother, field: RadioField, doors: Any) -> list[dict[str, Any]]:
    """What the gateway of one door tells of three seconds before it."""
    sightings: list[Sighting | None] = []
    for round_ in range(30):
        for seen in field.round(round_ / 10):
            if seen.antenna == antenna:
                read = TagRead("door", seen.epc, antenna, seen.rssi_dbm)
                sightings.append(smoother.observe(read, round_ / 10, doors.now))
    return [
        {"epc": sighting.reading.epc, "rssi_dbm": sighting.rssi_dbm, "reads": sighting.reads}
        for sighting in sightings
        if sighting is not None
    ]


def test_two_gateways_side_by_side_agree_on_where_every_tag_is(sqlite_plant: Any) -> None:
    overlapping(sqlite_plant)
    tags = epcs(sqlite_plant)[:6]
    told: list[tuple[str, Sequence[dict[str, Any]]]] = []
    for antenna, point in ((2, "ship-gate"), (1, "weld-gate")):
        field = RadioField(RadioSettings(antennas=2, cross_probability=0.9), seed=7)
        for place, epc in enumerate(tags):
            field.enter(epc, antenna=1 + place % 2, now=0.0, dwell=60.0)
        smoother = Smoother({"door": SmoothingOptions()}, lambda _reader, _antenna, point=point: point)
        told.append((point, told_by(antenna, smoother, field, sqlite_plant)))
    # Every tag was heard by both; the wrong door speaks first for three of them.
    assert [len(events) for _, events in told] == [6, 6]
    moment = sqlite_plant.now.isoformat()

    for gateway, (point, events) in enumerate(told):
        sqlite_plant.gateway, sqlite_plant.sequence = f"gw-{gateway}", 0
        sqlite_plant.send(
            *(
                sqlite_plant.event(None, point, kind="tag_arrived", **event) | {"observed_at": moment}
                for event in events
            )
        )

    where = [row[0] for row in sqlite_plant.sql("SELECT last_read_point FROM unit ORDER BY id LIMIT 6")]
    assert where == ["weld-gate", "ship-gate"] * 3
