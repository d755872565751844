"""What a simulated device is plugged into: a pseudo-terminal, a named pipe, or plain memory for tests without one."""

import fcntl
import os
import select
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

OnBytes = Callable[[bytes], None]

#: The host flushes what is in its port right after opening it, so a device that saw the port open waits so long.
SETTLE_SECONDS = 0.05
_POLL_SECONDS = 0.02
_WRITE_SECONDS = 5.0
#: The kernel's names of the rates that hosts use.
_RATES: Final = {
    getattr(termios, f"B{rate}"): rate
    for rate in (1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600)
    if hasattr(termios, f"B{rate}")
}


class NotPlugged(Exception):
    """The device was asked to send while its cable is out, or while nobody at the other end reads."""


class Transport(Protocol):
    """A cable. plug() and unplug() may be called again and again; `on_bytes` runs in the transport's own thread."""

    @property
    def medium(self) -> str:
        """What it is made of: serial, keys, tcp or memory."""

    def host_baud(self) -> int | None:
        """The rate at which the host has opened the port; None where nobody can know."""

    def plug(self, on_bytes: OnBytes) -> None:
        """Put the cable in; what the host sends goes to `on_bytes`."""

    def unplug(self) -> None:
        """Pull the cable; does nothing where it is out already."""

    def wait_for_host(self, timeout: float) -> bool:
        """Whether a host has the port open within `timeout` seconds."""

    def write(self, data: bytes) -> None:
        """Send to the host; raises NotPlugged."""


