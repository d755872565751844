"""Events into the outbox's table, many with one statement.

Python's other threads are waited for after each statement, so a statement takes many rows. The connection keeps each
statement it knows together with the values it had last: of a hundred sizes that is five megabytes, so sizes are few.
"""

from collections.abc import Iterator
from typing import Final

_SIZES: Final = (64, 32, 16, 8, 4, 2, 1)
#: The statement for so many rows; marks alone are put in.
INSERT: Final = {
    size: "INSERT INTO event VALUES " + ", ".join(["(?, ?, ?, ?, ?)"] * size)  # noqa: S608 - nothing but marks.
    for size in _SIZES
}


def lots(count: int) -> Iterator[tuple[int, int]]:
    """Where the rows of each statement begin and end.

    >>> list(lots(71))
    [(0, 64), (64, 68), (68, 70), (70, 71)]
    """
    start = 0
    for size in _SIZES:
        while count - start >= size:
            yield start, start + size
            start += size
