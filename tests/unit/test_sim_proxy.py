"""A wire that fails on demand: bytes are never changed, only late, held back or cut off."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from simulators.cli import main
from simulators.proxy import Fault, Proxy, Towards
from simulators.proxy_shell import run_proxy
from simulators.services import free_port


class Echo:
    """Sends back what comes; notes whether a connection was reset."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        self.heard = b""
        self.ends: list[str] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _peer = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(4096):
                    self.heard += data
                    connection.sendall(data)
                self.ends.append("closed")
            except OSError:
                self.ends.append("reset")

    def close(self) -> None:
        # Only a shutdown ends the accept() of the other thread.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    echo = Echo()
    yield echo
    echo.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    with Proxy(echo.address) as proxy:
        yield proxy


@pytest.fixture
def caller(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as caller:
        yield caller


def read(caller: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := caller.recv(size - len(data))):
        data += more
    return data


def silent(caller: socket.socket, seconds: float = 0.1) -> bool:
    caller.settimeout(seconds)
    try:
        return caller.recv(1) == b"nothing at all"
    except TimeoutError:
        return True
    finally:
        caller.settimeout(5)


def test_a_sound_wire_carries_everything_both_ways_and_the_end_too(
    proxy: Proxy, caller: socket.socket, echo: Echo
) -> None:
    whole = bytes(range(256)) * 4000
    sender = threading.Thread(target=caller.sendall, args=(whole,))
    sender.start()

    assert read(caller, len(whole)) == whole
    sender.join()
    caller.shutdown(socket.SHUT_WR)
    assert caller.recv(1) == b""
    assert echo.ends == ["closed"]
    assert proxy.sent == {Towards.SERVER: len(whole), Towards.CLIENT: len(whole)}


def test_a_black_hole_lets_go_what_it_held_when_it_ends(proxy: Proxy, caller: socket.socket, echo: Echo) -> None:
    proxy.be(Fault.BLACK_HOLE)
    caller.sendall(b"late")
    assert silent(caller)
    assert echo.heard == b""

    proxy.be(Fault.NONE)

    assert read(caller, 4) == b"late"


def test_only_the_answers_are_lost_where_only_that_way_fails(proxy: Proxy, caller: socket.socket, echo: Echo) -> None:
    proxy.be(Fault.BLACK_HOLE, towards=Towards.CLIENT)
    caller.sendall(b"asked")

    assert silent(caller)
    assert echo.heard == b"asked"


def test_a_reset_ends_what_is_there_and_whatever_comes(proxy: Proxy, caller: socket.socket, echo: Echo) -> None:
    caller.sendall(b"x")
    assert read(caller, 1) == b"x"

    proxy.be(Fault.RESET)

    with pytest.raises(ConnectionResetError):
        caller.recv(1)
    # Even the call may hear of it already.
    with pytest.raises(ConnectionResetError), socket.create_connection(("127.0.0.1", proxy.port), 5) as late:
        late.recv(1)
    assert proxy.broken == 2


def test_a_dripping_wire_passes_one_byte_at_a_time(proxy: Proxy, caller: socket.socket) -> None:
    proxy.be(Fault.DRIP, seconds=0.02, towards=Towards.CLIENT)
    began = time.monotonic()
    caller.sendall(b"0123456789")

    # Who looks late finds several bytes at once; that they came apart shows in how long they took.
    assert read(caller, 10) == b"0123456789"
    assert time.monotonic() - began >= 0.2


def test_a_slow_wire_is_late_and_whole(proxy: Proxy, caller: socket.socket) -> None:
    proxy.be(Fault.DELAY, seconds=0.1)
    began = time.monotonic()
    caller.sendall(b"slow")

    assert read(caller, 4) == b"slow"
    assert time.monotonic() - began >= 0.2


def test_a_cut_breaks_off_in_the_middle(proxy: Proxy, caller: socket.socket) -> None:
    proxy.be(Fault.CUT, after=3, towards=Towards.CLIENT)
    caller.sendall(b"0123456789")

    assert read(caller, 3) == b"012"
    with pytest.raises(ConnectionResetError):
        caller.recv(1)
    assert proxy.broken == 1


def test_nobody_behind_the_wire_is_a_reset() -> None:
    with (
        Proxy(("127.0.0.1", free_port())) as proxy,
        pytest.raises(ConnectionResetError),
        socket.create_connection(("127.0.0.1", proxy.port), 5) as caller,
    ):
        caller.recv(1)


def test_the_wire_changes_as_typed_and_tells_what_went_over_it(proxy: Proxy, caller: socket.socket) -> None:
    said: list[str] = []

    def typed() -> Iterator[str]:
        yield "/black-hole\n"
        caller.sendall(b"ab")
        assert silent(caller)
        yield "/none\n"
        assert read(caller, 2) == b"ab"
        yield "/drip fast\n"
        yield "/help\n"
        yield "/quit\n"
        yield "/reset\n"

    run_proxy(proxy, Towards.BOTH, typed(), said.append)

    assert said[0].startswith(f"Wire at port {proxy.port}.")
    assert said[-1] == "  1 connections, 0 broken, 2 bytes towards the server, 2 back"
    assert any("'fast' is no figure" in line for line in said)


def test_a_target_without_a_port_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["proxy", "--to", "server"]) == 1
    assert "expected HOST:PORT" in capsys.readouterr().err
