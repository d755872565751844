"""Smoothing with a clock in hand: repeats, arrivals, moves and departures."""

import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.protocols.options import OptionsError
from gateway.protocols.reads import CodeRead, TagRead
from gateway.smoothing import Sighting, Smoother, SmoothingOptions
from gateway.smoothing.scans import MAX_SCANS

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
EPC = "3074257BF7194E4000001A85"


class Hall:
    """A smoother, its clock and a gate reader whose antennas 1 and 2 are the gate, 3 the dock."""

    def __init__(self, *, max_tags: int = 100, **table: object) -> None:
        options = SmoothingOptions.parse(table)
        self.smoother = Smoother({"scanner-1": options, "gate-1": options}, self._zone, max_tags=max_tags)
        self.now = 1000.0

    @staticmethod
    def _zone(reader: str, antenna: int | None) -> str:
        return {None: reader, 1: "gate", 2: "gate", 3: "dock"}[antenna]

    @property
    def at(self) -> datetime:
        return START + timedelta(seconds=self.now - 1000)

    def wait(self, seconds: float) -> "Hall":
        self.now += seconds
        return self

    def scan(self, text: str = "OLU00113", reader: str = "scanner-1") -> Sighting | None:
        return self.smoother.observe(CodeRead(reader, text.encode()), self.now, self.at)

    def stored(self, sighting: Sighting, sequence: int) -> None:
        read = sighting.reading.read
        assert isinstance(read, CodeRead)
        self.smoother.stored(read, sequence)

    def tag(self, antenna: int = 1, rssi: float | None = -60.0, *, epc: str = EPC, count: int = 1) -> Sighting | None:
        read = TagRead("gate-1", epc, antenna, rssi, count=count)
        return self.smoother.observe(read, self.now, self.at)

    def sweep(self) -> list[Sighting]:
        return self.smoother.sweep(self.now, self.at)

    def arrive(self, antenna: int = 1, rssi: float | None = -60.0, *, epc: str = EPC) -> Sighting:
        assert self.tag(antenna, rssi, epc=epc) is None
        sighting = self.wait(0.1).tag(antenna, rssi, epc=epc)
        assert sighting is not None
        return sighting


class TestScans:
    def test_a_scan_is_a_sighting_at_its_scanners_zone(self) -> None:
        hall = Hall()

        sighting = hall.scan()

        assert sighting is not None
        assert (sighting.kind, sighting.zone, sighting.observed_at) == ("code_scanned", "scanner-1", START)
        assert sighting.repeat_of is None

    def test_the_same_code_within_the_window_is_dropped_and_counted(self) -> None:
        hall = Hall()
        hall.scan()

        assert hall.wait(0.9).scan() is None
        assert hall.smoother.counts["repeats"] == 1

    def test_the_same_code_after_the_window_is_a_new_scan(self) -> None:
        hall = Hall()
        hall.scan()

        assert hall.wait(1.0).scan() is not None

    def test_a_label_left_before_the_scanner_is_one_scan(self) -> None:
        hall = Hall()

        seen = [hall.wait(0.4).scan() for _ in range(20)]

        assert sum(sighting is not None for sighting in seen) == 1

    def test_another_code_and_another_scanner_are_no_repeats(self) -> None:
        hall = Hall()

        assert hall.scan("A")
        assert hall.scan("B")
        assert hall.scan("A", "gate-1")

    def test_kept_repeats_name_the_event_they_repeat(self) -> None:
        hall = Hall(repeat="keep")
        first = hall.scan()
        assert first is not None
        hall.stored(first, 1204)

        second, third = hall.wait(0.5).scan(), hall.wait(0.5).scan()

        assert second is not None
        assert third is not None
        hall.stored(second, 1205)
        assert (first.repeat_of, second.repeat_of, third.repeat_of) == (None, 1204, 1204)

    def test_after_the_window_a_kept_code_starts_a_new_row(self) -> None:
        hall = Hall(repeat="keep")
        first = hall.scan()
        assert first is not None
        hall.stored(first, 1204)

        second = hall.wait(2.0).scan()

        assert second is not None
        assert second.repeat_of is None

    def test_a_kept_scan_after_the_window_names_no_event_of_before(self) -> None:
        hall = Hall(repeat="keep")
        first = hall.scan()
        assert first is not None
        hall.stored(first, 1204)

        again = hall.wait(2.0).scan()

        assert again is not None
        assert again.repeat_of is None

    def test_a_flood_at_one_scanner_makes_no_repeat_of_another_a_scan(self) -> None:
        hall = Hall()
        hall.scan("A", "gate-1")

        for number in range(MAX_SCANS + 100):
            hall.scan(f"CODE-{number}")

        assert len(hall.smoother._repeats) == MAX_SCANS
        assert hall.scan("A", "gate-1") is None
        assert hall.scan(f"CODE-{MAX_SCANS + 99}") is None
        assert hall.scan("CODE-0") is not None

    def test_old_scans_are_forgotten(self) -> None:
        hall = Hall()
        for number in range(100):
            hall.scan(f"CODE-{number}")

        hall.wait(5.0).scan("LAST")

        assert len(hall.smoother._repeats) == 1


