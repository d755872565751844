"""The status socket: a Unix socket in the data directory that answers questions and streams `tail`.

One thread serves all clients without ever waiting for one of them; a slow `tail` loses lines, and is told how
many, before it could hold up a scanner.
"""

import contextlib
import json
import os
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SOCKET_NAME = "status.sock"
_MAX_REQUEST = 4096
_MAX_BUFFER = 1024 * 1024
_MAX_LINES = 1000
_MAX_CLIENTS = 32

Watch = Callable[[Mapping[str, object]], None]


@dataclass(slots=True)
class _Client:
    connection: socket.socket
    received: bytes = b""
    sending: bytearray = field(default_factory=bytearray)
    tailing: bool = False
    lost: int = 0

    def say(self, line: Mapping[str, object]) -> None:
        self.sending += json.dumps(line, default=str).encode() + b"\n"


class Door:
    """Serves `answers` by name, each given the whole question; `on_watch` is given a function to call with each line
    while somebody tails."""

    def __init__(
        self,
        directory: Path,
        answers: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, object]]],
        on_watch: Callable[[Watch | None], None],
    ) -> None:
        self._directory, self._answers, self._on_watch = directory, answers, on_watch
        self._selector = selectors.DefaultSelector()
        self._clients: dict[int, _Client] = {}
        self._lines: deque[Mapping[str, object]] = deque(maxlen=_MAX_LINES)
        self._wake_in, self._wake_out = socket.socketpair()
        self._stopping = False
        self._thread = threading.Thread(target=self.run, name="status-socket", daemon=True)

    def start(self) -> None:
        """Open the socket, readable by this user alone, and serve it."""
        path = self._directory / SOCKET_NAME
        # The data directory is locked by this process, so an old socket belongs to nobody.
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # Before bind(), so that there is no moment at which others could connect.
        os.fchmod(self._listener.fileno(), 0o600)
        with _short_path(path) as name:
            self._listener.bind(name)
        path.chmod(0o600)
        self._listener.listen(8)
        for each in (self._listener, self._wake_in, self._wake_out):
            each.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake_in, selectors.EVENT_READ)
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and take the socket away."""
        self._stopping = True
        self._wake()
        self._thread.join()
        (self._directory / SOCKET_NAME).unlink(missing_ok=True)

    def _publish(self, line: Mapping[str, object]) -> None:
        """Any thread: hand a line to whoever tails."""
        self._lines.append(line)
        self._wake()

    def _wake(self) -> None:
        # A full socket has woken the thread already, and a closed one says that it has ended.
        with contextlib.suppress(OSError):
            self._wake_out.send(b"\0")

    # -- the thread

    def run(self) -> None:
        """Serve until stop()."""
        while not self._stopping:
            for key, events in self._selector.select():
                self._serve(key.fd, events)
        for client in list(self._clients.values()):
            self._drop(client)
        self._selector.close()
        for each in (self._listener, self._wake_in, self._wake_out):
            each.close()

    def _serve(self, descriptor: int, events: int) -> None:
        if descriptor == self._wake_in.fileno():
            self._spread_lines()
        elif descriptor == self._listener.fileno():
            self._accept()
        elif (client := self._clients.get(descriptor)) is not None:
            try:
                if events & selectors.EVENT_READ:
                    self._hear(client)
                self._send(client)
            except OSError:
                # The other side went away; that is all there is to know.
                self._drop(client)

    def _accept(self) -> None:
        connection, _address = self._listener.accept()
        if len(self._clients) >= _MAX_CLIENTS:
            connection.close()
            return
        connection.setblocking(False)
        self._clients[connection.fileno()] = _Client(connection)
        self._selector.register(connection, selectors.EVENT_READ)

    def _hear(self, client: _Client) -> None:
        data = client.connection.recv(_MAX_REQUEST)
        client.received += data
        if not data or len(client.received) > _MAX_REQUEST:
            raise ConnectionError("The client closed, or sent what is no request.")
        while b"\n" in client.received:
            request, client.received = client.received.split(b"\n", 1)
            self._answer(client, request)

    def _answer(self, client: _Client, request: bytes) -> None:
        try:
            question = json.loads(request)
            wanted = str(question.get("ask"))
        except (ValueError, AttributeError):
            question, wanted = {}, ""
        if wanted == "tail":
            client.tailing = True
            self._on_watch(self._publish)
        elif wanted in self._answers:
            client.say(self._answers[wanted](question))
        else:
            known = ", ".join(f'{{"ask": "{name}"}}' for name in (*self._answers, "tail"))
            client.say({"error": f"Ask one of {known}."})

    def _spread_lines(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_in.recv(4096)
        while self._lines:
            line = self._lines.popleft()
            for client in list(self._clients.values()):
                if client.tailing:
                    self._offer(client, line)

    def _offer(self, client: _Client, line: Mapping[str, object]) -> None:
        if len(client.sending) > _MAX_BUFFER:
            client.lost += 1
            return
        if client.lost:
            client.say({"lost_lines": client.lost})
            client.lost = 0
        client.say(line)
        try:
            self._send(client)
        except OSError:
            self._drop(client)

    def _send(self, client: _Client) -> None:
        if client.sending:
            with contextlib.suppress(BlockingIOError):
                del client.sending[: client.connection.send(client.sending)]
        if client.connection.fileno() in self._clients:
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.sending else 0)
            self._selector.modify(client.connection, wanted)

    def _drop(self, client: _Client) -> None:
        self._clients.pop(client.connection.fileno(), None)
        self._selector.unregister(client.connection)
        client.connection.close()
        if not any(other.tailing for other in self._clients.values()):
            self._on_watch(None)


def ask(directory: Path, wanted: str, **about: object) -> Iterator[dict[str, object]]:
    """The other side: lines from a running gateway; OSError when none runs on this directory."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        with _short_path(directory / SOCKET_NAME) as name:
            connection.connect(name)
        connection.sendall(json.dumps({"ask": wanted, **about}).encode() + b"\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                yield json.loads(line)


@contextlib.contextmanager
def _short_path(path: Path) -> Iterator[str]:
    """A name for a socket of any depth: the kernel takes 107 bytes at most, so a long one goes through /proc."""
    if len(os.fsencode(path)) < 108:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