class PtyTransport:
    """A pseudo-terminal behind a symbolic link that stays the same over unplugging and replugging, as by-id paths do.

    The terminal is raw before the link appears, else its echo would send the device's own early output back to it.
    """

    medium = "serial"

    def __init__(self, link: Path) -> None:
        self.link = link
        self._master: int | None = None
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self._reader: threading.Thread | None = None
        self._open = threading.Event()

    def plug(self, on_bytes: OnBytes) -> None:
        """Make the terminal, point the link at it and begin to listen."""
        if self._master is not None:
            return
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._point_link_at(os.ttyname(slave))
        # Our own end must not count as a host: with it closed, the master reports a hang-up until one opens the port.
        os.close(slave)
        self._master, self._stop = master, threading.Event()
        self._open.clear()
        self._reader = threading.Thread(
            target=self._listen, args=(master, self._stop, on_bytes), name=f"pty {self.link.name}", daemon=True
        )
        self._reader.start()

    def unplug(self) -> None:
        """Close the terminal: the host's read fails at once, and the link leads nowhere."""
        with self._writing:
            master, self._master = self._master, None
            if master is None:
                return
            self._stop.set()
            self._open.clear()
        if self._reader is not None and self._reader is not threading.current_thread():
            self._reader.join()
        # The link goes first: the kernel gives the terminal's number to the next one who asks for a terminal.
        self.link.unlink(missing_ok=True)
        os.close(master)

    def wait_for_host(self, timeout: float) -> bool:
        """Whether a host has the port open, and has had the time to flush it."""
        return self._open.wait(timeout)

    def host_baud(self) -> int | None:
        """What the host has set, which a pseudo-terminal keeps although it has no rate of its own."""
        with self._writing:
            return None if self._master is None else _RATES.get(termios.tcgetattr(self._master)[5])

    def write(self, data: bytes) -> None:
        """Send all of it, waiting while the host's buffer is full; raises NotPlugged after five seconds of that."""
        deadline = time.monotonic() + _WRITE_SECONDS
        with self._writing:
            if self._master is None or not self._open.is_set():
                raise NotPlugged(f"Failed to send {len(data)} bytes on {self.link}: no host has the port open.")
            while data:
                data = data[_write_some(self._master, data) :]
                if data and time.monotonic() > deadline:
                    raise NotPlugged(f"Failed to send {len(data)} bytes on {self.link}: the host does not read.")

    def _point_link_at(self, target: str) -> None:
        self.link.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.link.with_name(f".{self.link.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        os.replace(fresh, self.link)

    def _listen(self, master: int, stop: threading.Event, on_bytes: OnBytes) -> None:
        poll = select.poll()
        poll.register(master, select.POLLIN)
        while not stop.is_set():
            events = dict(poll.poll(_POLL_SECONDS * 1000)).get(master, 0)
            if events & select.POLLIN and (data := _read(master)):
                on_bytes(data)
            elif events & select.POLLHUP:
                self._open.clear()
                stop.wait(_POLL_SECONDS)
            elif not self._open.is_set():
                stop.wait(SETTLE_SECONDS)
                self._open.set()


def _write_some(end: int, data: bytes) -> int:
    try:
        return os.write(end, data)
    except BlockingIOError:
        select.select([], [end], [], _POLL_SECONDS)
        return 0


def _read(master: int) -> bytes:
    try:
        return os.read(master, 4096)
    except OSError:
        # EIO: the host closed the port between poll and read. The next poll says so.
        return b""


class PipeTransport:
    """A named pipe that stands for an input device: the host reads events, and says nothing."""

    medium = "keys"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pipe: int | None = None

    def plug(self, on_bytes: OnBytes) -> None:
        """Make the pipe; nothing ever comes from its host."""
        if self._pipe is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.mkfifo(self.path)
            # Open for both, so that it opens without a host; what is typed before one comes waits in the pipe.
            self._pipe = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)

    def unplug(self) -> None:
        """Take the pipe away."""
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            self.path.unlink()
            os.close(pipe)

    def wait_for_host(self, timeout: float) -> bool:
        """Nobody can see a host, and nobody has to: what is written waits for it."""
        return self._pipe is not None

    def wait_until_read(self, timeout: float) -> bool:
        """Whether a host has read everything within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while self._pipe is not None and (left := _unread(self._pipe)):
            if time.monotonic() > deadline:
                return not left
            time.sleep(_POLL_SECONDS)
        return True

    def host_baud(self) -> int | None:
        """Keys have no rate."""
        return None

    def write(self, data: bytes) -> None:
        """Type these events, waiting while the pipe is full; raises NotPlugged after five seconds of that."""
        deadline = time.monotonic() + _WRITE_SECONDS
        try:
            while data:
                if self._pipe is None:
                    raise OSError("the cable is out")
                data = data[_write_some(self._pipe, data) :]
                if data and time.monotonic() > deadline:
                    raise OSError("nobody reads")
        except OSError as error:
            raise NotPlugged(f"Failed to type at {self.path}: {error}.") from error


def _unread(pipe: int) -> int:
    count = bytearray(4)
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return int.from_bytes(count, sys.byteorder)


class MemoryTransport:
    """A cable in memory: `sent` collects what the device sends, `host_sends` is the host's end."""

    medium = "memory"

    def __init__(self) -> None:
        self.sent = bytearray()
        self._writing = threading.Lock()
        self._on_bytes: OnBytes | None = None

    def plug(self, on_bytes: OnBytes) -> None:
        """Put the cable in."""
        self._on_bytes = on_bytes

    def unplug(self) -> None:
        """Pull the cable."""
        self._on_bytes = None

    def wait_for_host(self, timeout: float) -> bool:
        """Memory always has a host, as long as the cable is in."""
        return self._on_bytes is not None

    def write(self, data: bytes) -> None:
        """Keep what the device sends."""
        if self._on_bytes is None:
            raise NotPlugged(f"Failed to send {len(data)} bytes: the cable is out.")
        with self._writing:
            self.sent += data

    def host_baud(self) -> int | None:
        """Memory has no rate."""
        return None

    def host_sends(self, data: bytes) -> None:
        """Give the device bytes from its host."""
        if self._on_bytes is not None:
            self._on_bytes(data)

    def take(self) -> bytes:
        """What the device sent since the last call."""
        with self._writing:
            taken = bytes(self.sent)
            self.sent.clear()
            return taken
