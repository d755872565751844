"""One label on its way into one printer over TCP: it is sent once, or the caller learns that nobody knows."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol, Self

from server.labels.queue.states import Trouble
from server.labels.queue.status import ETX, QUERY, STRINGS, HostStatus, parse_status

#: Seconds for a connection, and for an answer to ~HS.
PATIENCE: Final = 5.0
#: Seconds between two looks at a printer that prints.
LOOK_EVERY: Final = 0.5
#: A printer that says nothing is wrong, and does not print for so many looks, is given up.
MOST_LOOKS: Final = 240
_ANSWER_BYTES: Final = 4096


class NotSent(Exception):
    """Nothing of the label left; it may be tried again."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


class NotKnown(Exception):
    """The label left at least in part, and whether it came out is not known; a person decides."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


class Line(Protocol):
    """A connection to a printer. Every call may raise OSError."""

    def send(self, data: bytes) -> None: ...

    def status(self) -> HostStatus: ...

    def finish(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the caller does meanwhile."""

    #: Called before the first byte of the label leaves; what it wrote is durable when it returns.
    begins: Callable[[], None]
    #: Called at every look at a printer that has the label: what keeps it, None for nothing.
    looked: Callable[[Trouble | None], None]
    #: Waits for so many seconds; False when the program ends.
    wait: Callable[[float], bool]


def deliver(line: Line, payload: bytes, hooks: Hooks, *, asks_status: bool) -> None:
    """Print the label; raises NotSent or NotKnown, and returns when it is printed.

    A printer that is not asked for its status has taken the label when this returns; no more is known of it.
    """
    if asks_status:
        _check_ready(line)
    hooks.begins()
    try:
        line.send(payload)
        if not asks_status:
            line.finish()
    except OSError as fault:
        raise NotKnown(Trouble.CUT) from fault
    if asks_status:
        _await_end(line, hooks)


def _check_ready(line: Line) -> None:
    try:
        found = line.status().trouble
    except (OSError, ValueError) as fault:
        raise NotSent(Trouble.NO_STATUS) from fault
    if found is not None:
        raise NotSent(found)


def _await_end(line: Line, hooks: Hooks) -> None:
    """Look until everything is printed. Who only lacks paper has the label in its memory and prints it afterwards."""
    looks = 0
    while looks < MOST_LOOKS:
        try:
            status = line.status()
        except (OSError, ValueError) as fault:
            raise NotKnown(Trouble.CUT) from fault
        if status.is_idle:
            return
        hooks.looked(status.trouble)
        looks = 0 if status.trouble else looks + 1
        if not hooks.wait(LOOK_EVERY):
            raise NotKnown(Trouble.STOPPED)
    raise NotKnown(Trouble.SILENT)


class TcpLine:
    """A connection to `host` and `port`; raises NotSent where there is none."""

    def __init__(self, host: str, port: int) -> None:
        try:
            self._socket = socket.create_connection((host, port), timeout=PATIENCE)
        except OSError as fault:
            raise NotSent(Trouble.UNREACHABLE) from fault

    def send(self, data: bytes) -> None:
        """Hand all of it over."""
        self._socket.sendall(data)

    def status(self) -> HostStatus:
        """Ask for the status and wait for it; raises OSError, or ValueError for an answer that is none."""
        self._socket.sendall(QUERY)
        answer = b""
        while answer.count(ETX) < STRINGS and len(answer) < _ANSWER_BYTES:
            part = self._socket.recv(_ANSWER_BYTES)
            if not part:
                raise ConnectionError("The printer closed the connection.")
            answer += part
        return parse_status(answer)

    def finish(self) -> None:
        """Say that no more comes, and wait for the other side to close, too; one that keeps it open has taken all."""
        self._socket.shutdown(socket.SHUT_WR)
        try:
            while self._socket.recv(_ANSWER_BYTES):
                pass
        except TimeoutError:
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()
