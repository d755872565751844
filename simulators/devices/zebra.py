"""A label printer on a TCP port: it prints ZPL, says how it is (~HS), and may lack paper, be off or lose its line."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from simulators.devices.zpl import Printed, ZplFault, parse_labels

_END, _QUERY = b"^XZ", b"~HS"
_QUIET: Final = 0.2


@dataclass(slots=True)
class Condition:
    """How the printer is; a test or a person changes it at any time."""

    #: Labels on the roll; None for one that never ends.
    paper: int | None = None
    paused: bool = False
    head_open: bool = False
    #: Whether it answers ~HS at all.
    answers: bool = True
    #: Break the connection after so many bytes of a label, once.
    cut_after: int | None = None


class ZebraPrinter:
    """Listens on `port` (0 takes a free one) until it is turned off. `printed` is what came out, in order."""

    def __init__(self, *, port: int = 0, came_out: Callable[[Printed], None] = lambda _label: None) -> None:
        self.condition = Condition()
        self._came_out = came_out
        self.printed: list[Printed] = []
        self.faults: list[str] = []
        self._formats: list[bytes] = []
        self._lock = threading.Lock()
        self._port = port
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self.turn_on()

    @property
    def port(self) -> int:
        """Where it listens; the same after it was off."""
        return self._port

    def turn_on(self) -> None:
        """Listen, if it does not."""
        if self._listener is not None:
            return
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._listener.settimeout(_QUIET)
        self._port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, args=(self._listener,), name="zebra", daemon=True)
        self._thread.start()

    def turn_off(self) -> None:
        """Nobody is reached any more, and what was in its memory is lost."""
        listener, self._listener = self._listener, None
        if listener is not None and self._thread is not None:
            listener.close()
            self._thread.join()
        self._formats.clear()

    def add_paper(self, labels: int | None) -> None:
        """A new roll; what waited in the memory comes out."""
        self.condition.paper = labels
        self._print()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.turn_off()

    def _serve(self, listener: socket.socket) -> None:
        while self._listener is listener:
            try:
                connection, _address = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                # It was turned off.
                return
            with connection:
                connection.settimeout(_QUIET)
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        data = b""
        while self._listener is not None:
            try:
                part = connection.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                return
            data += part
            if not part or self._is_cut(data):
                return
            data = self._take(connection, data)

    def _is_cut(self, data: bytes) -> bool:
        after = self.condition.cut_after
        if after is None or b"^XA" not in data or len(data) < after:
            return False
        self.condition.cut_after = None
        return True

    def _take(self, connection: socket.socket, data: bytes) -> bytes:
        """Do what is complete, in its order; gives the rest."""
        while (ends := [data.find(mark) + len(mark) for mark in (_QUERY, _END) if mark in data]) != []:
            done, data = data[: min(ends)], data[min(ends) :]
            if done.endswith(_END):
                self._formats.append(done)
                self._print()
            elif self.condition.answers:
                connection.sendall(self._status())
        return data

    def _print(self) -> None:
        with self._lock:
            while self._formats and self._can_print():
                try:
                    labels = parse_labels(self._formats.pop(0).decode("ascii"))
                except (ZplFault, UnicodeDecodeError) as fault:
                    self.faults.append(str(fault))
                    continue
                self.printed += labels
                for label in labels:
                    self._came_out(label)
                if self.condition.paper is not None:
                    self.condition.paper -= len(labels)

    def _can_print(self) -> bool:
        now = self.condition
        return not (now.paused or now.head_open or (now.paper is not None and now.paper <= 0))

    def _status(self) -> bytes:
        now = self.condition
        is_out = now.paper is not None and now.paper <= 0
        first = f"030,{is_out:d},{now.paused:d},0245,{len(self._formats):03d},0,0,0,000,0,0,0"
        second = f"000,0,{now.head_open:d},0,0,2,4,0,{0:08d},1,000"
        return b"".join(b"\x02" + text.encode() + b"\x03\r\n" for text in (first, second, "1234,0"))
