"""A TCP connection to a device: how soon it counts as dead, and who may take the place of whom."""

import socket
import threading
from collections.abc import Iterator

import pytest

from gateway.sources.base import SourceLost
from gateway.sources.link import SessionEnded
from gateway.sources.tcp import ASK_SECONDS, GIVE_UP_MS, QUIET_SECONDS, TcpLink, TcpServerLink, notice_half_open


@pytest.fixture
def server() -> Iterator[TcpServerLink]:
    with TcpServerLink("127.0.0.1", 0) as link:
        yield link


def _connect(server: TcpServerLink) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.listens_at), 5)


def test_a_silent_connection_is_asked_for_and_given_up_within_fifteen_seconds() -> None:
    with socket.socket() as connection:
        notice_half_open(connection)

        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == QUIET_SECONDS
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == ASK_SECONDS
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == GIVE_UP_MS
    # The kernel looks at each question: the last one within the time-out is followed by one more pause.
    assert GIVE_UP_MS / 1000 + ASK_SECONDS < 15


def test_the_newest_connection_takes_the_place_of_the_older_one(server: TcpServerLink) -> None:
    sessions = server.sessions(threading.Event(), lambda _word: None)
    with _connect(server) as old:
        next(sessions)
        with _connect(server) as new:
            with pytest.raises(SessionEnded):
                server.read(5)
            next(sessions)
            new.sendall(b"OLU00113\r")
            assert server.read(5) == b"OLU00113\r"
            assert old.recv(10) == b""


def test_an_address_that_is_not_allowed_is_turned_away() -> None:
    with TcpServerLink("127.0.0.1", 0, ("10.0.0.20",)) as server, _connect(server) as stranger:
        sessions = server.sessions(stop := threading.Event(), lambda _word: None)
        waiting = threading.Thread(target=lambda: next(sessions, None))
        waiting.start()

        assert stranger.recv(10) == b""
        stop.set()
        server.wake()
        waiting.join(5)
        assert not server.is_open


def test_a_port_that_is_taken_is_told(server: TcpServerLink) -> None:
    with (
        pytest.raises(SourceLost, match="Nobody can connect to"),
        TcpServerLink("127.0.0.1", server.listens_at),
    ):
        pass


def test_answers_go_out_before_tones_and_nothing_of_an_older_connection(server: TcpServerLink) -> None:
    sessions = server.sessions(threading.Event(), lambda _word: None)
    server.post(b"lost")
    with _connect(server) as device:
        next(sessions)
        server.play(b"tone")
        server.post(b"answer")
        server.read(0)
        device.settimeout(5)
        assert device.recv(10, socket.MSG_WAITALL) == b"answertone"


def test_a_device_that_takes_nothing_loses_tones_but_no_half_message_is_followed_by_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, TcpLink(*listener.getsockname()) as link:
        device, _peer = listener.accept()
        with device:
            message = bytes(range(256)) * 4096
            for _time in range(20):
                link.post(message)
            for _time in range(3):
                link.read(0)
            assert link.unsent < 20
            device.settimeout(0.5)
            got = b""
            while len(got) < 20 * len(message) and (part := _received(device)):
                got += part
                link.read(0)
            assert len(got) % len(message) == 0
            assert got == message * (len(got) // len(message))


def _received(device: socket.socket) -> bytes:
    try:
        return device.recv(1 << 20)
    except TimeoutError:
        return b""
