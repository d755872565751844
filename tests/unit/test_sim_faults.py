"""What faults make of bytes: seeded, and nothing but what was begun."""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simulators.cli import main
from simulators.devices.keyboard import Keyboard
from simulators.devices.llrp import LlrpReader
from simulators.devices.poster import Poster
from simulators.devices.r700 import R700
from simulators.devices.scanner import Scanner
from simulators.devices.tcp import MemoryNetwork, TcpTransport
from simulators.devices.transport import MemoryTransport, PipeTransport
from simulators.devices.trouble import Trouble, add_trouble, obeying, trouble_of
from simulators.faults import LASTING, MEANINGS, Fault, FaultRefused, Faults, heard_at, parse_fault
from simulators.radio import RadioField

FRAME = b"\x02OLU00113\x03"
BEFALL = [fault for fault in Fault if fault not in (*LASTING, Fault.REBOOT)]


def spoiled(seed: int, fault: Fault, chance: float = 0.3) -> list[tuple[bytes, ...]]:
    faults = Faults(seed)
    faults.begin(fault, chance)
    return [faults.spoil(FRAME).pieces for _ in range(200)]


@pytest.mark.parametrize("fault", BEFALL)
def test_equal_seeds_spoil_alike_and_others_do_not(fault: Fault) -> None:
    assert spoiled(7, fault) == spoiled(7, fault) != spoiled(8, fault)


@pytest.mark.parametrize("fault", BEFALL)
def test_a_chance_befalls_its_share_of_the_pieces_and_leaves_the_others_whole(fault: Fault) -> None:
    whole = [pieces == (FRAME,) for pieces in spoiled(7, fault)].count(True)

    assert 120 <= whole <= 160


def test_each_fault_does_what_it_says() -> None:
    def once(fault: Fault) -> tuple[bytes, ...]:
        return spoiled(1, fault, 1.0)[0]

    assert once(Fault.DROP) == ()
    assert once(Fault.DUPLICATE) == (FRAME, FRAME)
    assert len(once(Fault.LOST_BYTE)[0]) == len(FRAME) - 1
    assert once(Fault.NOISE)[1] == FRAME
    (half,) = once(Fault.HALF_FRAME)
    assert FRAME.startswith(half)
    assert len(half) < len(FRAME)


def test_an_ended_fault_leaves_everything_whole() -> None:
    faults = Faults()
    faults.begin(Fault.DROP)
    faults.end(Fault.DROP)

    assert faults.spoil(FRAME).pieces == (FRAME,)
    assert faults.active() == {}


def test_the_clock_runs_on_from_the_year_2000() -> None:
    now, faults = datetime(2026, 11, 27, 8, tzinfo=UTC), Faults()
    assert faults.clock(now) == now
    faults.begin(Fault.CLOCK_2000)

    assert faults.clock(now) == datetime(2000, 1, 1, tzinfo=UTC)
    assert faults.clock(now + timedelta(seconds=5)) == datetime(2000, 1, 1, 0, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(("sent", "heard"), [(115_200, 9600), (9600, 115_200), (19_200, 9600), (9600, 19_200)])
def test_at_another_rate_no_frame_arrives(sent: int, heard: int) -> None:
    got = heard_at(FRAME * 20, sent=sent, heard=heard)

    assert got
    assert b"OLU00113" not in got


def test_a_rate_that_is_two_percent_off_is_still_understood() -> None:
    assert heard_at(FRAME, sent=9600, heard=9800) == FRAME


@pytest.mark.parametrize("text", ["bell", "noise=loud", ""])
def test_a_fault_that_is_none_is_refused_with_the_list(text: str) -> None:
    with pytest.raises(FaultRefused, match="expected one of drop, lost-byte"):
        parse_fault(text)


@pytest.mark.parametrize(("fault", "chance"), [(Fault.NOISE, 0.0), (Fault.NOISE, 1.5), (Fault.WRONG_BAUD, 0.5)])
def test_a_chance_that_is_none_is_refused(fault: Fault, chance: float) -> None:
    with pytest.raises(FaultRefused, match="chance"):
        Faults().begin(fault, chance)


def test_what_has_no_meaning_for_a_device_is_refused_with_a_sentence(tmp_path: Path) -> None:
    refused = [
        (Scanner(MemoryTransport()), Fault.CLOCK_2000, "This device tells no times."),
        (Scanner(TcpTransport()), Fault.WRONG_BAUD, "A connection over TCP has no baud rate."),
        (LlrpReader(MemoryNetwork(), RadioField()), Fault.LOST_BYTE, "TCP brings every byte or none."),
        (R700([].append, RadioField()), Fault.WRONG_BAUD, "A network has no baud rate."),  # type: ignore[arg-type]
        (Poster(1), Fault.LOST_BYTE, "A network brings a message whole or not at all"),
        (
            Keyboard(PipeTransport(tmp_path / "k")),
            Fault.NOISE,
            "The kernel passes on nothing that is no event of a key.",
        ),
        (Scanner(MemoryTransport()), Fault.REBOOT, "A reboot is a moment"),
    ]
    for device, fault, sentence in refused:
        with pytest.raises(FaultRefused, match=sentence):
            device.faults.begin(fault)


def test_every_fault_has_its_meaning_and_its_place_in_the_reference() -> None:
    reference = Path("docs/reference/simulators.md").read_text()

    assert set(MEANINGS) == set(Fault)
    assert [fault for fault in Fault if f"`{fault}`" not in reference] == []


def test_faults_are_begun_listed_and_ended_by_hand() -> None:
    scanner, said = Scanner(MemoryTransport()), []
    typed = ["/fault noise 0.2\n", "/faults\n", "/end noise\n", "/fault clock-2000\n", "/fault\n", "/reboot 0\n", "A\n"]

    left = list(obeying(scanner, typed, said.append))

    assert left == ["A\n"]
    assert said[0] == "begun: noise, chance 0.2"
    assert "noise       random bytes come before it (on, chance 0.2)" in said[1]
    assert said[2:4] == ["ended: noise", "clock-2000: This device tells no times."]
    assert said[4].startswith("Name a fault: drop, lost-byte")
    assert said[5] == "rebooted, after 0 s away"
    assert scanner.faults.active() == {}


def test_faults_come_from_the_command_line() -> None:
    parser = argparse.ArgumentParser()
    add_trouble(parser)

    trouble = trouble_of(parser.parse_args(["--fault", "noise=0.2", "--fault", "wrong-baud", "--seed", "5"]))

    assert trouble == Trouble(5, ((Fault.NOISE, 0.2), (Fault.WRONG_BAUD, 1.0)))


def test_a_device_is_not_started_with_a_fault_it_cannot_have(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["device", "poster", "1", "--fault", "wrong-baud"]) == 1
    assert capsys.readouterr().err == "wrong-baud: A network has no baud rate.\n"
