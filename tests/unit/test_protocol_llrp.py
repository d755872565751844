"""LLRP: reports as recorded, the conversation that sets a reader up, its complaints, and bytes that are none of it."""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.protocols import llrp_codec as codec
from gateway.protocols.llrp import ANSWER_SECONDS, LlrpMachine
from gateway.protocols.llrp_codec import message, parameters, tlv
from gateway.protocols.llrp_options import LlrpOptions
from gateway.protocols.reads import InputChange, Sign, TagRead
from gateway.smoothing import PassageOptions, Smoother
from simulators.devices.llrp import LlrpReader, LlrpSettings, pack, parameter, tag_report
from simulators.devices.tcp import TcpTransport
from simulators.radio import RadioField, RadioSettings, TagSeen

# The body of a report as a reader sent it: EPC-96, antenna 1, -48 dBm, first seen.
RECORDED = bytes.fromhex("00F0001F8D3000ABCDEF00000000000003810001 86D0 820005A9E4BEF862E0")
EPC = "3000ABCDEF00000000000003"
SEEN_AT = datetime.fromtimestamp(0x0005A9E4BEF862E0 / 1e6, UTC)
OK = bytes.fromhex("011F000800000000")


def machine(**table: object) -> LlrpMachine:
    found = LlrpMachine("gate-1", LlrpOptions.parse({"host": "10.0.0.40", **table}))
    found.open(0.0)
    return found


def event(*about: bytes) -> bytes:
    return message(codec.EVENT, 1, tlv(codec.EVENT_DATA, b"".join(about)))


GREETING = event(tlv(codec.UTC_TIMESTAMP, bytes(8)), tlv(codec.ATTEMPT_EVENT, b"\0\0"))


def kinds(found: LlrpMachine) -> list[int]:
    return [struct.unpack(">H", command[:2])[0] & 0x3FF for command in found.commands()]


def ready(**table: object) -> LlrpMachine:
    found = machine(**table)
    found.feed(GREETING, 0.0)
    while not found.ready:
        (asked,) = kinds(found)
        found.feed(message(asked + 10, 1, OK), 0.0)
    return found


class TestReports:
    def test_a_recorded_report_gives_every_field(self) -> None:
        assert ready().feed(message(codec.REPORT, 5, RECORDED), 1.0) == [
            TagRead("gate-1", EPC, antenna=1, rssi_dbm=-48.0, reader_time=SEEN_AT)
        ]

    def test_an_epc_of_another_length_stands_in_the_long_form(self) -> None:
        report = tag_report(TagSeen("AABBCCDDEEFF0011", 2, -60.4), 0, long_epc=True)
        (read,) = ready().feed(message(codec.REPORT, 5, report), 1.0)

        assert isinstance(read, TagRead)
        assert (read.epc, read.antenna, read.rssi_dbm) == ("AABBCCDDEEFF0011", 2, -60.0)

    def test_a_report_without_a_tag_is_counted(self) -> None:
        heard = ready()

        assert heard.feed(message(codec.REPORT, 5, tlv(codec.TAG_REPORT, b"\x81\0\1")), 1.0) == []
        assert heard.counts["empty_reports"] == 1

    def test_a_reader_in_the_year_2000_is_told_of_and_its_time_left_out(self) -> None:
        heard = ready()
        (read,) = heard.feed(message(codec.REPORT, 5, tag_report(TagSeen(EPC, 1, -48.0), 946_704_378_859_233)), 1.0)
        assert isinstance(read, TagRead)

        assert read.reader_time is None
        assert heard.trouble == "The reader's clock is not set: give it a time server. The gateway's time is used."

        heard.feed(message(codec.REPORT, 6, RECORDED), 2.0)
        assert heard.trouble is None

    def test_however_the_stream_is_cut_the_reads_are_the_same(self) -> None:
        stream = b"".join(message(codec.REPORT, number, RECORDED * 2) for number in range(20))
        for step in (1, 3, 7, 100):
            heard = ready()
            reads = [read for at in range(0, len(stream), step) for read in heard.feed(stream[at : at + step], 1.0)]
            assert len(reads) == 40