class TestArrival:
    def test_one_read_is_not_yet_an_arrival(self) -> None:
        assert Hall().tag() is None

    def test_two_reads_within_the_window_are(self) -> None:
        hall = Hall()
        hall.tag(1, -60.0)

        sighting = hall.wait(0.4).tag(2, -50.0)

        assert sighting is not None
        assert (sighting.kind, sighting.zone, sighting.antenna) == ("tag_arrived", "gate", 2)
        assert (sighting.reads, sighting.rssi_dbm, sighting.first_seen_at) == (2, -55.0, START)

    def test_two_reads_too_far_apart_are_not(self) -> None:
        hall = Hall()
        hall.tag()

        assert hall.wait(0.6).tag() is None
        assert hall.wait(0.4).tag() is not None

    def test_a_reader_that_counts_reads_itself_is_believed(self) -> None:
        assert Hall().tag(count=2) is not None

    def test_one_read_suffices_where_the_options_say_so(self) -> None:
        assert Hall(min_reads=1).tag() is not None

    def test_a_present_tag_arrives_once(self) -> None:
        hall = Hall()
        hall.arrive()

        assert [hall.wait(0.1).tag() for _ in range(50)] == [None] * 50
        assert hall.smoother.present == 1

    def test_weak_reads_do_not_count(self) -> None:
        hall = Hall(rssi_min_dbm=-65.0)

        assert [hall.tag(1, -66.0) for _ in range(5)] == [None] * 5
        assert hall.smoother.counts["weak"] == 5

    def test_only_wanted_tags_count(self) -> None:
        hall = Hall(epc_include=["30"], epc_exclude=["3034"], min_reads=1)

        assert hall.tag(epc="E280") is None
        assert hall.tag(epc="3034AA") is None
        assert hall.tag(epc="3074AA") is not None
        assert hall.smoother.counts["filtered"] == 2


class TestMoving:
    def test_antennas_of_one_read_point_are_one_zone(self) -> None:
        hall = Hall()
        hall.arrive(1)

        assert [hall.wait(0.1).tag(2, -30.0) for _ in range(10)] == [None] * 10

    def test_a_clearly_louder_zone_takes_the_tag(self) -> None:
        hall = Hall()
        hall.arrive(1, -60.0)

        moved = [hall.wait(0.05).tag(3, -50.0) for _ in range(2)][-1]

        assert moved is not None
        assert (moved.kind, moved.zone, moved.previous_zone, moved.reads) == ("tag_moved", "dock", "gate", 2)

    def test_a_slightly_louder_neighbour_does_not(self) -> None:
        hall = Hall()
        hall.arrive(1, -60.0)

        seen = [hall.wait(0.05).tag(antenna, -60.0 + 5 * (antenna == 3)) for _ in range(20) for antenna in (1, 3)]

        assert seen == [None] * 40

    def test_the_longer_the_old_zone_is_silent_the_less_it_takes(self) -> None:
        hall = Hall()
        hall.arrive(1, -60.0)
        hall.wait(0.9).tag(3, -57.0)

        # After 1.0 s of silence, half a second past the hold-off, 6 - 8 * 0.5 = 2 dB are enough.
        moved = hall.wait(0.1).tag(3, -57.0)

        assert moved is not None
        assert moved.kind == "tag_moved"

    def test_one_loud_read_elsewhere_is_not_a_move(self) -> None:
        hall = Hall()
        hall.arrive(1, -60.0)

        assert hall.wait(0.1).tag(3, -30.0) is None

    def test_without_signal_strength_a_tag_moves_when_its_old_zone_falls_silent(self) -> None:
        hall = Hall()
        hall.arrive(1, None)

        early = [hall.wait(0.1).tag(3, None) for _ in range(8)]
        late = [hall.wait(0.1).tag(3, None) for _ in range(8)]

        assert early == [None] * 8
        assert [sighting.kind for sighting in late if sighting] == ["tag_moved"]

    def test_a_tag_between_two_zones_does_not_flutter(self) -> None:
        hall = Hall()
        hall.arrive(1, -60.0)

        seen = [hall.wait(0.05).tag(3 if step % 2 else 1, -60.0 + step % 5) for step in range(400)]

        assert sum(sighting is not None for sighting in seen) == 0

    def test_it_may_move_back(self) -> None:
        hall = Hall()
        hall.arrive(1, -60.0)
        hall.tag(3, -50.0)
        hall.wait(0.1).tag(3, -50.0)

        back = [hall.wait(0.1).tag(1, -40.0) for _ in range(2)][-1]

        assert back is not None
        assert (back.kind, back.zone, back.previous_zone) == ("tag_moved", "gate", "dock")


