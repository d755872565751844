"""Scenarios: every mistake with its line and key, equal bytes for equal seeds, and no waiting on their own clock."""

import time
from pathlib import Path

import pytest

from simulators.cli import main
from simulators.recording.format import read_recording
from simulators.scenario.commands import FOLDER
from simulators.scenario.document import ScenarioFault
from simulators.scenario.plan import parse_scenario, read_scenario
from simulators.scenario.run import check_faults, run_scenario

EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
HEAD = """\
devices:
  - {name: cut, kind: scanner, port: ports/cut}
  - {name: gate, kind: llrp, listen: 5084, antennas: 2}
steps:
"""


def traffic(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("name", EXAMPLES)
def test_equal_seeds_send_equal_bytes_and_others_do_not(name: str, tmp_path: Path) -> None:
    file, sent = str(FOLDER / f"{name}.yaml"), []
    for number, seed in enumerate(["5", "5", "6"]):
        folder = tmp_path / str(number)
        assert main(["scenario", "run", file, "--fast", "--seed", seed, "--record", str(folder), "--quiet"]) == 0
        sent.append(traffic(folder))

    assert sent[0] == sent[1]
    # The seed stands in the head of each file; the traffic after it differs, too.
    assert {name: data.split(b"# seed: 5\n")[1] for name, data in sent[0].items()} != {
        name: data.split(b"# seed: 6\n")[1] for name, data in sent[2].items()
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_counts_what_it_says_whatever_its_seed_and_waits_for_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: pytest.fail("it slept"))
    scenario = read_scenario(FOLDER / f"{name}.yaml")

    assert run_scenario(scenario, speed=None).failures == []


def test_eight_hours_pass_in_seconds_of_work() -> None:
    text = HEAD + (
        "  - plug: cut\n"
        "  - repeat: {times: 2880, every: 10, steps: [scan: {device: cut, code: OLU0011P}]}\n"
        "  - at: 8h\n"
        "    assert-counts: {device: cut, codes: 2880, faults: 0}\n"
    )
    began = time.process_time()

    outcome = run_scenario(parse_scenario("round: 1\n" + text, "day.yaml"), speed=None)

    assert outcome.failures == []
    assert outcome.counts["cut"]["codes"] == 2880
    # A thousandth of what passes in it, whatever else the machine does meanwhile.
    assert time.process_time() - began < 8 * 3600 / 1000


def test_counts_that_are_not_as_said_end_with_one_and_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(HEAD + "  - plug: cut\n  - at: 1\n    assert-counts: {device: cut, codes: 3}\n")

    assert main(["scenario", "run", str(file), "--fast"]) == 1
    assert f"{file}:7: cut: expected 3 codes, got 0." in capsys.readouterr().out


def test_a_code_that_nobody_could_take_is_counted_as_unsent() -> None:
    outcome = run_scenario(parse_scenario(HEAD + "  - scan: {device: cut, code: A}\n", "s.yaml"), speed=None)

    assert outcome.unsent["cut"] == 1
    assert outcome.lines() == ["cut: 1 unsent", "gate: nothing"]


def test_half_a_code_of_a_scanner_that_types_is_told_after_a_silence() -> None:
    text = "devices:\n  - {name: wedge, kind: keyboard, pipe: w}\nsteps:\n  - plug: wedge\n"
    text += "  - fault: {device: wedge, kind: half-frame}\n  - scan: {device: wedge, code: OLU0011P}\n"
    text += "  - at: 2\n    assert-counts: {device: wedge, codes: 0, faults: 1}\n"

    assert run_scenario(parse_scenario(text, "s.yaml"), speed=None).failures == []


def test_an_epc_of_digits_stays_what_it_is() -> None:
    scenario = parse_scenario(HEAD + "  - enter: {device: gate, tag: 300000000000000000000012}\n", "s.yaml")

    assert scenario.steps[0].code == "300000000000000000000012"


def test_an_empty_recording_is_one(tmp_path: Path) -> None:
    run_scenario(parse_scenario(HEAD + "  - plug: cut\n", "s.yaml"), speed=None, folder=tmp_path / "t")

    found = read_recording(tmp_path / "t" / "cut.rec")
    assert (found.kind, found.chunks) == ("serial", ())


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("  - bell: cut\n", ["s.yaml:5: steps[0].bell: there is no such key here; expected at, plug"]),
        ("  - plug: cat\n", ["s.yaml:5: steps[0].plug: expected one of cut, gate, got 'cat'."]),
        ("  - at: soon\n    plug: cut\n", ["s.yaml:5: steps[0].at: expected seconds, or a time such as 1h30m"]),
        ("  - scan: {device: cut}\n", ["s.yaml:5: steps[0].scan: code is missing."]),
        ("  - scan: {device: gate, code: A}\n", ["gate is a llrp and reads tags: use enter and leave."]),
        ("  - enter: {device: cut, tag: AAAA}\n", ["cut is a scanner and reads codes: use scan."]),
        ("  - enter: {device: gate, tag: goose}\n", ["steps[0].enter.tag: expected a name from tags, or an EPC"]),
        ("  - enter: {device: gate, tag: AAAA, antenna: 3}\n", ["steps[0].enter.antenna: gate has 2."]),
        ("  - fault: {device: cut, kind: rust}\n", ["steps[0].fault.kind: expected one of drop, lost-byte"]),
        ("  - fault: {device: cut, kind: noise, chance: 2}\n", ["steps[0].fault.chance: expected 0 to 1, got 2."]),
        ("  - fault: {device: cut, kind: wrong-baud, chance: 0.5}\n", ["take none."]),
        ("  - assert-counts: {device: cut}\n", ["expected at least one of codes, tags, reads, faults."]),
        ("  - assert-counts: {device: cut, codes: 1.5}\n", ["expected a whole number, got 1.5."]),
        ("  - plug: cut\n    at: 1\n    unplug: cut\n", ["s.yaml:5: steps[0]: expected at, and one of plug"]),
        ("  - repeat: {times: 500000, every: 1, steps: [plug: cut]}\n", ["repeat.times: expected 1 to 200000"]),
        ("  - repeat: {times: 9, every: 1, steps: [plug: cat]}\n", ["s.yaml:5: steps[0].repeat.steps[0].plug"]),
        ("  - plug: &here cut\n  - plug: *here\n", ["anchors and aliases are not read"]),
        ("  - plug: [cut\n", ["s.yaml:6: expected ',' or ']'"]),
        ("  - plug: !!python/object/apply:os.system [ls]\n", ["s.yaml:5: steps[0].plug: expected a text."]),
        ("  - at: 1\n    at: 2\n    plug: cut\n", ["steps[0].at: it is there twice."]),
        ("  - plug: cat\n  - scan: {device: cut}\n", ["s.yaml:5: steps[0].plug", "s.yaml:6: steps[1].scan"]),
    ],
)
def test_a_mistake_is_told_with_its_line_and_key(steps: str, words: list[str]) -> None:
    with pytest.raises(ScenarioFault) as told:
        parse_scenario(HEAD + steps, "s.yaml")

    lines = str(told.value).splitlines()
    assert len(lines) == len(words)
    for line, part in zip(lines, words, strict=True):
        assert part in line


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("scan: {device: wedge, code: aä}", "scan.code: Failed to type 'ä': expected a letter that a US keyboard has."),
        ("scan: {device: belt, code: ä}", "scan.code: a label of belt holds ASCII, got 'ä'."),
        ("enter: {device: belt, tag: AAAA}", "belt is a camera and reads codes: use scan."),
    ],
)
def test_what_a_keyboard_or_a_camera_cannot_be_shown_is_told(step: str, words: str) -> None:
    devices = "devices:\n  - {name: wedge, kind: keyboard, pipe: w}\n  - {name: belt, kind: camera, listen: 8554}\n"

    with pytest.raises(ScenarioFault) as told:
        parse_scenario(f"{devices}steps:\n  - {step}\n", "s.yaml")

    assert str(told.value).startswith("s.yaml:5: steps[0].")
    assert str(told.value).endswith(words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "s.yaml: it is empty."),
        ("[]", "s.yaml:1: expected a table with devices, steps."),
        ("devices: []\nsteps: []\n", "s.yaml:1: devices: expected a list with at least one entry."),
        (HEAD.replace("scanner", "goose") + "  - plug: gate\n", "s.yaml:2: devices[0].kind: expected one of scanner"),
        (
            HEAD.replace("port: ports/cut", "topic: a") + "  - plug: cut\n",
            "kind scanner needs port or listen or connect",
        ),
        (HEAD.replace("listen: 5084", "listen: 70000") + "  - plug: cut\n", "devices[1].listen: expected 1 to 65535"),
        (HEAD.replace("name: gate", "name: cut") + "  - plug: cut\n", "there are two devices cut."),
        (HEAD.replace("name: gate", "name: ../gate") + "  - plug: cut\n", "expected letters, digits"),
        ("start: yesterday\n" + HEAD + "  - plug: cut\n", "s.yaml:1: start: expected a moment such as"),
        ("[" * 600, "s.yaml: it is nested too deep."),
    ],
)
def test_a_mistake_above_the_steps_is_told_too(text: str, words: str) -> None:
    with pytest.raises(ScenarioFault) as told:
        parse_scenario(text, "s.yaml")

    assert words in str(told.value)


