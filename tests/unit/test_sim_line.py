"""The devices along the line: a fitting one at each post, and a gateway.toml that the gateway finds no mistake in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import load
from gateway.pipeline import check
from simulators.day.floor import Post
from simulators.day.line import Broker, Line

POSTS = [
    Post("cut-1", "cut", "cut", "toggle"),
    Post("paint-gate", "paint", "paint", "gate"),
    Post("pack-1", "pack", "pack", "pack"),
    Post("ship-gate", "ship", "ship", "ship"),
]


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.key"
    path.write_text("ol_aaaaaaaa_" + "b" * 43)
    path.chmod(0o600)
    return path


@pytest.fixture(params=["wired without broker", "wired", "wireless"])
def line(request: pytest.FixtureRequest, tmp_path: Path, mosquitto: int) -> Iterator[Line]:
    folder = None if request.param == "wireless" else tmp_path / "ports"
    broker = None if request.param == "wired without broker" else Broker("127.0.0.1", mosquitto)
    made = Line(POSTS, folder=folder, broker=broker, seed=7)
    yield made
    made.close()


def test_the_gateway_finds_no_mistake_in_the_written_configuration(line: Line, tmp_path: Path, key_file: Path) -> None:
    path = tmp_path / "gateway.toml"

    text = line.gateway_toml(name="gw-demo", data_dir=tmp_path / "data", url="http://127.0.0.1:8000", key_file=key_file)
    path.write_text(text)

    assert check(path) == []
    assert [device.name for device in load(path, {}).devices] == [device.name for device in line.devices]


def test_every_post_has_a_device(line: Line) -> None:
    assert set(line.hands) == {post.read_point for post in POSTS}


def test_without_a_broker_the_ship_gate_has_a_scanner(tmp_path: Path) -> None:
    line = Line(POSTS, folder=tmp_path, broker=None, seed=7)

    assert line.describe() == "3 scanners, 1 RFID gate"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "reader-paint-gate", "scanner-cut-1", "scanner-pack-1", "scanner-ship-gate",
    ]  # fmt: skip
    line.close()
    assert list(tmp_path.iterdir()) == []


def test_a_line_needs_a_folder_or_a_broker() -> None:
    with pytest.raises(ValueError, match="expected a folder for serial ports, a broker, or both"):
        Line(POSTS, folder=None, broker=None, seed=7)
