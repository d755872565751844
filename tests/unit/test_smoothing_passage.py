"""A door with a clock in hand: which way tags went, by antennas and by beams, and when a passage is over."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from gateway.protocols.options import OptionsError
from gateway.protocols.reads import InputChange, TagRead
from gateway.smoothing import PassageOptions, Sighting, Smoother, SmoothingOptions
from gateway.smoothing.direction import Beams, Heard, by_sides

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
EPC = "3074257BF7194E4000001A85"
ANTENNAS = {"direction": "antennas", "side_a": "hall", "side_b": "yard", "a_to_b": "dock-out", "b_to_a": "dock-in"}
BEAMS = {
    "trigger": "input",
    "direction": "beams",
    "input_a": 1,
    "input_b": 2,
    "a_to_b": "dock-out",
    "b_to_a": "dock-in",
}


class Door:
    """A smoother, its clock, and a reader whose antenna 1 looks into the hall and antenna 2 into the yard."""

    def __init__(self, table: dict[str, object], **smoothing: object) -> None:
        options = SmoothingOptions.parse(smoothing)
        self.smoother = Smoother(
            {"door": options}, lambda _reader, antenna: {1: "hall", 2: "yard"}[antenna or 1],
            passages={"door": PassageOptions.parse(table)},
        )  # fmt: skip
        self.now = 1000.0
        self.told: list[Sighting] = []

    @property
    def at(self) -> datetime:
        return START + timedelta(seconds=self.now - 1000)

    def wait(self, seconds: float) -> "Door":
        self.now += seconds
        self.told += self.smoother.sweep(self.now, self.at)
        return self

    def tag(self, antenna: int = 1, rssi: float | None = -60.0, *, epc: str = EPC, times: int = 1) -> "Door":
        for _ in range(times):
            read = TagRead("door", epc, antenna, rssi)
            assert self.smoother.observe(read, self.now, self.at) is None
        return self

    def beam(self, pin: int, high: bool) -> "Door":
        self.smoother.hear(InputChange("door", pin, high), self.now)
        return self

    def walk(self, *beams: tuple[int, bool]) -> "Door":
        """The beams one after the other, a tag read twice between each."""
        for pin, high in beams:
            self.beam(pin, high).tag(times=2).wait(0.2)
        return self

    @property
    def news(self) -> list[tuple[str, str | None]]:
        return [(sighting.zone, sighting.direction) for sighting in self.told]


class TestDirectionByAntennas:
    def test_a_tag_goes_from_the_side_that_hears_it_first(self) -> None:
        door = Door(ANTENNAS)
        for antenna in (1, 1, 2, 2):
            door.tag(antenna).wait(0.1)

        door.wait(1.0)

        assert door.news == [("dock-out", "a_to_b")]
        told = door.told[0]
        assert (told.kind, told.reads, told.first_seen_at, told.observed_at) == ("tag_arrived", 4, START, door.at)

    @pytest.mark.parametrize("antennas", [(1, 2, 1), (1, 1), (2,) * 4])
    def test_who_turns_round_or_shows_on_one_side_alone_is_counted_only(self, antennas: tuple[int, ...]) -> None:
        door = Door(ANTENNAS)
        for antenna in antennas:
            door.tag(antenna, times=2).wait(0.1)

        door.wait(1.0)

        assert door.told == []
        assert door.smoother.counts["undirected"] == 1

    def test_the_unsure_may_be_told_at_a_read_point_of_their_own(self) -> None:
        assert Door(ANTENNAS | {"unsure": "dock-check"}).tag(times=2).wait(1.0).news == [("dock-check", "unsure")]

    @pytest.mark.parametrize("towards", [1, -1])
    def test_tags_that_are_carried_past_two_antennas_go_the_right_way(self, towards: int) -> None:
        """Antennas a metre apart, 1.5 m/s, strength by distance with 4 dB of noise, six of ten rounds missed."""
        chance = random.Random(7)
        door = Door(ANTENNAS)
        for number in range(200):
            for step in range(-20, 21):
                place = towards * step * 0.075
                for antenna, where in ((1, -0.5), (2, 0.5)):
                    rssi = -50 - 20 * ((place - where) ** 2 + 0.25) + chance.gauss(0, 4)
                    if rssi > -75 and chance.random() < 0.4:
                        door.tag(antenna, rssi, epc=f"30{number:022X}")
                door.now += 0.05
            door.wait(1.1)

        right = door.news.count(("dock-out", "a_to_b") if towards == 1 else ("dock-in", "b_to_a"))
        assert len(door.told) - right == 0
        assert right >= 198

    def test_loud_reads_weigh_more_than_many_faint_ones(self) -> None:
        faint_early, loud_late = Heard(), Heard()
        for moment in range(10):
            faint_early.note(moment / 10, -60.0)
            loud_late.note(moment / 10, -80.0)
        loud_late.note(2.0, -40.0)

        assert by_sides(faint_early, loud_late, 1.0) == "a_to_b"
        assert loud_late.moment > 1.9


class TestDirectionByBeams:
    def test_the_beam_that_is_broken_first_is_where_it_came_from(self) -> None:
        out = Door(BEAMS).walk((1, True), (2, True), (1, False), (2, False)).wait(1.0)
        into = Door(BEAMS).walk((2, True), (1, True), (2, False), (1, False)).wait(1.0)

        assert (out.news, into.news) == ([("dock-out", "a_to_b")], [("dock-in", "b_to_a")])

    def test_who_turns_round_in_the_door_went_nowhere(self) -> None:
        door = Door(BEAMS | {"unsure": "dock-check"}).walk((1, True), (2, True), (2, False), (1, False)).wait(1.0)

        assert door.news == [("dock-check", "unsure")]

    def test_a_pallet_of_gaps_is_one_passage(self) -> None:
        door = Door(BEAMS).walk(
            (1, True), (1, False), (1, True), (2, True), (1, False), (2, False), (2, True), (2, False)
        )

        assert door.news == []
        assert door.wait(1.0).news == [("dock-out", "a_to_b")]

    def test_inputs_may_be_low_while_something_stands_there(self) -> None:
        door = Door(BEAMS | {"input_active": "low"}).walk((1, False), (2, False), (1, True), (2, True)).wait(1.0)

        assert door.news == [("dock-out", "a_to_b")]

    def test_a_beam_told_twice_counts_once_and_other_inputs_do_not_count(self) -> None:
        beams = Beams((1, 2))
        beams.begin()
        for pin, broken in ((7, True), (1, True), (1, True), (2, True), (1, False), (2, False), (2, False)):
            beams.note(pin, broken)

        assert beams.direction() == "a_to_b"

    def test_a_barrier_that_was_broken_as_its_reader_went_away_holds_no_passage(self) -> None:
        door = Door(BEAMS).walk((1, True), (2, True), (1, False))

        door.smoother.forget_inputs("door")

        assert door.wait(1.0).news == []
        assert not door.smoother.restless
        assert door.smoother.counts["undirected"] == 1

    def test_what_passes_after_a_reader_came_back_is_told_by_what_it_tells_then(self) -> None:
        door = Door(BEAMS).walk((2, True), (1, True))
        door.smoother.forget_inputs("door")
        door.wait(1.0)

        door.walk((1, True), (2, True), (1, False), (2, False)).wait(1.0)

        assert door.news == [("dock-out", "a_to_b")]


class TestTriggers:
    def test_what_is_read_outside_a_passage_is_left_out(self) -> None:
        door = Door({"trigger": "input", "input_a": 1}).tag(times=5).wait(1.5)

        door.beam(1, True).wait(0.1).beam(1, False).wait(1.0)

        assert door.told == []
        assert door.smoother.counts["untriggered"] == 1
        assert not door.smoother.restless

    def test_what_was_read_just_before_the_trigger_belongs_to_it(self) -> None:
        door = Door({"trigger": "input", "input_a": 1}).tag(times=2).wait(0.5)

        door.beam(1, True).wait(0.1).beam(1, False).wait(1.0)

        assert door.news == [("hall", None)]

    def test_a_passage_lasts_while_its_input_is_held_and_new_tags_come(self) -> None:
        door = Door({"trigger": "input", "input_a": 1, "quiet_ms": 500}).beam(1, True).wait(3.0)
        door.tag(times=2).beam(1, False).wait(0.4).tag(epc="30AA", times=2).wait(0.4)

        assert door.told == []
        assert [sighting.reading.epc for sighting in door.wait(0.2).told] == [EPC, "30AA"]

    def test_a_passage_ends_after_the_longest_time_and_the_next_one_begins(self) -> None:
        door = Door({"trigger": "input", "input_a": 1, "longest_ms": 2000}).beam(1, True).tag(times=2).wait(2.0)

        assert door.news == [("hall", None)]
        assert len(door.tag(times=2).wait(2.0).told) == 2

    def test_a_tag_parked_at_a_door_is_told_once(self) -> None:
        door = Door({})
        for _ in range(200):
            door.tag(times=2).wait(0.5)
        while_parked = len(door.told)

        door.wait(6.0).tag(times=2).wait(1.1)

        assert (while_parked, len(door.told)) == (1, 2)

    def test_one_read_is_no_passage(self) -> None:
        door = Door({}).tag().wait(1.1)

        assert (door.told, door.smoother.counts["unsure"]) == ([], 1)

    def test_a_crowd_ends_the_passage_early_and_nobody_is_lost(self) -> None:
        door = Door({}, min_reads=1)
        for number in range(12_000):
            door.tag(epc=f"30{number:06X}")
            if number % 100 == 0:
                door.wait(0.0)
        door.wait(1.1)

        assert len({sighting.reading.epc for sighting in door.told}) == 12_000

    def test_tags_near_a_door_that_nobody_passes_fill_no_memory(self) -> None:
        door = Door({"trigger": "input", "input_a": 1})
        for number in range(6_000):
            door.tag(epc=f"30{number:06X}")

        assert len(door.smoother._passages["door"]._tags) == 5_000


class TestTheStrongestAntenna:
    def test_a_door_without_direction_tells_the_antenna_that_heard_best_not_the_last_one(self) -> None:
        door = Door({}).tag(1, -50.0, times=4).wait(0.1).tag(2, -70.0, times=9).wait(1.1)

        (told,) = door.told
        assert (told.zone, told.antenna, told.rssi_dbm, told.reads) == ("hall", 1, -50.0, 13)

    def test_the_mean_of_the_whole_passage_counts_not_its_end(self) -> None:
        door = Door({}).tag(1, -50.0, times=30).wait(0.1).tag(1, -80.0, times=20).tag(2, -65.0, times=20).wait(1.1)

        # Antenna 1: 30 reads of -50 and 20 of -80 are -62 dBm.
        assert [(told.zone, told.rssi_dbm) for told in door.told] == [("hall", -62.0)]

    def test_one_loud_reflection_is_no_place(self) -> None:
        door = Door({}, min_reads=3).tag(1, -30.0).wait(0.1).tag(2, -60.0, times=5).wait(1.1)

        assert [(told.zone, told.antenna) for told in door.told] == [("yard", 2)]

    def test_where_no_antenna_has_enough_reads_alone_the_loudest_is_told(self) -> None:
        door = Door({}, min_reads=3).tag(1, -40.0, times=2).tag(2, -60.0, times=2).wait(1.1)

        assert [told.zone for told in door.told] == ["hall"]

    def test_without_strength_the_antenna_that_read_most_is_told_and_of_equals_the_last(self) -> None:
        most = Door({}).tag(1, None, times=6).wait(0.1).tag(2, None, times=3).wait(1.1)
        equal = Door({}).tag(1, None, times=3).wait(0.1).tag(2, None, times=3).wait(1.1)

        assert ([told.zone for told in most.told], [told.zone for told in equal.told]) == (["hall"], ["yard"])


class TestOtherOptionsMeanwhile:
    def test_the_passage_that_goes_on_is_told_as_it_began_and_the_next_one_by_the_new_options(self) -> None:
        door = Door(ANTENNAS)
        for antenna in (1, 1, 2, 2):
            door.tag(antenna).wait(0.1)

        turned = PassageOptions.parse(ANTENNAS | {"side_a": "yard", "side_b": "hall"})
        door.smoother.adopt({}, {"door": turned})
        door.wait(2.0)
        for antenna in (1, 1, 2, 2):
            door.tag(antenna, epc=EPC[:-1] + "6").wait(0.1)

        assert door.wait(2.0).news == [("dock-out", "a_to_b"), ("dock-in", "b_to_a")]
        assert not door.smoother.restless

    def test_a_door_that_is_no_more_ends_though_its_barrier_was_broken(self) -> None:
        door = Door({"trigger": "input", "input_a": 1, "longest_ms": 2000}).beam(1, True).tag(times=2)

        door.smoother.adopt({}, {})
        door.wait(1.5)

        assert len(door.told) == 1
        assert not door.smoother.restless

    def test_a_door_of_the_same_options_remembers_what_it_told(self) -> None:
        door = Door(ANTENNAS)
        for antenna in (1, 1, 2, 2):
            door.tag(antenna).wait(0.1)
        door.wait(2.0)

        door.smoother.adopt({"door": SmoothingOptions.parse({})}, {"door": PassageOptions.parse(ANTENNAS)})
        door.tag(2, times=3).wait(2.0)

        assert len(door.told) == 1


class TestOptions:
    def test_every_mistake_of_a_door_is_named_with_its_cure(self) -> None:
        with pytest.raises(OptionsError) as caught:
            PassageOptions.parse({"direction": "beams", "input_a": 1, "input_b": 1, "b_to_a": "in"})

        assert [mistake.split(":")[0] for mistake in caught.value.mistakes] == ["a_to_b", "trigger", "input_b"]

    def test_antennas_need_both_sides(self) -> None:
        with pytest.raises(OptionsError) as caught:
            PassageOptions.parse({"direction": "antennas", "side_a": "hall", "a_to_b": "out", "b_to_a": "in"})

        assert [mistake.split(":")[0] for mistake in caught.value.mistakes] == ["side_b"]
