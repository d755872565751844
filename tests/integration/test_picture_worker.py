"""The real worker process: a camera's stream and a folder of pictures, read by OpenCV and zxing-cpp."""

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from gateway.protocols.pictures import CameraOptions, DropFolderOptions
from gateway.protocols.reads import CodeRead, Read
from gateway.sources import SourceLost, make_source
from simulators.camera.labels import Code, draw_label
from simulators.camera.scenes import View, take
from simulators.camera.shell import write_set
from simulators.camera.stream import Belt, CameraServer


def test_labels_on_a_belt_are_read_from_a_network_camera_until_its_cable_is_pulled(tmp_path: Path) -> None:
    belt = Belt(View(noise=6, blur=0.6, contrast=0.9))
    server = CameraServer(belt.frame)
    server.start()
    source = make_source("cam-1", CameraOptions.parse({"device": server.address}), gateway="gw-1", evidence=tmp_path)
    reads: list[CodeRead] = []
    news, lost = threading.Condition(), threading.Event()

    def emit(read: Read) -> None:
        assert isinstance(read, CodeRead)
        with news:
            reads.append(read)
            news.notify()

    def run() -> None:
        with pytest.raises(SourceLost, match=r"sends no more frames|sent nothing"):
            source.run(emit, threading.Event(), lambda state: None)
        lost.set()

    threading.Thread(target=run, daemon=True).start()
    belt.put(Code("Code128", "OLU0011P"))
    belt.put(Code("Code39", "BIN7"))
    with news:
        assert news.wait_for(lambda: {read.raw for read in reads} >= {b"]C0OLU0011P", b"]A0BIN7"}, 30.0), reads
    server.stop()

    assert lost.wait(20.0)
    pictures = {read.picture for read in reads} - {None}
    # The same label in the next frames needs no second picture.
    assert 2 <= len(pictures) < len(reads)
    assert {path.name for path in (tmp_path / "cam-1").iterdir()} == pictures


def test_a_folder_reads_what_is_a_picture_and_says_why_the_rest_is_none(tmp_path: Path) -> None:
    frame = take(draw_label(Code("Code128", "OLU0011P"), 3), View(angle=37), np.random.default_rng(1))
    _done, png = cv2.imencode(".png", frame)
    (tmp_path / "wrong-name.txt").write_bytes(png.tobytes())
    (tmp_path / "half.png").write_bytes(png.tobytes()[:2000])
    (tmp_path / "paper.png").write_bytes(b"%PDF-1.7")
    options = DropFolderOptions.parse({"folder": str(tmp_path), "poll_ms": 20, "stable_ms": 0})
    source = make_source("inbox-1", options, gateway="gw-1")
    stop = threading.Event()
    reads: list[Read] = []

    def emit(read: Read) -> None:
        reads.append(read)
        source.acknowledge(read)

    thread = threading.Thread(target=source.run, args=(emit, stop, lambda state: None), daemon=True)
    thread.start()
    deadline = threading.Event()
    while len(list(tmp_path.glob("*/*.json"))) < 3 and thread.is_alive():
        deadline.wait(0.05)
    stop.set()
    source.cancel()
    thread.join(20.0)

    assert [read.raw for read in reads if isinstance(read, CodeRead)] == [b"]C0OLU0011P"]
    reasons = " ".join(path.read_text() for path in (tmp_path / "failed").glob("*.json"))
    assert "damaged or ends too early" in reasons
    assert "expected PNG, JPEG, BMP or WebP" in reasons


def test_the_degraded_set_can_be_written_as_files(tmp_path: Path) -> None:
    assert write_set(tmp_path, seed=7, each=1) == len(list(tmp_path.glob("*.png"))) == 40