class TestConversation:
    def test_nothing_is_asked_before_the_reader_greets(self) -> None:
        assert kinds(machine()) == []

    def test_each_request_waits_for_the_answer_to_the_one_before(self) -> None:
        heard, asked = machine(power_dbm=20), []
        heard.feed(GREETING, 0.0)
        while not heard.ready:
            (kind,) = kinds(heard)
            asked.append(kind)
            assert kinds(heard) == []
            heard.feed(message(kind + 10, 1, OK), 0.0)

        assert asked == [3, 21, 1, 20, 24]

    def test_a_keepalive_is_answered_with_its_number(self) -> None:
        heard = ready()
        heard.feed(message(codec.KEEPALIVE, 77), 1.0)

        assert heard.commands() == [message(codec.KEEPALIVE_ACK, 77)]

    def test_a_silent_reader_is_given_up_within_fifteen_seconds(self) -> None:
        heard = ready()
        heard.feed(message(codec.KEEPALIVE, 1), 100.0)
        assert heard.next_at() == 112.0

        heard.tick(112.0)
        assert heard.dead == "The reader at 10.0.0.40 does not answer any more."

    def test_a_reader_that_does_not_greet_is_given_up_sooner(self) -> None:
        heard = machine()
        heard.tick(ANSWER_SECONDS)

        assert heard.dead is not None

    def test_an_inventory_that_ended_by_itself_is_started_again(self) -> None:
        heard = ready()
        heard.feed(event(tlv(codec.ROSPEC_EVENT, struct.pack(">BII", 1, 1, 0))), 1.0)

        assert heard.commands() == [message(codec.START_ROSPEC, 5, b"\0\0\0\1")]

    def test_with_an_input_as_trigger_the_end_of_an_inventory_is_expected(self) -> None:
        heard = ready(trigger="gpi")
        heard.feed(event(tlv(codec.ROSPEC_EVENT, struct.pack(">BII", 1, 1, 0))), 1.0)

        assert heard.commands() == []

    def test_a_good_bye_takes_the_inventory_away(self) -> None:
        heard = ready()
        heard.close()

        assert kinds(heard) == [codec.DELETE_ROSPEC, codec.CLOSE]


