"""A scanner that types: its input device is taken for the gateway alone, so that no code lands in a window."""

import errno
import fcntl
import os
import stat
from gettext import gettext as _
from types import TracebackType
from typing import Final

from gateway.protocols.hid import EVENT, HidMachine, HidOptions
from gateway.sources.base import SourceLost, Surroundings
from gateway.sources.dialogue import DialogueSource
from gateway.sources.link import LONGEST_WAIT, Link

#: EVIOCGRAB of linux/input.h: _IOW('E', 0x90, int). The device's keys reach nobody else until it is closed.
GRAB: Final = 0x40044590
_EVENTS_AT_ONCE: Final = 256


class InputLink(Link):
    """An input device; nothing can be written to it. See sources.link.Link."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._device: int | None = None

    def __enter__(self) -> "InputLink":
        try:
            device = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise SourceLost(_why_not_open(self._path, error)) from error
        try:
            _grab(device)
        except OSError as error:
            os.close(device)
            sentence = _("{path} cannot be taken for us alone: {error}. End the program that holds it.")
            raise SourceLost(sentence.format(path=self._path, error=str(error.strerror).rstrip("."))) from error
        self._device = device
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        device, self._device = self._device, None
        if device is not None:
            os.close(device)

    @property
    def is_open(self) -> bool:
        """Never to be written to."""
        return False

    def read(self, seconds: float) -> bytes:
        """What was typed, at the latest after `seconds`; empty on time-out or wake. Raises SourceLost."""
        assert self._device is not None
        if not self._waker.wait(self._device, min(seconds, LONGEST_WAIT)):
            return b""
        try:
            data = os.read(self._device, EVENT.size * _EVENTS_AT_ONCE)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise SourceLost(_("{path} was unplugged.").format(path=self._path)) from error
        if not data:
            raise SourceLost(_("{path} was unplugged.").format(path=self._path))
        return data


def _grab(device: int) -> None:
    # A named pipe is a simulated scanner, whose keys nobody else gets anyway.
    if not stat.S_ISFIFO(os.fstat(device).st_mode):
        fcntl.ioctl(device, GRAB, 1)


def _why_not_open(path: str, error: OSError) -> str:
    if error.errno in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        return _("{path} is not there: plug the scanner in, or correct port in gateway.toml.").format(path=path)
    if error.errno in (errno.EACCES, errno.EPERM):
        return _("{path} may not be opened: add the gateway's user to the group input.").format(path=path)
    return _("{path} could not be opened: {error}.").format(path=path, error=str(error.strerror).rstrip("."))


def make(name: str, options: HidOptions, _around: Surroundings) -> DialogueSource:
    """The source of one device."""
    return DialogueSource(name, HidMachine(name, options), InputLink(options.port))
