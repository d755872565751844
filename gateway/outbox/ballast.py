"""A file that only takes up room, to be given back when the disk is full.

At ENOSPC even deleting delivered events fails, because SQLite first writes the change to its log. Giving
the ballast back makes the room that the deletes need.
"""

import os
from pathlib import Path


class Ballast:
    """`size` bytes of real blocks in `path`; hold() and release() may be called at any time."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size

    def hold(self, bytes_free: int) -> bool:
        """Take the room if it is not taken and twice as much is free; say whether it is held now."""
        if self._is_whole():
            return True
        if self._size == 0 or bytes_free < 2 * self._size:
            return False
        try:
            self._fill()
        except OSError:
            # The room went between the look and the write: not held is the true answer, no fault.
            self.release()
            return False
        return True

    def release(self) -> None:
        """Give the room back."""
        self._path.unlink(missing_ok=True)

    def _is_whole(self) -> bool:
        try:
            return self._path.stat().st_size >= self._size > 0
        except FileNotFoundError:
            return False

    def _fill(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            # A file of holes would hold no blocks, so the blocks are allocated for real.
            os.posix_fallocate(descriptor, 0, self._size)
        finally:
            os.close(descriptor)


def free_bytes(directory: Path) -> int:
    """Bytes an ordinary user may still write on the file system of `directory`."""
    figures = os.statvfs(directory)
    return figures.f_bavail * figures.f_frsize
