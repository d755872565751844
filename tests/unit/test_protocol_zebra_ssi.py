"""SSI packets as computed from the documents, lost answers, long codes, and verdicts at the scanner."""

import pytest

from gateway.protocols.reads import CodeRead
from gateway.protocols.zebra_ssi import (
    ANSWER_SECONDS,
    ATTEMPTS,
    PACKET_GAP,
    ZebraSsiMachine,
    ZebraSsiOptions,
    packet,
)
from simulators.devices.zebra_ssi import GS1_128, ZebraSsi, make_packet

EAN = bytes.fromhex("12F300000B35393031323334313233343537FC52")
EAN_AGAIN = make_packet(0xF3, EAN[4:-2], status=1)
ACK, NAK = bytes.fromhex("04D00400FF28"), bytes.fromhex("05D1040001FF25")
ENABLE = bytes.fromhex("04E90400FF0F")
SCANNER_ACK = make_packet(0xD0)


def machine(**table: object) -> ZebraSsiMachine:
    found = ZebraSsiMachine("scanner-1", ZebraSsiOptions.parse({"port": "/dev/ttyS3", **table}))
    found.open(0.0)
    found.commands()
    found.tick(0.0)
    assert found.commands() == [ENABLE]
    found.feed(SCANNER_ACK, 0.0)
    return found


def test_the_scanner_is_woken_and_made_to_scan_when_the_port_is_opened() -> None:
    fresh = ZebraSsiMachine("scanner-1", ZebraSsiOptions.parse({"port": "/dev/ttyS3"}))
    fresh.open(0.0)
    assert fresh.commands() == [b"\0"]
    fresh.tick(0.0)
    assert fresh.commands() == [ENABLE]


@pytest.mark.parametrize(
    ("opcode", "data", "expected"),
    [(0xD0, b"", "04D00400FF28"), (0xD1, b"\x01", "05D1040001FF25"), (0xE4, b"", "04E40400FF14"),
     (0xEA, b"", "04EA0400FF0E"), (0xE6, b"\0", "05E6040000FF11")],
)  # fmt: skip
def test_packets_are_those_of_the_documents(opcode: int, data: bytes, expected: str) -> None:
    assert packet(opcode, data) == bytes.fromhex(expected)


class TestCodes:
    def test_a_code_is_acknowledged_once_it_is_stored(self) -> None:
        heard = machine()

        (read,) = heard.feed(EAN, 1.0)
        assert read == CodeRead("scanner-1", b"]E05901234123457", delivery=1)
        assert heard.commands() == []

        heard.acknowledge(read)
        assert heard.commands() == [ACK]

    def test_a_code_that_could_not_be_stored_is_asked_for_again_and_new_then(self) -> None:
        heard = machine()
        (read,) = heard.feed(EAN, 1.0)
        heard.refuse(read)
        assert heard.commands() == [NAK]

        (again,) = heard.feed(EAN_AGAIN, 1.1)
        assert again.raw == read.raw

    def test_a_lost_ack_makes_no_second_read(self) -> None:
        heard = machine()
        (read,) = heard.feed(EAN, 1.0)
        assert heard.feed(EAN_AGAIN, 1.5) == []
        assert heard.commands() == []
        heard.acknowledge(read)
        assert heard.commands() == [ACK]

        assert heard.feed(EAN_AGAIN, 3.0) == []
        assert heard.commands() == [ACK]

    def test_the_same_label_scanned_again_is_a_second_read(self) -> None:
        heard = machine()
        (read,) = heard.feed(EAN, 1.0)
        heard.acknowledge(read)

        assert [read.raw for read in heard.feed(EAN, 2.0)] == [b"]E05901234123457"]

    def test_an_answer_for_an_earlier_connection_is_not_given_to_the_next(self) -> None:
        heard = machine()
        (read,) = heard.feed(EAN, 1.0)
        heard.open(2.0)
        heard.commands()
        heard.acknowledge(read)

        assert heard.commands() == []

    def test_a_code_in_several_packets_is_one(self) -> None:
        heard = machine()
        first = make_packet(0xF3, b"\x0f01095060001343", status=2)

        assert heard.feed(first, 1.0) == []
        assert heard.commands() == [ACK]
        # Its ACK was lost: the packet comes again and is not put in twice.
        assert heard.feed(make_packet(0xF3, b"\x0f01095060001343", status=3), 1.5) == []
        assert heard.commands() == [ACK]
        (read,) = heard.feed(make_packet(0xF3, b"\x0f52"), 2.0)

        assert read.raw == b"]C10109506000134352"

    def test_a_scanner_that_sends_its_aim_identifier_is_believed(self) -> None:
        (read,) = machine().feed(make_packet(0xF3, b"\x1b]d20109506000134352"), 1.0)

        assert read.raw == b"]d20109506000134352"

    def test_an_endless_code_is_cut_and_told_once(self) -> None:
        heard = machine()
        for _part in range(40):
            assert heard.feed(make_packet(0xF3, b"\x03" + b"A" * 240, status=2), 1.0) == []
        (read,) = heard.feed(make_packet(0xF3, b"\x03A"), 1.0)

        assert (len(read.raw), read.truncated) == (4096, True)
        assert read.fault is not None


