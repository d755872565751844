"""Chafon frames recorded from readers, in any pieces, among noise, and a conversation with a simulated reader."""

import random

import pytest

from gateway.protocols.chafon import (
    ANSWER_SECONDS,
    FRAME_GAP,
    MISSES_ALLOWED,
    ChafonMachine,
    ChafonOptions,
    crc16_mcrf4xx,
    frame,
)
from gateway.protocols.options import OptionsError
from gateway.protocols.reads import TagRead
from simulators.devices.chafon import Chafon, ChafonSettings, crc
from simulators.devices.transport import MemoryTransport
from simulators.faults import Fault
from simulators.radio import RadioField, RadioSettings

# Answers of an UHFReader288M and an UHFReader18, as they came over the wire.
ONE = bytes.fromhex("1500010301010c0000000000000000000003136bb1a5")
ANTENNA_3 = bytes.fromhex("1500010304010c49440000000000000a0003346425c0")
SHORT = bytes.fromhex("0d000103010104003230386da3d2")
TWO = bytes.fromhex("2300010301020c0000000000000000000003136b0c0000000000000000000003146c70f2")
NONE = bytes.fromhex("0700010101001e4b")
OLD = bytes.fromhex("13000103010c0000000000000000000003133f39")
OLD_TWO = bytes.fromhex("20000103020c0000000000000000000003130c0000000000000000000003149ac9")


def machine(**table: object) -> ChafonMachine:
    found = ChafonMachine("gate-1", ChafonOptions.parse({"port": "/dev/ttyS2", **table}))
    found.open(0.0)
    return found


def epcs(reads: list[TagRead]) -> list[str]:
    return [read.epc for read in reads]


class TestAnswers:
    def test_antenna_and_strength_are_read(self) -> None:
        assert machine().feed(ONE, 1.0) == [
            TagRead("gate-1", "000000000000000000000313", antenna=1, rssi_dbm=0x6B - 129)
        ]
        assert machine().feed(ANTENNA_3, 1.0)[0].antenna == 3
        assert epcs(machine().feed(SHORT, 1.0)) == ["00323038"]
        assert epcs(machine().feed(TWO, 1.0)) == ["000000000000000000000313", "000000000000000000000314"]

    def test_the_older_model_tells_the_epc_alone(self) -> None:
        assert machine(model="18").feed(OLD + OLD_TWO, 1.0) == [
            TagRead("gate-1", f"0000000000000000000003{last}") for last in ("13", "13", "14")
        ]

    def test_no_tag_is_no_fault(self) -> None:
        asked = machine()

        assert asked.feed(NONE, 1.0) == []
        assert (asked.ready, asked.trouble, asked.dead) == (True, None, None)

    @pytest.mark.parametrize(("model", "answer"), [("288", OLD), ("18", ONE)])
    def test_the_wrong_model_is_told_and_invents_no_tag(self, model: str, answer: bytes) -> None:
        asked = machine(model=model)

        assert asked.feed(answer, 1.0) == []
        assert asked.trouble == f"Its answers do not fit model {model}; try the other one."

    def test_the_wrong_model_is_told_once_until_a_tag_is_read(self) -> None:
        asked, nothing = machine(), bytes((5, 0, 1, 0xFB))
        asked.feed(OLD, 1.0)
        asked.feed(nothing + crc(nothing), 1.1)
        assert asked.trouble == "Its answers do not fit model 288; try the other one."

        asked.feed(NONE + ONE, 1.2)
        assert asked.trouble is None

    def test_a_last_answer_without_anything_in_it_is_no_misfit(self) -> None:
        asked, done = machine(model="18"), bytes((5, 0, 1, 1))
        asked.feed(OLD + done + crc(done), 1.0)

        assert (asked.trouble, asked.counts["bad_tags"]) == (None, 0)

    def test_a_missing_antenna_is_told_until_it_is_there(self) -> None:
        asked = machine()
        body = bytes((5, 0, 1, 0xF8))
        asked.feed(body + crc(body), 1.0)
        assert asked.trouble == "The reader says: an antenna is not connected."

        asked.feed(NONE, 6.0)
        assert asked.trouble is None

    def test_one_missing_antenna_among_others_is_told_once_and_not_anew_with_each_round(self) -> None:
        asked, told = machine(antennas=2), []
        missing = bytes((5, 0, 1, 0xF8))
        for second in range(20):
            for answer in (NONE, missing + crc(missing)):
                asked.feed(answer, float(second))
                told.append(asked.trouble)

        assert told[0] is None
        assert set(told[1:]) == {"The reader says of antenna 2: an antenna is not connected."}

    def test_a_contact_that_comes_and_goes_is_one_complaint(self) -> None:
        asked, missing = machine(), bytes((5, 0, 1, 0xF8))
        for moment in range(10):
            asked.feed(missing + crc(missing) if moment % 2 == 0 else NONE, moment / 10)
            assert asked.trouble == "The reader says: an antenna is not connected."


