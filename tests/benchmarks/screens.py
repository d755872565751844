"""Customers who wait at /live: bare sockets read by one thread, which keeps each frame with the moment it was whole."""

import contextlib
import re
import selectors
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Frame:
    """A fragment as it came, and when the last byte of it was there."""

    at: float
    data: bytes

    def shows(self, unit: str) -> bool:
        """Whether it shows that this very unit has moved: its cell has a shade."""
        return re.search(rb'id=\\"cell-%s\\" class=\\"cell tall l[1-9]' % unit.encode(), self.data) is not None


@dataclass(slots=True)
class Screens:
    """One open stream for each order, with the frames that came."""

    frames: dict[str, list[Frame]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def milliseconds(self, order: str, unit: str, began: float) -> float | None:
        """From `began` to the first whole frame that shows this unit moved; None where none came."""
        found = (frame.at for frame in self.frames[order] if frame.at > began and frame.shows(unit))
        at = next(found, None)
        return None if at is None else (at - began) * 1000


@contextlib.contextmanager
def watching(url: str, session: str, orders: Sequence[str]) -> Iterator[Screens]:
    """A customer's stream for each of the orders."""
    screens = Screens({order: [] for order in orders})
    host, port = url.removeprefix("http://").split(":")
    chooser = selectors.DefaultSelector()
    for order in orders:
        client = socket.create_connection((host, int(port)))
        path = f"/live?t=order:{order}@0"
        request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: sid={session}\r\n\r\n"
        client.sendall(request.encode())
        client.setblocking(False)
        chooser.register(client, selectors.EVENT_READ, (order, bytearray()))
    stop = threading.Event()
    thread = threading.Thread(target=_listen, args=(chooser, screens, stop), daemon=True)
    thread.start()
    # The first frames show what was there before.
    time.sleep(1.5)
    for frames in screens.frames.values():
        frames.clear()
    try:
        yield screens
    finally:
        stop.set()
        thread.join()
        for key in list(chooser.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        chooser.close()


def _listen(chooser: selectors.BaseSelector, screens: Screens, stop: threading.Event) -> None:
    while not stop.is_set():
        for key, _ in chooser.select(timeout=0.1):
            order, buffer = key.data
            data = key.fileobj.recv(1 << 20)  # type: ignore[union-attr]
            if not data:
                screens.problems.append(f"the stream of {order} ended")
                chooser.unregister(key.fileobj)
            elif data.startswith(b"HTTP/") and b" 200 " not in data[:20]:
                screens.problems.append(data[:80].decode("ascii", "replace"))
            buffer += data
            _take_whole(buffer, screens.frames[order])


def _take_whole(buffer: bytearray, frames: list[Frame]) -> None:
    """Move whole events from the buffer to the frames; an empty line ends an event."""
    end = buffer.rfind(b"\n\n")
    if end < 0:
        return
    now = time.perf_counter()
    frames += [Frame(now, event) for event in bytes(buffer[:end]).split(b"\n\n") if b"event: fragment" in event]
    del buffer[: end + 2]
