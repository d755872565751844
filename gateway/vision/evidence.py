"""Pictures that prove a read, kept for so many days and so many bytes; the oldest go first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Retention:
    """How long pictures stay: at most `seconds` old, and all of them together at most `bytes`."""

    seconds: float
    bytes: int


@dataclass(frozen=True, slots=True)
class Kept:
    """One file: its age in seconds and its size in bytes."""

    path: Path
    age: float
    size: int


def surplus(kept: Sequence[Kept], retention: Retention) -> list[Path]:
    """The files that have to go: those too old, then the oldest until the others fit.

    >>> files = [Kept(Path("a"), 90, 5), Kept(Path("b"), 10, 5), Kept(Path("c"), 1, 5)]
    >>> [path.name for path in surplus(files, Retention(60, 7))]
    ['a', 'b']
    """
    going: list[Path] = []
    room = retention.bytes
    for file in sorted(kept, key=lambda file: file.age):
        room -= file.size
        if file.age > retention.seconds or room < 0:
            # Once one does not fit, nothing older may stay in its stead.
            room = min(room, -1)
            going.append(file.path)
    return going[::-1]


def prune(folder: Path, retention: Retention, now: float) -> int:
    """Take away what retention does not allow; `now` is seconds since 1970. Gives how many files went."""
    kept = []
    for path in folder.iterdir():
        if path.is_file():
            about = path.stat()
            kept.append(Kept(path, now - about.st_mtime, about.st_size))
    going = surplus(kept, retention)
    for path in going:
        path.unlink(missing_ok=True)
    return len(going)


def file_name(at: float, digest: str, suffix: str) -> str:
    """A name that sorts by time and is never used twice for different pictures.

    >>> file_name(0.25, "9f3c2a1788d0e4b2", ".jpg")
    '19700101T000000.250Z-9f3c2a1788d0.jpg'
    """
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03}Z-{digest[:12]}{suffix}"
