"""Devices at the other end of pseudo-terminals: a scanner that types, and a UHF module that reports and answers."""

import os
import random
import threading
import tty

from gate import report

from gateway.protocols.r200 import INFO, RESPONSE, frame

#: A scanner's burst.
_BURST = 20
#: Tags before a module at one time, reads until others take their place, and reports made at once.
TAGS, _STAY, _REPORTS = 500, 100_000, 2_000
#: Reports that are written at once: whole ones, for half a report that stalls is given up by its reader.
_AT_ONCE = 20


class Port:
    """A device's end of a pseudo-terminal; a context manager."""

    def __enter__(self) -> "Port":
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._slave)
        os.close(self._master)

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._master, data) :]


class Scanner(Port):
    """Types codes, each one new."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._sent = 0

    def send(self, count: int) -> None:
        """So many codes more, as fast as they are taken."""
        end = self._sent + count
        while self._sent < end:
            numbers = range(self._sent, min(end, self._sent + _BURST))
            codes = (f"]C10109506000134352\x1d21S{self._number}N{number:07}\r\n" for number in numbers)
            self._write("".join(codes).encode())
            self._sent = numbers.stop


class Module(Port):
    """Reports the tags of a shelf over and over, others every hundred thousand reads; asked, it says that it lives."""

    def __init__(self, number: int) -> None:
        self._rng = random.Random(number)
        self._first_tag = number << 24
        self._left = 0
        self._pieces: list[bytes] = []
        self._turn = threading.Lock()

    def __enter__(self) -> "Module":
        super().__enter__()
        threading.Thread(target=self._answer, daemon=True).start()
        return self

    def send(self, count: int) -> None:
        """So many reports more, as fast as they are taken; a multiple of two thousand."""
        for _lot in range(count // _REPORTS):
            if self._left <= 0:
                self._change()
            self._left -= _REPORTS
            for piece in self._pieces:
                with self._turn:
                    self._write(piece)

    def _change(self) -> None:
        self._left = _STAY
        self._first_tag += TAGS
        tags = [self._first_tag + self._rng.randrange(TAGS) for _report in range(_REPORTS)]
        reports = [report(tag, self._rng) for tag in tags]
        self._pieces = [b"".join(reports[at : at + _AT_ONCE]) for at in range(0, _REPORTS, _AT_ONCE)]

    def _answer(self) -> None:
        """A module that is silent for long is asked who it is; half a report must not stand before the answer."""
        told = frame(INFO, b"\x00bench", kind=RESPONSE)
        while True:
            try:
                os.read(self._master, 256)
                with self._turn:
                    os.write(self._master, told)
            except OSError:
                # The port was closed: the run is over.
                return
