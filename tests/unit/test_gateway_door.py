"""The status socket: for this user alone, many clients at once, and no scanner waits for any of them."""

import json
import socket
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from gateway.pipeline.door import SOCKET_NAME, Door, Watch, ask


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.watch: Watch | None = None
        self.door = Door(folder, {"status": self.status}, self.on_watch)
        self.door.start()

    def status(self, wanted: Mapping[str, object]) -> Mapping[str, object]:
        return {"gateway": "gw"}

    def on_watch(self, watch: Watch | None) -> None:
        self.watch = watch

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(5)
        connection.connect(str(self.folder / SOCKET_NAME))
        return connection


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.door.stop()


def eventually(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.001)


def test_status_is_one_line(bench: Bench) -> None:
    assert next(ask(bench.folder, "status")) == {"gateway": "gw"}


def test_only_the_owner_may_connect(bench: Bench) -> None:
    assert stat.S_IMODE((bench.folder / SOCKET_NAME).stat().st_mode) == 0o600


def test_tail_streams_what_is_published_and_watching_ends_with_the_last_client(bench: Bench) -> None:
    lines = ask(bench.folder, "tail")
    with bench.connect() as other:
        other.sendall(b'{"ask": "tail"}\n')
        eventually(lambda: bench.watch)
        assert bench.watch is not None
        bench.watch({"device": "scanner-1"})
        heard = other.recv(100)
    eventually(lambda: bench.watch is None)

    assert json.loads(heard) == {"device": "scanner-1"}
    lines.close()


@pytest.mark.parametrize("request_line", [b"status\n", b"[1]\n", b'{"ask": "everything"}\n', b"\xff\xfe\n"])
def test_an_unknown_request_is_answered_with_what_may_be_asked(bench: Bench, request_line: bytes) -> None:
    with bench.connect() as connection:
        connection.sendall(request_line)

        assert b'{"error"' in connection.recv(1000)


def test_an_endless_request_is_cut_off_and_others_are_served(bench: Bench) -> None:
    with bench.connect() as connection:
        connection.sendall(b"x" * 8192)
        with pytest.raises((ConnectionResetError, AssertionError)):
            assert connection.recv(10) != b""

    assert next(ask(bench.folder, "status")) == {"gateway": "gw"}


def test_a_tail_that_never_reads_loses_lines_and_holds_up_nobody(bench: Bench) -> None:
    with bench.connect() as connection:
        connection.sendall(b'{"ask": "tail"}\n')
        eventually(lambda: bench.watch)
        assert bench.watch is not None
        for _ in range(40):
            for _ in range(100):
                bench.watch({"text": "x" * 1000})
            assert next(ask(bench.folder, "status")) == {"gateway": "gw"}
        heard = b""
        while b"lost_lines" not in heard:
            bench.watch({"text": "more"})
            heard = heard[-100:] + connection.recv(65536)


def test_a_thread_that_ends_before_it_is_woken_and_a_late_line_are_no_mistakes(bench: Bench) -> None:
    with bench.connect() as connection:
        connection.sendall(b'{"ask": "tail"}\n')
        eventually(lambda: bench.watch)
        watch = bench.watch
        assert watch is not None
        bench.door.stop()

        watch({"text": "too late"})
        bench.door.stop()


def test_a_directory_deeper_than_a_socket_name_may_be_long_works(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    bench = Bench(deep)

    try:
        assert next(ask(deep, "status")) == {"gateway": "gw"}
    finally:
        bench.door.stop()


def test_without_a_gateway_asking_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(ask(tmp_path, "status"))
