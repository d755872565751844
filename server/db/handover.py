"""What one piece of the writer's work leaves to the next: rows as they stand, which need not be read again.

It holds only while nothing else is written in between. So whoever takes it over has to leave it anew, and work that
knows nothing of it, or fails, ends it; so does a commit of another process. Only SQLite has one writer; on PostgreSQL
nothing is ever there to be taken over.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from server.db.driver import ask

_KEY = "handover"


@dataclass(slots=True)
class Desk:
    """Where a piece of work finds what is given to it, and puts what it leaves."""

    given: Any
    left: Any = None


class Handover:
    """Between two pieces of work; for the writer's thread alone."""

    def __init__(self) -> None:
        self._left: Any = None
        #: What SQLite calls the state of the file, which any other connection's commit changes.
        self._version: int | None = None

    def begin(self, connection: Connection) -> None:
        """A transaction has begun: what was left is worth nothing when somebody else has written since."""
        # The same as long as nobody but this connection has committed (SQLite, PRAGMA data_version).
        version = ask(connection, "PRAGMA data_version")[0][0]
        if version != self._version:
            self._left, self._version = None, version

    def forget(self) -> None:
        """Nothing that was written has stayed."""
        self._left = None

    def give(self, session: Session) -> Desk:
        """Give what was left to one piece of work; when that fails and nobody takes back, nothing is left."""
        desk = session.info[_KEY] = Desk(self._left)
        self._left = None
        return desk

    def take_back(self, desk: Desk) -> None:
        """Keep what the work has left."""
        self._left = desk.left


def take_over(session: Session) -> Any:
    """What the work before has left, once; None when there is nothing."""
    desk = session.info.get(_KEY)
    if desk is None:
        return None
    found = desk.left if desk.left is not None else desk.given
    desk.given = desk.left = None
    return found


def leave(session: Session, value: Any) -> None:
    """Leave this to the next; all that this work has written must be in it."""
    desk = session.info.get(_KEY)
    if desk is not None:
        desk.left = value


def is_kept(session: Session) -> bool:
    """Whether anybody takes over what is left."""
    return _KEY in session.info