class TestDamage:
    @pytest.mark.parametrize("at", range(len(EAN)))
    def test_a_flipped_bit_gives_no_code_and_the_packet_sent_again_does(self, at: int) -> None:
        heard = machine()
        broken = bytearray(EAN)
        broken[at] ^= 0x10
        assert heard.feed(bytes(broken), 1.0) == []
        heard.tick(1.0 + PACKET_GAP)

        assert [read.raw for read in heard.feed(EAN_AGAIN, 2.0)] == [b"]E05901234123457"]

    def test_other_packets_are_acknowledged_and_no_reads(self) -> None:
        heard = machine()
        assert heard.feed(make_packet(0xF6, b"\x01"), 1.0) == []
        assert heard.commands() == [ACK]


class TestVerdicts:
    def test_commands_go_one_by_one_each_after_the_answer_to_the_one_before(self) -> None:
        heard = machine()
        heard.feedback("stop")
        heard.tick(1.0)
        assert heard.commands() == [packet(0xE6, b"\x10")]
        heard.tick(1.0)
        assert heard.commands() == []

        heard.feed(SCANNER_ACK, 1.1)
        heard.tick(1.1)
        assert heard.commands() == [packet(0xE7, b"\x01")]

    def test_the_light_goes_out_with_the_next_good_scan(self) -> None:
        heard, sent = machine(), []
        for signal in ("stop", "ok", "ok"):
            heard.feedback(signal)
        for _time in range(6):
            heard.tick(1.0)
            sent += heard.commands()
            heard.feed(SCANNER_ACK, 1.0)

        assert [command[1] for command in sent] == [0xE6, 0xE7, 0xE6, 0xE8, 0xE6]

    def test_a_command_without_an_answer_is_sent_again_and_then_left(self) -> None:
        heard, sent, now = machine(led=False), [], 1.0
        heard.feedback("ok")
        heard.feedback("warn")
        for _time in range(ATTEMPTS + 1):
            heard.tick(now)
            sent += heard.commands()
            now += ANSWER_SECONDS

        assert [(command[3], command[4]) for command in sent] == [(0, 0), (1, 0), (1, 0), (0, 6)]
        assert heard.counts["unanswered"] == 1


def test_a_conversation_bears_lost_answers() -> None:
    """The scanner on a cable in memory, whose host answers at once; one answer in three is lost."""
    from simulators.devices.transport import MemoryTransport

    heard = machine()
    read: list[bytes] = []

    class Wire(MemoryTransport):
        def write(self, data: bytes) -> None:
            for found in heard.feed(data, 1.0):
                read.append(found.raw)
                heard.acknowledge(found)
            for command in heard.commands():
                self.host_sends(command)

    scanner = ZebraSsi(Wire(), patience=0.0)
    scanner.plug()
    for number in range(30):
        scanner.deaf = number % 3 == 2
        assert scanner.scan(f"CODE{number:04}{'X' * (500 if number == 7 else 0)}", GS1_128)

    assert [code[:11] for code in read] == [b"]C1CODE%04d" % number for number in range(30)]
    assert len(read[7]) == 511
    assert scanner.sent == 30 + 2 + 10
