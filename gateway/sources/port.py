"""One serial port: opened for us alone, read without waiting in vain, written to from any thread."""

import contextlib
import errno
import os
import termios
from dataclasses import dataclass
from gettext import gettext as _
from types import TracebackType
from typing import Final

import serial

from gateway.sources.base import SourceLost
from gateway.sources.link import LONGEST_WAIT, WRITE_SECONDS, Link

#: As much as the kernel's line discipline keeps (N_TTY_BUF_SIZE); a larger buffer is taken at each read for nothing.
CHUNK: Final = 4096

_PARITY = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}

# pyserial's own errors, the plain OSError of in_waiting on a vanished device, termios.error from setting the
# line, ValueError for a speed the port cannot do, and TypeError when the port is closed under a read.
_PORT_ERRORS: Final = (serial.SerialException, OSError, termios.error, ValueError, TypeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """How the bits go over the wire."""

    path: str
    baud: int
    data_bits: int = 8
    parity: str = "none"
    stop_bits: int = 1
    flow: str = "none"


class Port(Link):
    """A context manager around pyserial; see sources.link.Link."""

    def __init__(self, settings: LineSettings) -> None:
        super().__init__()
        self._settings = settings
        self._serial: serial.Serial | None = None

    @property
    def is_open(self) -> bool:
        """Whether the port is open."""
        return self._serial is not None

    def __enter__(self) -> "Port":
        settings = self._settings
        try:
            self._serial = serial.Serial(
                settings.path,
                settings.baud,
                bytesize=settings.data_bits,
                parity=_PARITY[settings.parity],
                stopbits=settings.stop_bits,
                xonxoff=settings.flow == "xonxoff",
                rtscts=settings.flow == "rtscts",
                timeout=LONGEST_WAIT,
                write_timeout=WRITE_SECONDS,
                # Without it a second program opens the same port and steals bytes. It is an advisory lock,
                # which only guards against those who also ask for it.
                exclusive=True,
            )
        except _PORT_ERRORS as error:
            raise SourceLost(_why_not_open(settings, error)) from error
        self._forget()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        port, self._serial = self._serial, None
        if port is not None:
            # The device may be gone already; there is nothing left to lose by failing to close it.
            with contextlib.suppress(*_PORT_ERRORS):
                port.close()

    def read(self, seconds: float) -> bytes:
        """What has arrived, at the latest after `seconds`; empty on time-out or wake. Raises SourceLost."""
        port = self._open_port()
        try:
            self._flush(port)
            if not self._waker.wait(port.fileno(), min(seconds, LONGEST_WAIT)):
                return b""
            # Asking pyserial costs three more system calls a chunk.
            data = os.read(port.fileno(), CHUNK)
        except BlockingIOError:
            # Another program was quicker: the lock keeps out only those who ask for it.
            return b""
        except _PORT_ERRORS as error:
            raise self._lost() from error
        if not data:
            # Ready to be read and nothing there: the device is gone.
            raise self._lost()
        return data

    def _lost(self) -> SourceLost:
        sentence = _("{path} was lost: it was unplugged, or another program reads it.")
        return SourceLost(sentence.format(path=self._settings.path))

    def _open_port(self) -> serial.Serial:
        if self._serial is None:
            raise SourceLost(_("{path} is not open.").format(path=self._settings.path))
        return self._serial

    def _flush(self, port: serial.Serial) -> None:
        while waiting := self._answers or self._tones:
            try:
                port.write(waiting.popleft())
            except serial.SerialTimeoutException:
                # Flow control holds us up: the signal is late already, and reading goes on.
                self.unsent += 1


def _why_not_open(settings: LineSettings, error: BaseException) -> str:
    code = getattr(error, "errno", None)
    path = settings.path
    if code in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        return _("{path} is not there: plug the device in, or correct port in gateway.toml.").format(path=path)
    if code in (errno.EACCES, errno.EPERM):
        return _("{path} may not be opened: add the gateway's user to the group dialout.").format(path=path)
    if code in (errno.EAGAIN, errno.EBUSY):
        return _("{path} is in use by another program: close that program.").format(path=path)
    return _("{path} could not be opened: {error}.").format(path=path, error=str(error).rstrip("."))