class TestInputs:
    # READER_EVENT_NOTIFICATION 3: a clock of 2010 and GPIEvent, port 1 high; then 4, a true clock and port 1 low.
    BYTES = bytes.fromhex(
        "043F 00000021 00000003 00F6 0017 0080 000C 000486D1B4B1C400 00F8 0007 0001 80"
        "043F 00000021 00000004 00F6 0017 0080 000C 0005A9E4BEF862E0 00F8 0007 0001 00"
    )

    def test_a_change_of_an_input_is_told_with_its_level_and_time(self) -> None:
        assert ready().feed(self.BYTES, 1.0) == [
            InputChange("gate-1", 1, high=True, reader_time=None),
            InputChange("gate-1", 1, high=False, reader_time=SEEN_AT),
        ]

    def test_however_the_stream_is_cut_the_changes_are_the_same(self) -> None:
        for step in (1, 3, 7):
            heard, stream = ready(), self.BYTES
            told = [sign for at in range(0, len(stream), step) for sign in heard.feed(stream[at : at + step], 1.0)]
            assert [sign.high for sign in told if isinstance(sign, InputChange)] == [True, False]

    def test_an_event_of_another_length_is_no_change(self) -> None:
        heard = ready()

        assert heard.feed(event(tlv(codec.GPI_EVENT, b"\0\1")), 1.0) == []
        assert (heard.counts["gpi_events"], heard.dead) == (0, None)

    @pytest.mark.parametrize(
        ("table", "switched_on"),
        [({}, []), ({"inputs": 2}, [1, 2]), ({"inputs": 1, "trigger": "gpi", "gpi_port": 4}, [1, 4])],
    )
    def test_the_inputs_that_are_wanted_are_switched_on(self, table: dict[str, object], switched_on: list[int]) -> None:
        heard = machine(**table)
        heard.feed(GREETING, 0.0)
        (asked,) = heard.commands()
        states = [content for kind, content in parameters(asked[11:]) if kind == codec.GPI_STATE]

        assert states == [struct.pack(">HBB", port, 0x80, 2) for port in switched_on]

    # GET_READER_CONFIG 6: antenna 0, RequestedData 9, all inputs, no outputs.
    QUERY = bytes.fromhex("0402 00000011 00000005 0000 09 0000 0000")
    # Its answer: success, port 1 on and high, port 2 on and low, port 3 on and unknown, port 4 switched off and high.
    STATES = bytes.fromhex(
        "040C 00000032 00000005 011F 0008 0000 0000"
        "00E1 0008 0001 80 01  00E1 0008 0002 80 00  00E1 0008 0003 80 02  00E1 0008 0004 00 01"
    )

    def asked(self, **table: object) -> LlrpMachine:
        """A machine that has just asked how the inputs stand."""
        found = machine(**table)
        found.feed(GREETING, 0.0)
        for request in (codec.SET_CONFIG, codec.DELETE_ROSPEC, codec.ADD_ROSPEC, codec.ENABLE_ROSPEC):
            assert kinds(found) == [request]
            found.feed(message(request + 10, 1, OK), 0.0)
        return found

    def test_how_the_inputs_stand_is_asked_last_and_told_as_changes(self) -> None:
        heard = self.asked(inputs=4)
        assert heard.commands() == [self.QUERY]
        assert not heard.ready

        assert heard.feed(self.STATES, 0.0) == [
            InputChange("gate-1", 1, high=True, reader_time=None),
            InputChange("gate-1", 2, high=False, reader_time=None),
        ]
        assert (heard.ready, heard.counts["gpi_states"]) == (True, 2)

    def test_only_inputs_that_are_wanted_are_told(self) -> None:
        heard = self.asked(trigger="gpi", gpi_port=2)

        assert heard.feed(self.STATES, 0.0) == [InputChange("gate-1", 2, high=False, reader_time=None)]

    @pytest.mark.parametrize(
        "answer",
        [
            message(codec.GET_CONFIG_RESPONSE, 5, tlv(codec.STATUS, struct.pack(">HH", 109, 0))),
            message(codec.ERROR, 5, tlv(codec.STATUS, struct.pack(">HH", 109, 0))),
            message(codec.GET_CONFIG_RESPONSE, 5, OK + tlv(codec.GPI_STATE, b"\0\1")),
        ],
    )
    def test_a_reader_that_does_not_tell_its_inputs_reads_all_the_same(self, answer: bytes) -> None:
        heard = self.asked(inputs=1)

        assert heard.feed(answer, 0.0) == []
        assert (heard.ready, heard.dead) == (True, None)

    def test_without_inputs_nothing_is_asked(self) -> None:
        assert self.asked().commands() == []

    def test_a_trigger_that_was_on_before_the_gateway_came_begins_a_passage(self) -> None:
        table = {"trigger": "input", "input_a": 1}
        smoother = Smoother({}, lambda _reader, _antenna: "dock", passages={"gate-1": PassageOptions.parse(table)})
        reader, heard, signs = talk(LlrpSettings(), antennas=1, inputs=1, before=[(1, True)])
        (change,) = [sign for sign in signs if isinstance(sign, InputChange)]
        assert (change.pin, change.high, heard.ready) == (1, True, True)

        smoother.hear(change, 0.0)
        reader._report()
        reader._report()
        for sign in signs:
            if isinstance(sign, TagRead):
                smoother.observe(sign, 0.1, SEEN_AT)
        reader.set_input(1, False)
        smoother.hear(InputChange("gate-1", 1, high=False, reader_time=None), 0.2)

        assert [told.zone for told in smoother.sweep(5.0, SEEN_AT)] == ["dock"]

    def test_two_light_barriers_at_the_reader_give_a_door_its_direction(self) -> None:
        table = {"trigger": "input", "direction": "beams", "input_a": 1, "input_b": 2, "a_to_b": "out", "b_to_a": "in"}
        smoother = Smoother({}, lambda _reader, _antenna: "dock", passages={"gate-1": PassageOptions.parse(table)})
        reader, heard, signs = talk(LlrpSettings(), antennas=1, inputs=2)
        signs.clear()
        for number, (port, high) in enumerate([(2, True), (1, True), (2, False), (1, False)]):
            reader.set_input(port, high)
            reader._report()
            for sign in signs:
                if isinstance(sign, InputChange):
                    smoother.hear(sign, number / 5)
                elif isinstance(sign, TagRead):
                    smoother.observe(sign, number / 5, SEEN_AT)
            signs.clear()

        assert heard.counts["gpi_events"] == 4
        assert [(told.zone, told.direction) for told in smoother.sweep(5.0, SEEN_AT)] == [("in", "b_to_a")]


