"""Who leaves a broker leaves no socket behind, whatever became of the connection before."""

import socket
from collections.abc import Callable

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from simulators.devices.r700 import MqttPublisher
from simulators.devices.transport import NotPlugged
from simulators.leaving import leave
from simulators.recording import mqtt as recording
from simulators.services import free_port


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch) -> list[socket.socket]:
    """Every socket by which a client of this test wakes its own thread."""
    make: Callable[[], tuple[socket.socket, socket.socket]] = mqtt._socketpair_compat
    made: list[socket.socket] = []

    def made_and_noted() -> tuple[socket.socket, socket.socket]:
        made.extend(pair := make())
        return pair

    monkeypatch.setattr(mqtt, "_socketpair_compat", made_and_noted)
    return made


def all_are_closed(pairs: list[socket.socket]) -> bool:
    return bool(pairs) and all(each.fileno() == -1 for each in pairs)


def test_a_reader_that_stops_closes_what_woke_its_thread(mosquitto: int, pairs: list[socket.socket]) -> None:
    publisher = MqttPublisher(mosquitto, "readers/gate-1")
    publisher.start()
    assert publisher.wait_until_connected(5)

    publisher.stop()

    assert all_are_closed(pairs)


def test_a_reader_that_never_found_its_broker_closes_it_too(pairs: list[socket.socket]) -> None:
    publisher = MqttPublisher(free_port(), "readers/gate-1")
    publisher.start()

    publisher.stop()

    assert all_are_closed(pairs)


def test_a_reader_that_was_stopped_is_connected_again_once_it_is_started(
    mosquitto: int, pairs: list[socket.socket]
) -> None:
    publisher = MqttPublisher(mosquitto, "readers/gate-1")
    publisher.start()
    assert publisher.wait_until_connected(5)
    publisher.stop()
    assert not publisher.wait_until_connected(0)

    publisher.start()

    assert publisher.wait_until_connected(5)
    publisher.stop()
    assert all_are_closed(pairs)


def test_a_recording_without_a_broker_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch, pairs: list[socket.socket]
) -> None:
    monkeypatch.setattr(recording, "_GREETING_SECONDS", 0.01)

    with pytest.raises(NotPlugged, match="does not answer"), recording.BrokerLink("127.0.0.1", free_port()):
        pass

    assert all_are_closed(pairs)


def test_a_thread_that_ends_at_that_very_moment_is_no_error(
    monkeypatch: pytest.MonkeyPatch, mosquitto: int, pairs: list[socket.socket]
) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.connect("127.0.0.1", mosquitto)
    client.loop_start()
    stop = client.loop_stop

    def stop_too_late() -> None:
        stop()
        raise AttributeError("'NoneType' object has no attribute 'join'")

    monkeypatch.setattr(client, "loop_stop", stop_too_late)

    leave(client)

    assert all_are_closed(pairs)