class TestDamage:
    def test_in_noise_every_whole_frame_is_read_and_none_is_invented(self) -> None:
        rng, stream, expected = random.Random(5), b"", []
        for _number in range(2000):
            draw = rng.random()
            answer, tags = rng.choice(
                [(ONE, ["000000000000000000000313"]), (SHORT, ["00323038"]), (ANTENNA_3, ["49440000000000000A000334"])]
            )
            if draw < 0.05:
                stream += rng.randbytes(rng.randint(1, 4))
            stream += answer
            expected += tags
        asked, got, at = machine(), [], 0
        while at < len(stream):
            size = rng.randint(1, 40)
            got += epcs(asked.feed(stream[at : at + size], 1.0))
            at += size
        got += epcs(asked.tick(2.0))

        assert got == expected

    def test_half_a_frame_is_given_up_after_a_silence_and_the_next_is_read(self) -> None:
        asked = machine()
        asked.feed(ONE[:9], 1.0)
        assert asked.next_at() == pytest.approx(min(0.0, 1.0 + FRAME_GAP))

        asked.tick(1.0 + FRAME_GAP)

        assert not asked.waiting
        assert epcs(asked.feed(ONE, 2.0)) == ["000000000000000000000313"]

    def test_the_check_value_of_the_crc_is_right(self) -> None:
        # The catalogue's check value of CRC-16/MCRF4XX.
        assert crc16_mcrf4xx(b"123456789") == 0x6F91


class TestQuestions:
    def test_settings_go_first_and_the_questions_follow(self) -> None:
        asked = machine(power_dbm=20, buzzer=False, antennas=2, address=0)
        assert asked.commands() == [frame(0, 0x40, b"\0"), frame(0, 0x2F, b"\x14")]

        asked.tick(0.0)
        assert asked.commands() == [frame(0, 1, bytes.fromhex("040001000000008003"))]
        assert asked.commands() == []
        asked.feed(NONE, 0.1)
        asked.tick(asked.next_at())
        assert asked.commands() == [frame(0, 1, bytes.fromhex("040001000000008103"))]

    def test_while_more_frames_are_to_come_nothing_is_asked(self) -> None:
        asked = machine()
        asked.tick(0.0)
        asked.feed(ONE, 0.1)

        assert asked.next_at() == ANSWER_SECONDS

    def test_a_reader_that_never_answers_is_given_up_and_one_that_does_is_not(self) -> None:
        asked, now = machine(), 0.0
        for _time in range(MISSES_ALLOWED + 1):
            assert asked.dead is None
            asked.tick(now)
            now = asked.next_at()
        assert asked.dead == "The reader at /dev/ttyS2 does not answer: check its power, address and baud."

        asked.open(now)
        assert asked.dead is None

    def test_one_wire_is_named(self) -> None:
        for table in ({}, {"port": "/dev/ttyS2", "host": "10.0.0.30"}):
            with pytest.raises(OptionsError, match="expected either port"):
                ChafonOptions.parse(table)


@pytest.mark.parametrize("model", ["288", "18"])
def test_a_conversation_reads_every_tag_of_every_antenna(model: str) -> None:
    cable, now = MemoryTransport(), 0.0
    field = RadioField(RadioSettings(antennas=2, read_probability=1.0, cross_probability=0.0))
    tags = {f"30751FEB705C5904{number:08X}": 1 + number % 2 for number in range(25)}
    for epc, antenna in tags.items():
        field.enter(epc, antenna=antenna, now=0.0, dwell=1e9)
    reader = Chafon(cable, field, ChafonSettings(model=model), clock=lambda: now)
    reader.faults.begin(Fault.NOISE, 0.2)
    reader.plug()
    asked = machine(model=model, antennas=2 if model == "288" else 1, power_dbm=20)
    got: dict[str, int | None] = {}

    for _time in range(12):
        for command in asked.commands():
            cable.host_sends(command)
        for read in asked.feed(cable.take(), now):
            got[read.epc] = read.antenna
        now = max(now + FRAME_GAP, asked.next_at())
        for read in asked.tick(now):
            got[read.epc] = read.antenna

    assert got == (tags if model == "288" else dict.fromkeys(tags))
    assert (reader.power_dbm, reader.buzzer, asked.counts["bad_tags"]) == (20, False, 0)
