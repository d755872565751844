"""A retried POST does its work once: the first answer is kept for a day and given again."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from server.errors import Invalid
from server.journal.models import IdempotencyKey
from server.messages import translate as _

KEPT = timedelta(days=1)
_FORM = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a POST answers with: a status and a JSON body."""

    status: int
    body: Any
    repeated: bool = False
    #: Members of the body that are shown once: what is kept for a retry has null in their place.
    secret: tuple[str, ...] = ()

    @property
    def kept(self) -> Any:
        """The body as a repeated request gets it."""
        return {**self.body, **dict.fromkeys(self.secret)} if self.secret else self.body


@dataclass(frozen=True, slots=True)
class Retry:
    """One request that may come again: who sends it, under which key, and what it asks for."""

    principal: str
    key: str | None
    #: Method and path, then the body: another request under the same key is a mistake.
    request: tuple[str, Any]

    @property
    def hash(self) -> bytes:
        """SHA-256 over the request in one canonical form."""
        text = json.dumps(self.request, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).digest()


def once(session: Session, retry: Retry, make: Callable[[], Answer], *, now: datetime) -> Answer:
    """The first answer to this request, made now unless it was made before; raises Invalid for a reused key."""
    if retry.key is None:
        return make()
    if not _FORM.fullmatch(retry.key):
        raise Invalid(_("Idempotency-Key must be 1 to 200 printable ASCII characters without spaces."))
    session.execute(
        delete(IdempotencyKey)
        .where(IdempotencyKey.created_at < now - KEPT)
        .execution_options(synchronize_session=False)
    )
    known = session.get(IdempotencyKey, (retry.principal, retry.key))
    if known is not None:
        return _repeat(known, retry)
    answer = make()
    session.add(_record(retry, answer, now))
    session.flush()
    return answer


def _record(retry: Retry, answer: Answer, now: datetime) -> IdempotencyKey:
    return IdempotencyKey(
        principal=retry.principal,
        key=retry.key,
        request_hash=retry.hash,
        status=answer.status,
        body=answer.kept,
        created_at=now,
    )


def _repeat(known: IdempotencyKey, retry: Retry) -> Answer:
    if known.request_hash != retry.hash:
        raise Invalid(
            _("The Idempotency-Key {key} was used for another request. Take a new key for a new request.").format(
                key=retry.key
            ),
            reason="idempotency_key_reused",
        )
    return Answer(known.status, known.body, repeated=True)
