"""What the server would not take is looked at, sent again, or forgotten, and is said to take room meanwhile."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import main
from gateway.cli.words import status as status_in_words
from gateway.outbox import Outbox, OutboxFull, Quota
from gateway.pipeline.aside import act
from gateway.pipeline.door import Door
from orderlight.events import Event, EventKind

QUOTA = Quota(min_free_bytes=0, ballast_bytes=4096)
AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CONFIG = """
[gateway]
name = "gw-hall-1"
data_dir = "{folder}"

[server]
url = "http://127.0.0.1:9"
key_file = "gateway.key"
"""


def scan(code: str) -> Event:
    return Event(sequence=0, kind=EventKind.CODE_SCANNED, observed_at=AT, reader="scanner-1", code=code)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """Two events set aside, of three that were scanned."""
    box = Outbox.open(tmp_path, QUOTA)
    for code in ("BAD-1", "GOOD", "BAD-2"):
        sequence = box.append(scan(code)).wait(5)
        if code != "GOOD":
            box.set_aside(box.epoch, sequence, "422: No field may hold NUL.", 1.5)
    yield box
    box.close()


def fill(box: Outbox) -> None:
    for _ in range(1000):
        try:
            box.append(scan("x" * 1000)).wait(5)
        except OutboxFull:
            return
    raise AssertionError("The outbox never became full.")


def codes(box: Outbox) -> list[tuple[int, object]]:
    parcel = box.oldest(500, 512 * 1024)
    told = [] if parcel is None else [json.loads(body) for body in parcel.bodies]
    return [(body["sequence"], body.get("code")) for body in told]


def test_they_are_listed_with_what_the_server_said_and_what_was_read(outbox: Outbox) -> None:
    listed: Any = act(outbox, {"do": "list"})["events"]

    assert [(each["sequence"], each["event"]["code"]) for each in listed] == [(2, "BAD-1"), (4, "BAD-2")]
    assert {each["reason"] for each in listed} == {"422: No field may hold NUL."}


def test_one_sent_again_goes_out_under_a_new_number_and_no_longer_lies_aside(outbox: Outbox) -> None:
    told: Any = act(outbox, {"do": "retry", "epoch": outbox.epoch, "sequence": 2})["events"]

    assert told[0]["sent_as"] == {"epoch": outbox.epoch, "sequence": 5}
    assert codes(outbox) == [(1, None), (3, "GOOD"), (5, "BAD-1")]
    assert [kept.sequence for kept in outbox.events_set_aside()] == [4]
    assert outbox.figures().backlog == 3


def test_all_are_forgotten_for_good_and_the_waiting_ones_stay(outbox: Outbox) -> None:
    before = outbox.figures()

    told: Any = act(outbox, {"do": "discard", "all": True})["events"]

    after = outbox.figures()
    assert [each["done"] for each in told] == [True, True]
    assert (before.set_aside, after.set_aside) == (2, 0)
    assert before.set_aside_bytes > after.set_aside_bytes == 0
    assert (before.backlog, codes(outbox)) == (after.backlog, [(1, None), (3, "GOOD")])


def test_one_that_finds_no_room_stays_aside_with_the_reason(tmp_path: Path) -> None:
    quota = replace(QUOTA, max_bytes=200_000)
    box = Outbox.open(tmp_path, quota)
    sequence = box.append(scan("BAD")).wait(5)
    box.set_aside(box.epoch, sequence, "422: no.", 1.5)
    fill(box)

    told: Any = act(box, {"do": "retry", "all": True})["events"]

    assert told[0]["done"] is False
    assert "Outbox is full" in told[0]["fault"]
    assert len(box.events_set_aside()) == 1
    box.close()


def test_the_status_says_how_much_room_they_take() -> None:
    outbox = {"backlog": 3, "set_aside": 2, "set_aside_bytes": 12345, "shed": 0, "full": None}

    text = status_in_words({"gateway": "gw", "running": False, "outbox": outbox})

    assert "takes 12,345 bytes of its room; see orderlight-gateway set-aside." in text


def run(folder: Path, *arguments: str) -> int:
    config = folder / "gateway.toml"
    (folder / "gateway.key").write_text("ol_abcdefgh_secret")
    (folder / "gateway.key").chmod(0o600)
    config.write_text(CONFIG.format(folder=folder))
    return main(["set-aside", "--config", str(config), *arguments])


def test_the_command_asks_the_running_gateway(
    outbox: Outbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    door = Door(tmp_path, {"set_aside": lambda wanted: act(outbox, wanted)}, lambda watch: None)
    door.start()
    try:
        done = run(tmp_path, "--discard", f"{outbox.epoch}/2")
        again = run(tmp_path, "--discard", f"{outbox.epoch}/2")
    finally:
        door.stop()

    said = capsys.readouterr().out
    assert (done, again) == (0, 1)
    assert "422: No field may hold NUL. (code_scanned, BAD-1) - is forgotten." in said
    assert "No such event is set aside." in said


def test_without_a_running_gateway_the_command_opens_the_outbox(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "--list") == 0
    assert "Nothing is set aside." in capsys.readouterr().out
    box = Outbox.open(tmp_path, QUOTA)
    box.set_aside(box.epoch, box.append(scan("BAD")).wait(5), "422: no.", 1.5)
    box.close()

    assert run(tmp_path, "--list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert run(tmp_path, "--retry", "all") == 0

    assert listed[0]["event"]["code"] == "BAD"
    box = Outbox.open(tmp_path, QUOTA)
    assert box.events_set_aside() == []
    box.close()


def test_a_mistyped_event_is_told_with_the_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "--retry", "9f3c") == 1
    assert "Expected EPOCH/SEQUENCE" in capsys.readouterr().err


@pytest.mark.parametrize(
    "spoil",
    [lambda text: text.replace("http://", ""), lambda text: text + "[outbox]\nmax_bytes = lots\n"],
    ids=["a mistake", "no TOML"],
)
def test_a_mistake_in_gateway_toml_keeps_nobody_from_asking_the_gateway_that_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: Callable[[str], str]
) -> None:
    run(tmp_path)
    config = tmp_path / "gateway.toml"
    config.write_text(spoil(config.read_text()))
    capsys.readouterr()
    at_rest = [main([command, "--config", str(config)]) for command in ("status", "tail", "set-aside", "rotate-key")]
    door = Door(tmp_path, {"status": lambda _wanted: {"running": True, "said": "well"}}, lambda watch: None)
    door.start()
    try:
        running = main(["status", "--json", "--config", str(config)])
    finally:
        door.stop()

    assert (at_rest, running) == ([78] * 4, 0)
    assert '"said": "well"' in capsys.readouterr().out
