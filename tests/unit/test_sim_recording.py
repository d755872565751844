"""The file of a recording: what was written is read again, whatever the power cut left of its last line."""

import itertools
from pathlib import Path

import pytest

from simulators.cli import main
from simulators.recording.format import Chunk, Recorder, RecordingFault, parse_recording, read_recording

CHUNKS = (
    Chunk(0.0, False, b"\xbb\x00\x03"),
    Chunk(1.5, True, b"OLU00113\r\n"),
    Chunk(2.0, True, b'{"epc": "30"}', "readers/gate 1/events"),
    Chunk(2.5, True, b"", "/gate-1?a=b"),
)


def recorded(path: Path) -> str:
    times = itertools.chain([10.0], (10.0 + chunk.at for chunk in CHUNKS))
    with Recorder(path, "mqtt", clock=lambda: next(times), head={"begun": "2026-11-27T08:00:00Z"}) as recorder:
        for chunk in CHUNKS:
            recorder.note(chunk.data, to_host=chunk.to_host, place=chunk.place)
    return path.read_text()


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    text = recorded(tmp_path / "r")

    assert text.splitlines()[:5] == [
        "# orderlight-recording 1", "# device: mqtt", "# begun: 2026-11-27T08:00:00Z",
        "0.000000 > bb0003", "1.500000 < 4f4c5530303131330d0a",
    ]  # fmt: skip
    found = read_recording(tmp_path / "r")
    assert (found.kind, found.chunks, found.torn) == ("mqtt", CHUNKS, 0)


def test_wherever_the_power_goes_every_whole_line_is_kept(tmp_path: Path) -> None:
    text = recorded(tmp_path / "r")
    head = text.index("0.000000")

    for cut in range(head, len(text)):
        found = parse_recording(text[:cut])

        assert found.chunks == CHUNKS[: text[head:cut].count("\n")]
        assert found.torn == len(text[:cut].rpartition("\n")[2])


def test_a_block_of_nul_at_the_end_is_no_line(tmp_path: Path) -> None:
    text = recorded(tmp_path / "r")

    assert parse_recording(text + "\0" * 512).chunks == CHUNKS
    assert parse_recording(text + "\0" * 512 + "\n").chunks == CHUNKS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# something\n", "r:1: expected '# orderlight-recording 1'"),
        ("", "r:1: expected '# orderlight-recording 1'"),
        ("# orderlight-recording 1\n# device: pigeon\n", "with one of serial, keys, tcp, mqtt, http"),
        ("# orderlight-recording 1\n# device: tcp\n0.1 < 4f4\n", "r:3: expected SECONDS, < or >, hex"),
        ("# orderlight-recording 1\n# device: tcp\n0.1 = 4f\n", "r:3: expected"),
        ("# orderlight-recording 1\n# device: tcp\n-1 < 4f\n", "r:3: expected"),
    ],
)
def test_what_is_no_recording_is_told_with_its_line(text: str, words: str) -> None:
    with pytest.raises(RecordingFault, match=words):
        parse_recording(text, "r")


def test_a_recording_is_never_written_over(tmp_path: Path) -> None:
    text = recorded(tmp_path / "r")

    with pytest.raises(RecordingFault, match="is there already"), Recorder(tmp_path / "r", "tcp"):
        pass
    assert (tmp_path / "r").read_text() == text


def test_a_recording_goes_to_what_it_was_recorded_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(tmp_path / "r")

    assert main(["replay", str(tmp_path / "r"), str(tmp_path / "port")]) == 1
    assert "was recorded from mqtt and cannot go to a port or the network: use --broker" in capsys.readouterr().err


def test_a_recording_becomes_lines_for_the_gateways_own_replay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(tmp_path / "r")

    assert main(["replay", str(tmp_path / "r"), "--lines", "gate-1"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == '{"device": "gate-1", "hex": "4f4c5530303131330d0a"}'
