"""Joint work: what many callers ask for at the same time is done in one go for all of them.

Each caller hands in a share. Alone a share is work like any other; several that wait for the same writer are run as
one call with all their arguments, and only if that call fails is each tried alone, so that a fault is its cause's own.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

from server.db.lane import Waiting

A = TypeVar("A")
T = TypeVar("T")
#: Gives a result for each argument, in their order; one that is an exception is its argument's alone.
Joint = Callable[[Session, Sequence[A]], Sequence[T | BaseException]]

#: At most so many shares are done in one go.
SHARES = 16


class Share(Generic[A, T]):
    """One caller's part of joint work."""

    __slots__ = ("argument", "joint")

    def __init__(self, joint: Joint[A, T], argument: A) -> None:
        self.joint = joint
        self.argument = argument

    def __call__(self, session: Session) -> T:
        """Do this share alone; raises what the joint work gives back as an exception."""
        (result,) = self.joint(session, [self.argument])
        if isinstance(result, BaseException):
            raise result
        return result


def gather(group: Sequence[Waiting]) -> list[list[Waiting]]:
    """The group with shares of the same joint work side by side, where the first of them stood."""
    found: list[list[Waiting]] = []
    latest: dict[Joint[Any, Any], list[Waiting]] = {}
    for waiting in group:
        work = waiting[0]
        together = latest.get(work.joint) if isinstance(work, Share) else None
        if together is not None and len(together) < SHARES:
            together.append(waiting)
            continue
        found.append([waiting])
        if isinstance(work, Share):
            latest[work.joint] = found[-1]
    return found


def together(waiting: Sequence[Waiting]) -> Callable[[Session], Sequence[Any]]:
    """The work of several shares as one, which gives a result for each."""
    shares = [work for work, _future in waiting if isinstance(work, Share)]

    def work(session: Session) -> Sequence[Any]:
        return shares[0].joint(session, [share.argument for share in shares])

    return work
