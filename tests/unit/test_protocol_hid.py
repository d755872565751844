"""Typed keys become codes: layouts, GS, numbers while Alt is held, lost keys, and half a code."""

import string
import threading
from pathlib import Path

import pytest

from gateway.protocols.hid import EVENT, HidMachine, HidOptions
from gateway.protocols.options import OptionsError
from gateway.protocols.reads import CodeRead
from gateway.sources import SourceLost, make_source
from simulators.devices.keyboard import event, press, typed

ENTER = press(28)


def machine(**table: object) -> HidMachine:
    found = HidMachine("scanner-7", HidOptions.parse({"port": "/dev/input/event7", **table}))
    found.open(0.0)
    return found


def codes(reads: list[CodeRead]) -> list[str]:
    assert all(read.fault is None for read in reads)
    return [read.raw.decode() for read in reads]


@pytest.mark.parametrize("alt", [False, True])
def test_every_printable_character_is_read_as_it_was_typed(alt: bool) -> None:
    text = string.digits + string.ascii_letters + string.punctuation + " "

    assert codes(machine().feed(typed(text, alt=alt) + ENTER, 1.0)) == [text]


def test_with_alt_the_layout_does_not_matter() -> None:
    assert codes(machine(layout="de").feed(typed("]C1y-z/äß\x1d", alt=True) + ENTER, 1.0)) == ["]C1y-z/äß\x1d"]


def test_a_german_scanner_is_read_by_its_own_layout() -> None:
    keys = press(21) + press(44) + press(53) + press(8, 42) + press(10, 100) + press(12) + press(26, 42)

    assert codes(machine(layout="de").feed(keys + ENTER, 1.0)) == ["zy-/]ßÜ"]
    assert codes(machine(layout="us").feed(press(21) + press(44) + ENTER, 1.0)) == ["yz"]


def test_gs_is_typed_as_control_and_bracket_or_as_f8() -> None:
    assert codes(machine().feed(typed("]C110A\x1d21B") + press(66) + typed("C") + ENTER, 1.0)) == ["]C110A\x1d21B\x1dC"]


def test_either_enter_ends_a_code_and_tab_where_it_is_set() -> None:
    assert codes(machine().feed(typed("A") + ENTER + typed("B") + press(96) + ENTER, 1.0)) == ["A", "B"]
    assert codes(machine(suffix="tab").feed(typed("A") + press(15), 1.0)) == ["A"]


def test_keys_that_are_held_are_typed_once() -> None:
    held = event(1, 30, 1) + event(1, 30, 2) * 5 + event(1, 30, 0)

    assert codes(machine().feed(held + ENTER, 1.0)) == ["a"]


def test_a_code_with_lost_keys_is_a_fault_and_the_next_is_whole() -> None:
    heard = machine()
    lost = event(1, 42, 1) + event(0, 3, 0)

    (broken,) = heard.feed(typed("OLU0") + lost + typed("0113") + ENTER, 1.0)

    assert (broken.raw, broken.fault) == (b"OLU00113", "Keys were lost in the middle of the code.")
    assert codes(heard.feed(typed("ok") + ENTER, 2.0)) == ["ok"]


def test_half_a_code_is_a_fault_after_a_silence() -> None:
    heard = machine()
    heard.feed(typed("OLU0"), 1.0)
    assert heard.tick(1.4) == []
    assert heard.next_at() == 1.5

    (read,) = heard.tick(1.5)

    assert (read.raw, read.fault) == (b"OLU0", "The code ended without its key; check the suffix of this scanner.")
    assert heard.next_at() == float("inf")


def test_an_endless_code_is_cut() -> None:
    (read,) = machine().feed(press(30) * 5000 + ENTER, 1.0)

    assert (len(read.raw), read.truncated) == (4096, True)


def test_events_may_come_in_any_pieces_and_other_kinds_are_no_keys() -> None:
    heard, stream = machine(), typed("OLU00113") + event(4, 4, 458792) + event(17, 0, 1) + ENTER
    reads = [read for at in range(0, len(stream), 7) for read in heard.feed(stream[at : at + 7], 1.0)]

    assert codes(reads) == ["OLU00113"]
    assert len(stream) % EVENT.size == 0


def test_what_is_no_input_device_is_told(tmp_path: Path) -> None:
    plain = tmp_path / "event7"
    plain.write_bytes(b"")
    source = make_source("scanner-7", HidOptions.parse({"port": str(plain)}), gateway="gw-1")

    with pytest.raises(SourceLost, match="cannot be taken for us alone: Inappropriate ioctl for device"):
        source.run(lambda _read: None, threading.Event(), lambda _state: None)


def test_a_number_is_no_path() -> None:
    with pytest.raises(OptionsError, match="port: expected a path"):
        HidOptions.parse({"port": "event7"})
