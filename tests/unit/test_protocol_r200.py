"""R200 frames: vectors from the vendor's protocol description and real captures, and a storm of noise."""

import random

import pytest

from gateway.protocols import r200
from gateway.protocols.options import OptionsError
from gateway.protocols.r200 import R200Options, R200Parser, frame, multi_poll
from gateway.protocols.r200_polling import R200Poller

# A capture of a real module: -55 dBm, 96-bit EPC, the tag's checksum 3A76.
REPORT = bytes.fromhex("BB 02 22 00 11 C9 34 00 30 75 1F EB 70 5C 59 04 E3 D5 0D 70 3A 76 EF 7E")
EPC = "30751FEB705C5904E3D50D70"
NO_TAG = bytes.fromhex("BB 01 FF 00 01 15 16 7E")


def options(**table: object) -> R200Options:
    return R200Options.parse({"port": "/dev/ttyUSB0", **table})


def parser(**table: object) -> R200Parser:
    return R200Parser("gate-1", options(**table))


def report(epc: bytes, rssi: int = -60, *, head: int = 0xBB) -> bytes:
    """A tag report with a right checksum."""
    memory = (len(epc) // 2 << 11).to_bytes(2) + epc
    parameters = rssi.to_bytes(1, signed=True) + memory + r200.crc16_genibus(memory).to_bytes(2)
    return frame(r200.POLL, parameters, kind=r200.NOTIFICATION, head=head)


class TestCommands:
    @pytest.mark.parametrize(
        ("made", "expected"),
        [
            (frame(r200.POLL), "BB 00 22 00 00 22 7E"),
            (multi_poll(10_000), "BB 00 27 00 03 22 27 10 83 7E"),
            (multi_poll(), "BB 00 27 00 03 22 FF FF 4A 7E"),
            (frame(r200.STOP), "BB 00 28 00 00 28 7E"),
            (frame(r200.INFO, b"\x00"), "BB 00 03 00 01 00 04 7E"),
            (frame(r200.POLL, head=0xAA), "AA 00 22 00 00 22 DD"),
        ],
    )
    def test_commands_are_the_documented_bytes(self, made: bytes, expected: str) -> None:
        assert made == bytes.fromhex(expected)


class TestReports:
    def test_a_report_gives_epc_and_signal_strength(self) -> None:
        (read,) = parser().feed(REPORT)

        assert (read.reader, read.epc, read.rssi_dbm, read.antenna) == ("gate-1", EPC, -55.0, None)

    def test_the_other_dialect_is_learned(self) -> None:
        machine = parser()

        (read,) = machine.feed(report(bytes.fromhex(EPC), head=0xAA))

        assert (read.epc, machine.head) == (EPC, 0xAA)

    def test_a_fixed_dialect_ignores_the_other(self) -> None:
        assert parser(dialect="bb").feed(report(b"\x30\x00", head=0xAA)) == []

    @pytest.mark.parametrize("length", [0, 2, 12, 30, 62])
    def test_any_epc_length_is_read(self, length: int) -> None:
        epc = bytes(range(length))

        assert [read.epc for read in parser().feed(report(epc))] == [epc.hex().upper()]

    def test_head_and_tail_bytes_inside_an_epc_do_no_harm(self) -> None:
        epc = bytes.fromhex("BB7EAADDBB7EAADD7E7EBBBB")
        stream, machine = report(epc) * 2, parser()

        reads = [read for at in range(len(stream)) for read in machine.feed(stream[at : at + 1])]

        assert [read.epc for read in reads] == [epc.hex().upper()] * 2

    def test_no_tag_is_an_answer_and_not_an_error(self) -> None:
        machine = parser()

        assert machine.feed(NO_TAG) == []
        assert (machine.counts["no_tag"], machine.counts["errors"], machine.take_errors()) == (1, 0, [])

    def test_an_error_is_told_in_words_once(self) -> None:
        machine = parser()

        machine.feed(frame(r200.FAILED, b"\x17", kind=r200.RESPONSE))

        assert machine.take_errors() == ["the command is not known to this module"]
        assert machine.take_errors() == []


class TestDamage:
    def test_a_report_whose_tag_checksum_is_wrong_is_no_read(self) -> None:
        parameters = bytearray(REPORT[5:-2])
        parameters[5] ^= 1
        machine = parser()

        assert machine.feed(frame(r200.POLL, bytes(parameters), kind=r200.NOTIFICATION)) == []
        assert machine.counts["bad_crc"] == 1

    def test_a_frame_whose_sum_is_wrong_is_no_read_and_the_next_is(self) -> None:
        broken = bytearray(REPORT)
        broken[-2] ^= 1
        machine = parser()

        assert [read.epc for read in machine.feed(bytes(broken) + REPORT)] == [EPC]
        assert machine.counts["bad_frames"] >= 1

    def test_half_a_frame_then_a_whole_one(self) -> None:
        assert [read.epc for read in parser().feed(REPORT[:11] + REPORT + NO_TAG)] == [EPC]

    def test_after_a_silence_a_whole_frame_is_found_inside_a_false_long_one(self) -> None:
        machine = parser()
        # BB 00 00 01 FF claims 511 bytes of parameters, which swallow the true frame until the line falls silent.
        swallowed = machine.feed(bytes.fromhex("BB 00 00 01 FF") + REPORT)

        assert swallowed == []
        assert [read.epc for read in machine.idle()] == [EPC]
        assert not machine.waiting

    def test_closing_forgets_half_a_frame(self) -> None:
        machine = parser()
        machine.feed(REPORT[:10])

        assert machine.close() == []
        assert [read.epc for read in machine.feed(REPORT)] == [EPC]

    def test_in_a_storm_of_noise_no_intact_frame_is_lost_and_none_is_invented(self) -> None:
        chance = random.Random(20_000)
        sent, stream = [], bytearray()
        for _ in range(4000):
            epc = chance.randbytes(chance.choice((12, 12, 12, 16, 30)))
            whole = report(epc, chance.randint(-90, -20))
            fate = chance.random()
            if fate < 0.02:
                stream += chance.randbytes(chance.randint(1, 30))
            elif fate < 0.04:
                stream += whole[: chance.randint(1, len(whole) - 1)]
                continue
            stream += whole
            sent.append(epc.hex().upper())
        machine, got = parser(), []
        while stream:
            size = chance.randint(1, 64)
            got += [read.epc for read in machine.feed(bytes(stream[:size]))]
            del stream[:size]
        got += [read.epc for read in machine.idle()]

        assert got == sent

    def test_a_report_that_comes_again_tells_the_same_and_is_counted_again(self) -> None:
        machine, whole = parser(), report(bytes.fromhex(EPC), -50)

        reads = machine.feed(whole) + machine.feed(whole * 2)

        assert [(read.epc, read.rssi_dbm) for read in reads] == [(EPC, -50.0)] * 3
        assert (machine.counts["frames"], machine.counts["tags"], machine.counts["noise_bytes"]) == (3, 3, 0)

    def test_a_known_report_with_one_bit_changed_is_no_report(self) -> None:
        machine, whole = parser(), report(bytes.fromhex(EPC), -50)
        machine.feed(whole)

        for bit in range(8 * len(whole)):
            spoilt = bytearray(whole)
            spoilt[bit // 8] ^= 1 << bit % 8
            assert [read.epc for read in machine.feed(bytes(spoilt)) + machine.idle()] == [], bit

    def test_what_is_remembered_of_one_tag_has_its_number_once(self) -> None:
        machine = parser()

        loud, faint = machine.feed(report(bytes.fromhex(EPC), -40) + report(bytes.fromhex(EPC), -70))

        assert (loud.rssi_dbm, faint.rssi_dbm) == (-40.0, -70.0)
        assert loud.epc is faint.epc

    def test_reports_are_remembered_in_bounded_room(self) -> None:
        machine = parser()

        for number in range(2 * r200.MAX_KNOWN + 10):
            assert len(machine.feed(report(number.to_bytes(12), -50))) == 1
        assert len(machine._known) <= r200.MAX_KNOWN
        assert len(machine._epcs) <= r200.MAX_KNOWN

    def test_random_bytes_never_raise_and_never_pile_up(self) -> None:
        chance, machine = random.Random(1), parser()

        for _ in range(300):
            machine.feed(bytes(chance.choice(b"\xbb\xaa\x7e\xdd\x02\x22\x00\x11") for _ in range(200)))
            assert len(machine._buffer) < r200.MAX_PARAMETERS + 7


class TestPolling:
    def poller(self, now: float = 100.0, **table: object) -> tuple[R200Poller, R200Parser]:
        machine = parser(**table)
        return R200Poller(options(**table), machine, now), machine

    def test_it_starts_by_stopping_what_runs_and_setting_the_power(self) -> None:
        poller, _machine = self.poller(power_dbm=26.5)

        assert poller.start() == [
            frame(r200.STOP),
            bytes.fromhex("BB 00 B6 00 02 0A 5A 1C 7E"),
        ]

    def test_multi_asks_once_and_stays_silent_while_the_module_reports(self) -> None:
        poller, _machine = self.poller()

        assert poller.due(100.0) == [frame(r200.INFO, b"\x00"), multi_poll()]
        poller.heard(101.0)
        assert poller.due(102.5) == []
        assert poller.next_at() == 103.0

    def test_multi_asks_again_after_its_rounds_are_over(self) -> None:
        poller, _machine = self.poller()
        poller.due(100.0)
        poller.heard(101.0)

        assert poller.due(103.0) == [frame(r200.INFO, b"\x00"), multi_poll()]
        assert poller.missed == 0

    def test_single_asks_again_after_each_answer_and_its_pause(self) -> None:
        poller, _machine = self.poller(poll="single", poll_interval_ms=50)
        assert poller.due(100.0) == [frame(r200.POLL)]

        poller.heard(100.01)

        assert poller.due(100.02) == []
        assert poller.due(100.05) == [frame(r200.POLL)]

    def test_a_silent_module_is_asked_in_both_dialects_and_its_misses_are_counted(self) -> None:
        poller, _machine = self.poller()
        poller.due(100.0)

        heads = [poller.due(now)[0][0] for now in (100.5, 101.0)]

        assert heads == [0xAA, 0xBB]
        assert poller.missed == 2

    def test_an_answer_clears_the_misses(self) -> None:
        poller, _machine = self.poller()
        poller.due(100.0)
        poller.due(100.5)
        assert poller.missed == 1

        poller.heard(100.6)

        assert poller.missed == 0

    def test_it_ends_with_a_stop_in_the_learned_dialect(self) -> None:
        poller, machine = self.poller()
        machine.feed(frame(r200.STOP, b"\x00", kind=r200.RESPONSE, head=0xAA))

        assert poller.stop() == frame(r200.STOP, head=0xAA)


def test_options_name_every_mistake() -> None:
    with pytest.raises(OptionsError) as caught:
        R200Options.parse({"dialect": "cc", "poll": "never", "power_dbm": 50})

    assert len(caught.value.mistakes) == 4


def test_a_whole_number_is_taken_for_power() -> None:
    assert options(power_dbm=26).power_dbm == 26.0