class TestComplaints:
    @pytest.mark.parametrize(
        ("told", "expected"),
        [
            (event(tlv(codec.ATTEMPT_EVENT, b"\0\2")), "refuses: another program is connected to it."),
            (event(tlv(codec.ATTEMPT_EVENT, b"\0\3")), "refuses: reason 3."),
            (event(tlv(codec.CLOSE_EVENT)), "closed the connection."),
        ],
    )  # fmt: skip
    def test_a_reader_that_will_not_is_told_in_words(self, told: bytes, expected: str) -> None:
        heard = machine()
        heard.feed(told, 0.0)

        assert heard.dead == f"The reader at 10.0.0.40 {expected}"

    def test_settings_that_are_refused_are_told_with_the_readers_own_words(self) -> None:
        heard = machine()
        heard.feed(GREETING, 0.0)
        status = tlv(codec.STATUS, struct.pack(">HH", 100, 12) + b"bad keepaliv")
        heard.feed(message(codec.SET_CONFIG_RESPONSE, 1, status), 0.0)

        assert heard.dead == "The reader at 10.0.0.40 does not take our settings: bad keepaliv (status 100)."

    def test_a_reader_without_an_inventory_may_refuse_to_delete_it(self) -> None:
        heard = machine()
        heard.feed(GREETING, 0.0)
        heard.feed(message(codec.SET_CONFIG_RESPONSE, 1, OK), 0.0)
        heard.feed(message(codec.DELETE_ROSPEC_RESPONSE, 2, tlv(codec.STATUS, struct.pack(">HH", 101, 0))), 0.0)

        assert kinds(heard)[-1] == codec.ADD_ROSPEC
        assert heard.dead is None

    def test_an_antenna_is_missed_until_it_is_back(self) -> None:
        heard = ready()
        heard.feed(event(tlv(codec.ANTENNA_EVENT, b"\0\0\2")), 1.0)
        assert heard.trouble == "Antenna 2 is not connected."

        heard.feed(event(tlv(codec.ANTENNA_EVENT, b"\1\0\2")), 2.0)
        assert heard.trouble is None

    def test_an_exception_is_told(self) -> None:
        heard = ready()
        heard.feed(event(tlv(codec.EXCEPTION_EVENT, b"\0\x0eradio is busy.")), 1.0)

        assert heard.trouble == "The reader says: radio is busy."

    @pytest.mark.parametrize(
        "noise",
        [
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            b"\x04\x3d\xff\xff\xff\xff\0\0\0\1",
            b"\x04\x3d\0\0\0\2\0\0\0\1",
            message(codec.REPORT, 1, b"\0\xf0\xff\xff"),
            message(codec.REPORT, 1, b"\0\xf0\0"),
            message(codec.REPORT, 1, tlv(codec.TAG_REPORT, b"\xff")),
            message(codec.EVENT, 1, b"\0\xf6\0\1"),
        ],
    )
    def test_what_is_no_llrp_ends_the_connection_and_invents_no_tag(self, noise: bytes) -> None:
        heard = ready()

        assert heard.feed(noise, 1.0) == []
        assert heard.dead is not None
        assert heard.feed(message(codec.REPORT, 1, RECORDED), 1.0) == []
        heard.open(2.0)
        assert heard.dead is None


def talk(
    settings: LlrpSettings, *, before: Sequence[tuple[int, bool]] = (), **table: Any
) -> tuple[LlrpReader, LlrpMachine, list[Sign]]:
    """A machine and a simulated reader whose inputs stood like that before, back to back in memory."""
    reads: list[Sign] = []
    heard = LlrpMachine("gate-1", LlrpOptions.parse({"host": "10.0.0.40", **table}))
    transport = TcpTransport()
    field = RadioField(RadioSettings(antennas=4, read_probability=1.0, cross_probability=0.0))
    for antenna in range(1, 5):
        field.enter(f"{EPC[:-1]}{antenna}", antenna=antenna, now=0.0, dwell=1e12)
    reader = LlrpReader(transport, field, settings)

    def write(data: bytes) -> None:
        reads.extend(heard.feed(data, 0.0))
        for command in heard.commands():
            reader.hear(command)

    reader.inputs.update(before)
    transport.write = write  # type: ignore[method-assign]
    heard.open(0.0)
    reader._greet()
    return reader, heard, reads


def test_the_readers_own_words_are_understood_on_both_sides() -> None:
    reader, heard, reads = talk(LlrpSettings(), antennas=2, power_dbm=22)
    assert heard.ready

    reader._report()

    assert [(read.epc[-1], read.antenna) for read in reads if isinstance(read, TagRead)] == [("1", 1), ("2", 2)]
    # The largest of 10, 15, 20, 25 and 30 dBm that is not above 22.
    assert reader.power_cdbm == 2000


@pytest.mark.parametrize("on", [True, False])
def test_a_reader_whose_trigger_is_on_already_reads_at_once(on: bool) -> None:
    reader, heard, _reads = talk(LlrpSettings(), trigger="gpi", gpi_port=2, before=[(2, on)])

    assert heard.ready
    assert reader._reading is on
    reader.set_input(2, False)
    assert not reader._reading


@pytest.mark.parametrize(("level", "on"), [("high", True), ("low", False)])
def test_an_input_starts_and_stops_the_reading(level: str, on: bool) -> None:
    reader, heard, _reads = talk(LlrpSettings(), trigger="gpi", gpi_port=2, gpi_level=level, before=[(2, not on)])
    assert heard.ready
    assert not reader._reading

    reader.set_input(1, on)
    assert not reader._reading
    reader.set_input(2, on)
    assert reader._reading
    reader.set_input(2, not on)
    assert not reader._reading
    assert heard.counts["gpi_events"] == 3


def test_an_occupied_reader_says_so() -> None:
    _reader, heard, _reads = talk(LlrpSettings(greeting=2))

    assert heard.dead == "The reader at 10.0.0.40 refuses: another program is connected to it."


def test_both_sides_pack_alike() -> None:
    assert pack(61, 9, parameter(240)) == message(61, 9, tlv(240))
    assert list(parameters(RECORDED)) == [(240, RECORDED[4:])]
