"""A simulated camera by hand fails on request, as every other device does."""

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from simulators.camera.device import VIEW
from simulators.camera.shell import run_camera
from simulators.devices.trouble import Trouble
from simulators.faults import Fault, FaultRefused


def frame_of(said: list[str]) -> bytes:
    place = urlsplit(said[0].split('device = "')[1].split('"')[0])
    connection = http.client.HTTPConnection(place.netloc, timeout=10)
    try:
        connection.request("GET", place.path)
        return connection.getresponse().read(200)
    finally:
        connection.close()


def test_a_camera_by_hand_lists_its_faults_and_comes_back_where_it_was() -> None:
    said: list[str] = []
    frames: list[bytes] = []

    def typed() -> Iterator[str]:
        frames.append(frame_of(said))
        yield "/faults\n"
        yield "/fault wrong-baud\n"
        yield "/reboot 0.1\n"
        frames.append(frame_of(said))
        yield "OLU0011P\n"
        yield "/quit\n"

    run_camera(("127.0.0.1", 0), VIEW, typed(), said.append)

    assert all(b"Content-Type: image/jpeg" in frame for frame in frames)
    assert "half-frame" in said[1]
    assert said[2:] == ["wrong-baud: A connection over TCP has no baud rate.", "rebooted, after 0.1 s away"]


def test_a_fault_that_no_camera_has_is_refused_at_the_start() -> None:
    with pytest.raises(FaultRefused, match="poor picture"):
        run_camera(("127.0.0.1", 0), VIEW, [], [].append, trouble=Trouble(faults=((Fault.NOISE, 0.1),)))
