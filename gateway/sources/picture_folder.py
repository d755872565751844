"""The folder of pictures: which files are whole, which were read before, and where they go."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from gateway.vision.evidence import Retention, file_name, prune

#: Names that other programs give to what they are still writing.
UNFINISHED: Final = (".part", ".tmp", ".crdownload", ".partial", "~")
#: Digests of pictures that were read, remembered over a restart.
REMEMBERED: Final = 20_000
LEDGER: Final = ".orderlight-read"


class PictureFolder:
    """Not thread-safe. `done` and `failed` are folders within `folder`."""

    def __init__(self, folder: Path, stable_seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._stable, self._monotonic = stable_seconds, monotonic
        self._seen: dict[Path, tuple[tuple[int, int], float]] = {}
        self._digests: dict[str, None] = {}

    def open(self) -> None:
        """Make the folders and remember what was read before; raises OSError."""
        for name in ("done", "failed"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        ledger = self._folder / LEDGER
        if ledger.exists():
            self._digests = dict.fromkeys(ledger.read_text(encoding="ascii").split()[-REMEMBERED:])
            # Written anew at each start, so that the ledger is as bounded as the memory of it.
            _write_durably(ledger, "".join(f"{digest}\n" for digest in self._digests))

    def whole(self) -> list[Path]:
        """The files that did not change for the stable time, oldest first; raises OSError without the folder."""
        now, ready, seen = self._monotonic(), [], self._seen
        self._seen = {}
        for entry in os.scandir(self._folder):
            if (
                entry.name.startswith(".")
                or entry.name.endswith(UNFINISHED)
                or not entry.is_file(follow_symlinks=False)
            ):
                continue
            about, path = entry.stat(follow_symlinks=False), Path(entry.path)
            state = (about.st_size, about.st_mtime_ns)
            before = seen.get(path)
            since = before[1] if before is not None and before[0] == state else now
            self._seen[path] = (state, since)
            # A file without a byte was only just made, however long ago that is.
            if now - since >= self._stable and about.st_size > 0:
                ready.append((about.st_mtime_ns, path))
        return [path for _time, path in sorted(ready)]

    def digest(self, path: Path) -> str:
        """SHA-256 of the content, in hex."""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def was_read(self, digest: str) -> bool:
        """Whether this very picture was read before."""
        return digest in self._digests

    def remember(self, digest: str) -> None:
        """Note on disk that every code of this picture is stored, before the file is moved."""
        self._digests[digest] = None
        with (self._folder / LEDGER).open("a", encoding="ascii") as ledger:
            ledger.write(f"{digest}\n")
            ledger.flush()
            os.fsync(ledger.fileno())

    def put_away(self, path: Path, where: str, about: Mapping[str, object], digest: str) -> None:
        """Move a file to done or failed under a name of its own, with a JSON file beside it that says why."""
        name = file_name(time.time(), digest, path.suffix.lower()[:8])
        target = self._folder / where / name
        path.replace(target)
        target.with_name(name + ".json").write_text(
            json.dumps({"file": path.name, "sha256": digest, **about}, ensure_ascii=False) + "\n", encoding="utf-8"
        )

    def prune(self, retention: Retention) -> None:
        """Take away old pictures in done and failed."""
        for name in ("done", "failed"):
            prune(self._folder / name, retention, time.time())


def _write_durably(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