def test_of_a_kind_that_is_unknown_nothing_more_is_said() -> None:
    with pytest.raises(ScenarioFault) as told:
        parse_scenario(HEAD.replace("scanner", "goose") + "  - scan: {device: cut, code: A}\n", "s.yaml")

    assert len(str(told.value).splitlines()) == 1


def test_a_fault_that_a_device_cannot_have_is_refused_with_its_line() -> None:
    scenario = parse_scenario(HEAD + "  - plug: gate\n  - fault: {device: gate, kind: wrong-baud}\n", "s.yaml")

    with pytest.raises(ScenarioFault, match=r"s\.yaml:6: gate cannot have wrong-baud: A connection"):
        check_faults(scenario)


def test_a_file_is_checked_and_those_that_come_along_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "list"]) == 0
    assert main(["scenario", "check", "shift"]) == 0
    out = capsys.readouterr().out

    assert [name for name in EXAMPLES if name in out] == EXAMPLES
    assert out.endswith("52 steps in 70 s. It is sound.\n")
    assert main(["scenario", "check", "no-such-file.yaml"]) == 1
    assert "There is no file no-such-file.yaml; those that come along are bad-line" in capsys.readouterr().err


def test_a_step_without_a_time_happens_at_the_moment_of_the_one_before_it() -> None:
    text = """
devices: [{name: s, kind: scanner, port: p}]
steps:
  - plug: s
  - at: 2
    scan: {device: s, code: A}
  - scan: {device: s, code: B}
  - repeat: {times: 2, every: 10, steps: [{scan: {device: s, code: C}}, {at: 3, unplug: s}, {plug: s}]}
  - assert-counts: {device: s, codes: 2}
"""
    steps = parse_scenario(text, "file").steps

    assert [(step.at, step.act) for step in steps] == [
        (0.0, "plug"), (2.0, "scan"), (2.0, "scan"), (2.0, "scan"), (2.0, "assert-counts"),
        (5.0, "unplug"), (5.0, "plug"), (12.0, "scan"), (15.0, "unplug"), (15.0, "plug"),
    ]  # fmt: skip
