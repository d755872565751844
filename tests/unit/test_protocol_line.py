"""Framing of scanner lines: whatever the chunks, the codes come out whole, once and unchanged."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocols.line import MAX_LENGTH, LineFramer, LineOptions
from gateway.protocols.options import OptionsError
from gateway.protocols.reads import CodeRead

GS1_CODE = b"]C10109506000134352\x1d21SER42"


def framer(suffix: str = "auto", **options: object) -> LineFramer:
    return LineFramer("scanner-1", LineOptions.parse({"port": "/dev/ttyS0", "suffix": suffix, **options}))


def codes(reads: list[CodeRead]) -> list[bytes]:
    assert all(read.fault is None for read in reads), reads
    return [read.raw for read in reads]


@pytest.mark.parametrize(
    ("suffix", "ending"),
    [
        ("auto", b"\r"),
        ("auto", b"\n"),
        ("auto", b"\r\n"),
        ("cr", b"\r"),
        # Told CR, and sent what most scanners send: the LF is no second code.
        ("cr", b"\r\n"),
        ("lf", b"\n"),
        ("crlf", b"\r\n"),
        ("tab", b"\t"),
    ],
)
def test_each_suffix_ends_a_code_whatever_the_chunks(suffix: str, ending: bytes) -> None:
    stream = GS1_CODE + ending + b"OLU00113" + ending
    machine = framer(suffix)

    reads = [read for at in range(len(stream)) for read in machine.feed(stream[at : at + 1])]

    assert codes(reads) == [GS1_CODE, b"OLU00113"]
    assert codes(framer(suffix).feed(stream)) == [GS1_CODE, b"OLU00113"]


def test_the_lf_after_a_known_cr_is_no_half_code_in_the_silence_that_follows() -> None:
    machine = framer("cr")

    machine.feed(b"OLU00113\r\n")

    assert not machine.waiting
    assert machine.idle() == []


@given(
    st.lists(st.binary(min_size=1, max_size=80).filter(lambda code: not set(code) & set(b"\r\n")), max_size=20),
    st.randoms(use_true_random=False),
)
def test_any_bytes_come_back_as_they_were_sent(sent: list[bytes], chance: random.Random) -> None:
    stream, machine, reads = b"\r\n".join([*sent, b""]), framer(), []

    while stream:
        size = chance.randint(1, 40)
        reads += machine.feed(stream[:size])
        stream = stream[size:]

    assert codes(reads) == sent
    assert machine.close() == []


def test_gs_and_other_control_bytes_are_kept() -> None:
    assert codes(framer("cr").feed(b"A\x1dB\x00\x02\tC\n\r")) == [b"A\x1dB\x00\x02\tC\n"]


def test_empty_lines_are_no_reads() -> None:
    assert framer().feed(b"\r\n\r\n\n\r") == []


def test_a_code_that_is_too_long_is_reported_once_and_its_rest_is_dropped() -> None:
    machine = framer("crlf")

    reads = machine.feed(b"X" * 5000) + machine.feed(b"Y" * 5000 + b"\r") + machine.feed(b"\nNEXT\r\n")

    assert [(len(read.raw), read.truncated) for read in reads] == [(MAX_LENGTH, True), (4, False)]
    assert reads[0].fault == "The code is longer than 4096 bytes and was cut."


def test_a_code_that_is_too_long_within_one_chunk_is_cut_too() -> None:
    reads = framer().feed(b"X" * 10_000 + b"\rNEXT\r")

    assert [(len(read.raw), read.truncated) for read in reads] == [(MAX_LENGTH, True), (4, False)]


def test_a_code_of_exactly_the_limit_is_whole() -> None:
    assert codes(framer().feed(b"X" * MAX_LENGTH + b"\r")) == [b"X" * MAX_LENGTH]


@pytest.mark.parametrize("suffix", ["auto", "crlf", "etx", "none"])
def test_an_endless_stream_never_fills_the_memory(suffix: str) -> None:
    machine = framer(suffix)

    reads = [read for _ in range(100) for read in machine.feed(b"Z" * 1000)]

    assert len(machine._buffer) <= MAX_LENGTH
    assert [read.truncated for read in reads] == [True]


class TestEnvelopes:
    """STX code ETX, as NCR and Metrologic scanners send it."""

    def test_the_envelope_is_taken_away(self) -> None:
        assert codes(framer("etx").feed(b"\x02CODE-1\x03\x02CODE-2\x03")) == [b"CODE-1", b"CODE-2"]

    def test_bytes_between_envelopes_are_counted_as_noise(self) -> None:
        machine = framer("etx")

        reads = machine.feed(b"\r\n\x02CODE-1\x03\x7f\x02CODE-2\x03")

        assert codes(reads) == [b"CODE-1", b"CODE-2"]
        assert machine.noise_bytes == 3

    def test_etx_alone_is_a_plain_suffix(self) -> None:
        assert codes(framer("etx").feed(b"CODE-1\x03")) == [b"CODE-1"]

    def test_an_envelope_cut_short_by_the_next_one_is_a_fault(self) -> None:
        half, whole = framer("etx").feed(b"\x02COD\x02CODE-2\x03")

        assert (half.raw, half.fault) == (b"COD", "The code was cut short by the next one.")
        assert (whole.raw, whole.fault) == (b"CODE-2", None)

    def test_noise_before_a_long_envelope_is_not_cut_into_it(self) -> None:
        machine = framer("etx")

        reads = machine.feed(b"n" * 4000 + b"\x02" + b"C" * 4000) + machine.feed(b"\x03")

        assert codes(reads) == [b"C" * 4000]


class TestSilence:
    def test_without_suffix_the_gap_ends_the_code(self) -> None:
        machine = framer("none", gap_ms=30)

        assert machine.feed(b"CODE") == []
        assert machine.feed(b"-1") == []
        assert machine.waiting
        assert machine.gap == 0.03
        assert codes(machine.idle()) == [b"CODE-1"]
        assert not machine.waiting

    def test_half_a_line_followed_by_silence_is_a_fault_and_does_not_spoil_the_next(self) -> None:
        machine = framer("cr")

        reads = machine.feed(b"HALF") + machine.idle() + machine.feed(b"WHOLE\r")

        assert [(read.raw, read.fault is None) for read in reads] == [(b"HALF", False), (b"WHOLE", True)]
        assert "check the suffix" in (reads[0].fault or "")

    def test_half_a_line_at_the_end_of_the_connection_is_a_fault(self) -> None:
        machine = framer("cr")
        machine.feed(b"HALF")

        (read,) = machine.close()

        assert (read.raw, read.fault) == (b"HALF", "The connection was lost in the middle of the code.")
        assert machine.close() == []

    def test_silence_with_nothing_pending_says_nothing(self) -> None:
        assert framer().idle() == []


class TestOptions:
    def test_defaults_fit_a_usual_scanner(self) -> None:
        options = LineOptions.parse({"port": "/dev/ttyS0", "name": "scanner-1", "driver": "serial_line"})

        assert (options.baud, options.suffix, options.ack, options.feedback) == (9600, "auto", "none", "none")

    def test_every_mistake_is_named_at_once_with_its_cure(self) -> None:
        wrong = {"baud": "fast", "sufix": "cr", "parity": "evn", "gap_ms": 1, "code_ids": {"bb": "C1"}, "colour": "red"}

        with pytest.raises(OptionsError) as caught:
            LineOptions.parse(wrong)

        assert caught.value.mistakes == (
            'sufix: there is no such option. Write "suffix" instead.',
            (
                "colour: there is no such option. Remove it, or use one of port, baud, data_bits, parity, stop_bits, "
                "flow, suffix, gap_ms, patience_ms, code_ids, ack, feedback, gs_substitutes, gcp_length."
            ),
            'port: missing. Add port = "/dev/serial/by-id/...".',
            'baud: expected a whole number, got "fast".',
            'parity: expected one of none, even, odd, got "evn". Write parity = "even".',
            "gap_ms: expected between 5 and 5000, got 1.",
            'code_ids: expected one letter and an AIM identifier such as b = "]C1", got bb = "C1".',
        )

    @pytest.mark.parametrize("code_ids", [{"bb": "]C1"}, {"b": "C1"}, {"b": 1}, "b"])
    def test_code_ids_must_be_letters_with_aim_identifiers(self, code_ids: object) -> None:
        with pytest.raises(OptionsError, match="code_ids: expected"):
            LineOptions.parse({"port": "/dev/ttyS0", "code_ids": code_ids})

    def test_true_is_not_a_number(self) -> None:
        with pytest.raises(OptionsError, match="baud: expected a whole number, got true"):
            LineOptions.parse({"port": "/dev/ttyS0", "baud": True})

    def test_an_empty_port_is_named(self) -> None:
        with pytest.raises(OptionsError, match="port: empty"):
            LineOptions.parse({"port": ""})

    def test_rules_carry_what_decode_needs(self) -> None:
        options = LineOptions.parse({"port": "p", "gs_substitutes": "~", "code_ids": {"b": "]C1"}, "gcp_length": 7})

        assert (options.rules.gs_substitutes, options.rules.code_ids, options.rules.gcp_length) == (
            "~",
            (("b", "]C1"),),
            7,
        )
