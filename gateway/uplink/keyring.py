"""The gateway's key on its disk, and the one that shall follow it.

The next key stands in a file beside the first before anybody is told of it, and takes the first one's place after the
server has it. Whenever the power goes, one of the two files opens the server's door.
"""

import os
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from random import SystemRandom
from typing import Final

from gateway.digest import sha256_hex

_PREFIX_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_FORM: Final = re.compile(r"ol_([a-z0-9]{8})_([\x21-\x7e]{32,})")


def make_key() -> str:
    """A fresh key: `ol_<prefix>_<secret>`, the secret of 256 random bits."""
    # As `secrets` draws them, which brings OpenSSL with it.
    choose = SystemRandom().choice
    prefix = "".join(choose(_PREFIX_ALPHABET) for _ in range(8))
    return f"ol_{prefix}_{urlsafe_b64encode(os.urandom(32)).rstrip(b'=').decode()}"


def prefix_of(key: str) -> str | None:
    """The part of a key that may be shown; None where it has none."""
    found = _FORM.fullmatch(key)
    return found[1] if found else None


def fingerprint(key: str) -> dict[str, str]:
    """What the server is told of a key that make_key() gave."""
    found = _FORM.fullmatch(key)
    if found is None:
        raise ValueError("Failed to read a key: expected ol_<prefix>_<secret>.")
    return {"prefix": found[1], "secret_sha256": sha256_hex(found[2].encode())}


class Keyring:
    """`spread` is told each key that is used from now on. `path` is None where the key came by the environment."""

    def __init__(self, path: Path | None, key: str, spread: Callable[[str], None]) -> None:
        self.key = key
        self._path, self._spread = path, spread
        self._refused: set[str] = set()

    @property
    def can_write(self) -> bool:
        """Whether there is a file for another key."""
        return self._path is not None

    @property
    def has_begun(self) -> bool:
        """Whether a key waits to follow, of which a server may have been told already."""
        return self._path is not None and _read(self._next) is not None

    def use(self, key: str) -> None:
        """Go on with this key."""
        if key and key != self.key:
            self.key = key
            self._spread(key)

    def begin(self) -> str:
        """The key that shall follow, on disk; the same again until finish() or drop(). Raises OSError."""
        present = _read(self._next)
        if present is not None and prefix_of(present):
            return present
        key = make_key()
        _write(self._next, key)
        return key

    def finish(self, key: str) -> None:
        """The server has it: it takes the first one's place, and is used. Raises OSError."""
        os.replace(self._next, self._first)
        _settle(self._first)
        self._refused.clear()
        self.use(key)

    def drop(self) -> None:
        """The server will never take it."""
        self._next.unlink(missing_ok=True)

    def try_another(self) -> bool:
        """The key is refused: use the other one of the two files, where it is another; give whether there was one.

        A person may have put a new key into the file, or the power went in the middle of a change.
        """
        if self._path is None:
            return False
        self._refused.add(self.key)
        found = [key for key in (_read(self._first), _read(self._next)) if key]
        others = [key for key in found if key not in self._refused]
        if not others:
            # Around again: what was refused by a server that was being restored may be right later.
            self._refused = {self.key}
            others = [key for key in found if key != self.key]
        if others:
            self.use(others[0])
        return bool(others)

    def confirm(self) -> None:
        """The server took the key: where that is the one that should follow, it takes its place. Raises OSError."""
        if self._refused and self._path is not None:
            if _read(self._next) == self.key:
                self.finish(self.key)
            self._refused.clear()

    @property
    def _first(self) -> Path:
        if self._path is None:
            raise FileNotFoundError("The key came by ORDERLIGHT_GATEWAY_KEY: there is no file for another one.")
        return self._path

    @property
    def _next(self) -> Path:
        return self._first.with_name(self._first.name + ".next")


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        # No file, or no key in it: there is nothing to be tried, and `check` names a key file that cannot be read.
        return None


def _write(path: Path, key: str) -> None:
    """For this user alone, and on the disk before it is told to anybody."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(descriptor)
    _settle(path)


def _settle(path: Path) -> None:
    """The name is on the disk, too."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
