"""The file of a recording: a head, then a line for each chunk. Safe against a power cut in the middle of a line."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Self
from urllib.parse import quote, unquote

FIRST_LINE: Final = "# orderlight-recording 1"
#: What a device may stand on.
KINDS: Final = ("serial", "keys", "tcp", "mqtt", "http")
TO_HOST, TO_DEVICE = "<", ">"
#: What was written is brought to the disk at least so often.
SYNC_SECONDS: Final = 1.0


class RecordingFault(ValueError):
    """The file is no recording; the message names the line."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some bytes that went over the wire `at` seconds after the start; `place` is a topic or a path."""

    at: float
    to_host: bool
    data: bytes
    place: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole recording. `torn` is how many characters of a half-written end were left out."""

    kind: str
    chunks: tuple[Chunk, ...]
    head: dict[str, str] = field(default_factory=dict)
    torn: int = 0


def line_of(chunk: Chunk) -> str:
    """One chunk as it is written.

    >>> line_of(Chunk(1.5, True, b"OLU0", "readers/gate 1"))
    '1.500000 < 4f4c5530 readers/gate%201'
    """
    place = f" {quote(chunk.place)}" if chunk.place else ""
    return f"{chunk.at:.6f} {TO_HOST if chunk.to_host else TO_DEVICE} {chunk.data.hex() or '-'}{place}"


def write_head(kind: str, **more: str) -> str:
    """The lines before the first chunk."""
    pairs = {"device": kind, **more}
    return "".join(f"{line}\n" for line in (FIRST_LINE, *(f"# {name}: {text}" for name, text in pairs.items())))


def read_recording(path: Path) -> Recording:
    """The recording in a file; raises RecordingFault or OSError."""
    return parse_recording(path.read_bytes().decode("utf-8", "replace"), str(path))


def parse_recording(text: str, name: str = "recording") -> Recording:
    """A recording from its text. What stands after the last whole line was being written when the power went."""
    whole, _end, torn = text.rpartition("\n")
    lines = whole.split("\n")
    if lines[0] != FIRST_LINE:
        raise RecordingFault(f"{name}:1: expected {FIRST_LINE!r}, got {lines[0][:60]!r}.")
    # A power cut may leave blocks of NUL where the last lines were to come.
    while lines and not lines[-1].strip("\0"):
        torn = lines.pop() + torn
    head = dict(_pairs(lines))
    if head.get("device") not in KINDS:
        raise RecordingFault(f"{name}: expected a line '# device: KIND' with one of {', '.join(KINDS)}.")
    chunks = tuple(_chunk(line, f"{name}:{number}") for number, line in enumerate(lines, 1) if line[:1] not in "#")
    return Recording(head["device"], chunks, head, len(torn))


def _pairs(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if line.startswith("# ") and ": " in line:
            name, _colon, text = line[2:].partition(": ")
            yield name, text


def _chunk(line: str, where: str) -> Chunk:
    try:
        at, direction, data, *place = line.split(" ")
        if direction not in (TO_HOST, TO_DEVICE) or len(place) > 1 or float(at) < 0:
            raise ValueError
        return Chunk(
            float(at), direction == TO_HOST, b"" if data == "-" else bytes.fromhex(data), unquote("".join(place))
        )
    except ValueError:
        raise RecordingFault(
            f"{where}: expected SECONDS, < or >, hex and for messages a topic or path, such as "
            f"'1.500000 < 4f4c5530', got {line[:60]!r}."
        ) from None


class Recorder:
    """Writes a recording while it happens; note() may be called from any thread. `clock` gives seconds."""

    def __init__(
        self, path: Path, kind: str, *, clock: Callable[[], float] = time.monotonic, head: dict[str, str] | None = None
    ) -> None:
        self._path, self._kind, self._clock, self._head = path, kind, clock, head or {}
        self._lock = threading.Lock()
        self._file: IO[str] | None = None
        self._began = self._synced_at = 0.0
        #: Chunks so far.
        self.chunks = 0

    def __enter__(self) -> Self:
        try:
            # What was recorded once is never written over.
            self._file = self._path.open("x", encoding="utf-8", newline="\n")
        except FileExistsError as error:
            raise RecordingFault(f"{self._path} is there already: choose another name, or move it away.") from error
        self._file.write(write_head(self._kind, **self._head))
        self._file.flush()
        self._began = self._synced_at = self._clock()
        return self

    def __exit__(self, *_ended: object) -> None:
        with self._lock:
            file, self._file = self._file, None
        if file is not None:
            file.close()

    def note(self, data: bytes, *, to_host: bool, place: str = "") -> None:
        """These bytes go by now."""
        with self._lock:
            if self._file is None:
                return
            now = self._clock()
            self._file.write(line_of(Chunk(max(0.0, now - self._began), to_host, data, place)) + "\n")
            self._file.flush()
            self.chunks += 1
            if now - self._synced_at >= SYNC_SECONDS:
                self._synced_at = now
                os.fdatasync(self._file.fileno())
