"""Camera and drop folder against a worker of a few lines of Python: what they do when it answers, hangs or dies."""

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.protocols.pictures import CameraOptions, DropFolderOptions
from gateway.protocols.reads import CodeRead, DevicePhase, DeviceState, Read
from gateway.sources import SourceLost, make_source, picture_process
from gateway.sources.camera import CameraSource
from gateway.sources.drop_folder import DropFolderSource
from gateway.sources.picture_folder import PictureFolder

#: Answers a picture by its content: hang, die, nothing, or the codes in it, one a line.
READS_TEXT = """
import base64, json, pathlib, sys, time
print('{"ready": true}', flush=True)
for line in sys.stdin:
    text = pathlib.Path(json.loads(line)["path"]).read_text()
    if text == "hang": time.sleep(600)
    if text == "die": sys.exit(3)
    codes = [] if text == "nothing" else text.split()
    found = [{"symbology": "Code128", "raw": base64.b64encode(code.encode()).decode()} for code in codes]
    print(json.dumps({"found": found}), flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(picture_process, "COMMAND", (sys.executable, "-c", READS_TEXT))
    return tmp_path


class Run:
    """A source in a thread of its own, with everything it said; reads are stored at once unless `refuse` is set."""

    def __init__(self, source: CameraSource | DropFolderSource) -> None:
        self.source = source
        self.refuse = False
        self.lost: str | None = None
        self.reads: list[CodeRead] = []
        self.phases: list[DevicePhase] = []
        self._stop, self._news = threading.Event(), threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.source.run(self._take, self._stop, self._hear)
        except SourceLost as lost:
            self.lost = lost.reason

    def _take(self, read: Read) -> None:
        assert isinstance(read, CodeRead)
        (self.source.refuse if self.refuse else self.source.acknowledge)(read)
        with self._news:
            self.reads.append(read)
            self._news.notify_all()

    def _hear(self, state: DeviceState) -> None:
        self.phases.append(state.phase)

    def wait_for(self, count: int) -> list[bytes]:
        with self._news:
            assert self._news.wait_for(lambda: len(self.reads) >= count, 20.0), self.lost
        return [read.raw for read in self.reads]

    def join(self) -> None:
        self._thread.join(20.0)
        assert not self._thread.is_alive()

    def end(self) -> None:
        self._stop.set()
        self.source.cancel()
        self.join()


@pytest.fixture
def runs() -> Iterator[list[Run]]:
    started: list[Run] = []
    yield started
    for run in started:
        run.end()


def watch(folder: Path, runs: list[Run], **options: object) -> Run:
    table = {"folder": str(folder), "poll_ms": 20, "stable_ms": 0, **options}
    source = make_source("inbox-1", DropFolderOptions.parse(table), gateway="gw-1")
    assert isinstance(source, DropFolderSource)
    runs.append(Run(source))
    return runs[-1]


def about(folder: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def test_codes_are_emitted_and_the_picture_is_done_once_they_are_stored(folder: Path, runs: list[Run]) -> None:
    (folder / "a.png").write_text("OLU0011P OLU0012N")

    run = watch(folder, runs)

    assert run.wait_for(2) == [b"OLU0011P", b"OLU0012N"]
    run.end()
    assert [read.picture for read in run.reads] == ["a.png", "a.png"]
    assert [note["codes"] for note in about(folder / "done")] == [["OLU0011P", "OLU0012N"]]
    assert run.phases == [DevicePhase.CONNECTING, DevicePhase.READY, DevicePhase.STOPPED]


def test_a_picture_is_read_once_also_over_a_restart_and_under_another_name(folder: Path, runs: list[Run]) -> None:
    (folder / "a.png").write_text("OLU0011P")
    first = watch(folder, runs)
    first.wait_for(1)
    first.end()

    (folder / "b.png").write_text("OLU0011P")
    (folder / "c.png").write_text("OLU0012N")
    second = watch(folder, runs)

    assert second.wait_for(1) == [b"OLU0012N"]
    assert second.source.counters()["repeated"] == 1


def test_a_picture_whose_codes_found_no_room_stays_and_is_read_again(folder: Path, runs: list[Run]) -> None:
    (folder / "a.png").write_text("OLU0011P")
    run = watch(folder, runs)
    run.refuse = True
    run.wait_for(1)

    run.refuse = False

    assert set(run.wait_for(len(run.reads) + 1)) == {b"OLU0011P"}
    run.end()
    assert len(about(folder / "done")) == 1


def test_what_cannot_be_read_is_kept_in_failed_with_the_reason(folder: Path, runs: list[Run]) -> None:
    (folder / "a.png").write_text("nothing")
    (folder / "b.png").write_text("OLU0011P")

    run = watch(folder, runs)
    run.wait_for(1)
    run.end()

    assert [note["error"] for note in about(folder / "failed")] == ["No code was found in the picture."]


@pytest.mark.parametrize("fate", ["hang", "die"])
def test_a_picture_that_kills_or_holds_its_reader_fails_and_the_next_one_is_read(
    folder: Path, runs: list[Run], fate: str
) -> None:
    (folder / "a.png").write_text(fate)
    (folder / "b.png").write_text("OLU0011P")

    run = watch(folder, runs, patience_s=1)

    assert run.wait_for(1) == [b"OLU0011P"]
    assert run.source.counters()["restarts"] == 1
    assert "was not read within 1 s, or it ended the process" in str(about(folder / "failed")[0]["error"])


def test_a_file_is_whole_when_it_stopped_growing(tmp_path: Path) -> None:
    now = 0.0
    inbox = PictureFolder(tmp_path, 1.0, monotonic=lambda: now)
    picture = tmp_path / "a.png"
    picture.write_bytes(b"half")
    for name in ("b.png.part", ".hidden", "empty.png"):
        (tmp_path / name).write_bytes(b"x" if name != "empty.png" else b"")

    first = inbox.whole()
    now = 0.9
    picture.write_bytes(b"half and the rest")
    second = inbox.whole()
    now = 1.8
    third = inbox.whole()
    now = 2.0

    assert [first, second, third, inbox.whole()] == [[], [], [], [picture]]


# --- camera ---


def camera(monkeypatch: pytest.MonkeyPatch, runs: list[Run], script: str, tmp_path: Path, **options: object) -> Run:
    monkeypatch.setattr(picture_process, "COMMAND", (sys.executable, "-c", script))
    parsed = CameraOptions.parse({"device": "rtsp://camera.example/1", **options})
    source = make_source("cam-1", parsed, gateway="gw-1", evidence=tmp_path)
    assert isinstance(source, CameraSource)
    runs.append(Run(source))
    return runs[-1]


def test_reads_of_a_camera_name_their_picture(monkeypatch: pytest.MonkeyPatch, runs: list[Run], tmp_path: Path) -> None:
    script = (
        "import time\n"
        """print('{"ready": true}\\n{"found": [{"raw": "T0xVMDAxMVA="}], "picture": "p.jpg"}', flush=True)\n"""
        """print('{"frames": 9, "dropped": 4, "searched": 2}', flush=True)\ntime.sleep(600)"""
    )

    run = camera(monkeypatch, runs, script, tmp_path)
    run.wait_for(1)

    assert (run.reads[0].raw, run.reads[0].picture) == (b"OLU0011P", "p.jpg")
    assert (tmp_path / "cam-1").is_dir()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("""print('{"lost": "closed"}', flush=True); input()""", "cannot be opened. Plug it in"),
        ("""print('{"ready": true}\\n{"lost": "ended"}', flush=True); input()""", "sends no more frames"),
        ("""print('{"ready": true}', flush=True); import time; time.sleep(600)""", "sent nothing for 1 s"),
        ("raise SystemExit(3)", "or its process ended"),
    ],
)
def test_a_camera_that_goes_away_is_lost_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, runs: list[Run], tmp_path: Path, script: str, reason: str
) -> None:
    run = camera(monkeypatch, runs, script, tmp_path, patience_s=1)
    run.join()

    assert reason in str(run.lost)


def test_a_gateway_without_the_libraries_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, runs: list[Run], tmp_path: Path
) -> None:
    monkeypatch.setattr(picture_process, "missing", lambda: "Pictures need zxing-cpp.")

    run = camera(monkeypatch, runs, "", tmp_path)
    run.join()

    assert run.lost == "Pictures need zxing-cpp."


def test_the_password_of_an_address_comes_from_its_file(
    monkeypatch: pytest.MonkeyPatch, runs: list[Run], tmp_path: Path
) -> None:
    options = {"device": "rtsp://gw:{password}@camera", "password_file": str(tmp_path / "none")}

    run = camera(monkeypatch, runs, "", tmp_path, **options)
    run.join()

    assert run.lost == f"password_file {tmp_path}/none cannot be read: No such file or directory."
