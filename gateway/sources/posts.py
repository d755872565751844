"""Which posted body each read came in, so that a post is answered when all of its reads are stored."""

import itertools
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

#: Posts without an answer remembered, to recognise them when the reader sends them again.
REMEMBERED: Final = 1000


@dataclass(slots=True)
class Post:
    """One body under way; `settled` is set when its last read is stored, or one was refused."""

    digest: bytes
    reads: int
    reads_left: int
    refused: bool = False
    settled: threading.Event = field(default_factory=threading.Event)


class Posts:
    """From any thread. A reader that got no 200 posts the same body again, and it must not be read twice for that."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens = itertools.count(1)
        self._waiting: dict[int, Post] = {}
        # Bodies that the reader was told to send again, though they may be stored by now.
        self._unanswered: OrderedDict[bytes, Post] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def known(self, body: bytes) -> Post | None:
        """The post that this body is the second try of; it is forgotten, so that a third is new."""
        with self._lock:
            return self._unanswered.pop(_digest(body), None)

    def begin(self, body: bytes, reads: int) -> tuple[int, Post]:
        """A new post with so many reads, and the token that they carry; before they are emitted."""
        with self._lock:
            token = next(self._tokens)
            post = self._waiting[token] = Post(_digest(body), reads, reads)
            return token, post

    def stored(self, token: int) -> None:
        """One read of a post is stored."""
        with self._lock:
            post = self._waiting.get(token)
            if post is None:
                return
            post.reads_left -= 1
            if post.reads_left <= 0:
                del self._waiting[token]
                post.settled.set()

    def refused(self, token: int) -> None:
        """A read of a post could not be stored: the whole of it comes again as a new one."""
        with self._lock:
            post = self._waiting.pop(token, None)
            if post is not None:
                post.refused = True
                post.settled.set()

    def unanswered(self, post: Post) -> None:
        """Its reader was told to send it again before we knew."""
        with self._lock:
            self._unanswered[post.digest] = post
            while len(self._unanswered) > REMEMBERED:
                self._unanswered.popitem(last=False)


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=16).digest()