class TestDeparture:
    def test_a_tag_unread_for_long_has_left(self) -> None:
        hall = Hall(departed_after=10.0)
        hall.arrive()

        assert hall.wait(9.9).sweep() == []
        (left,) = hall.wait(0.2).sweep()

        assert (left.kind, left.zone, left.reads) == ("tag_left", "gate", 2)
        assert left.first_seen_at == START
        assert left.last_seen_at == START + timedelta(seconds=0.1)
        assert left.observed_at == hall.at
        assert hall.sweep() == []
        assert hall.smoother.present == 0

    def test_a_tag_that_is_read_stays(self) -> None:
        hall = Hall(departed_after=10.0)
        hall.arrive()

        for _ in range(20):
            hall.wait(5.0).tag()
            assert hall.sweep() == []

    def test_a_tag_that_left_arrives_anew(self) -> None:
        hall = Hall(departed_after=10.0)
        hall.arrive()
        hall.wait(20.0).sweep()

        assert hall.arrive().kind == "tag_arrived"

    def test_a_passer_by_never_left_since_it_never_arrived(self) -> None:
        hall = Hall(departed_after=10.0)
        hall.tag()

        assert hall.wait(20.0).sweep() == []
        assert hall.smoother._unsure == {}


class TestMemory:
    def test_a_tag_that_stays_takes_less_than_a_kilobyte(self) -> None:
        hall, tags = Hall(max_tags=500), 500
        epcs = [f"3074257BF7194E40{number:08X}" for number in range(tags)]
        tracemalloc.start()
        try:
            for _read in range(30):
                for epc in epcs:
                    hall.wait(0.0001).smoother.observe(TagRead("gate-1", epc, 1, -60.0), hall.now, hall.at)
            held, _most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert hall.smoother.present == tags
        assert held / tags < 1000

    def test_passers_by_go_first(self) -> None:
        hall = Hall(max_tags=10)
        hall.arrive()
        for number in range(1000):
            hall.tag(epc=f"30{number:06X}")

        assert hall.smoother.present == 1
        assert len(hall.smoother._unsure) == 9

    def test_a_present_tag_that_must_go_is_told_as_left(self) -> None:
        hall = Hall(max_tags=3, min_reads=1)
        for number in range(5):
            hall.wait(0.1).tag(epc=f"30{number:06X}")

        assert [left.reading.epc for left in hall.sweep()] == ["30000000", "30000001"]
        assert hall.smoother.present == 3
        assert hall.smoother.counts["evicted"] == 2


class TestOptions:
    def test_defaults_are_those_of_the_reference(self) -> None:
        options = SmoothingOptions.parse({})

        assert (options.repeat, options.repeat_seconds, options.min_reads, options.window_ms) == ("drop", 1.0, 2, 500)
        assert options == replace(options)

    def test_every_mistake_is_named_at_once(self) -> None:
        with pytest.raises(OptionsError) as caught:
            SmoothingOptions.parse({"repeat": "kep", "min_reads": 0, "epc_include": "xyz", "name": "scanner-1"})

        assert [mistake.split(":")[0] for mistake in caught.value.mistakes] == [
            "name", "repeat", "min_reads", "epc_include",
        ]  # fmt: skip

    def test_prefixes_may_be_written_in_lower_case(self) -> None:
        assert SmoothingOptions.parse({"epc_exclude": "e280"}).epc_exclude == ("E280",)
