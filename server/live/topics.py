"""What a page asks to watch: `order:SO-1000@17`, a topic with the version it shows already."""

import re
from collections.abc import Iterable

from server.errors import FieldError, Invalid
from server.messages import translate as _

_TOPIC = re.compile(r"[a-z_]{1,20}(:[A-Za-z0-9._-]{1,80})?")
#: A page shows a handful of things; a hundred topics are a mistake or an attack.
MOST_TOPICS = 64
_HIGHEST = 2**63 - 1


def parse_topics(texts: Iterable[str]) -> dict[str, int]:
    """Topic to the version shown (0: none yet); raises Invalid."""
    shown = dict(map(_parse_one, texts))
    if not shown:
        raise Invalid(errors=[FieldError("t", _("Say what to watch, such as t=order:SO-1000@17."), "missing")])
    if len(shown) > MOST_TOPICS:
        message = _("A page watches at most {most} topics, this one asks for {got}.")
        raise Invalid(errors=[FieldError("t", message.format(most=MOST_TOPICS, got=len(shown)), "too_many")])
    return shown


def _parse_one(text: str) -> tuple[str, int]:
    topic, _at, version = text.partition("@")
    is_number = version.isascii() and version.isdigit() and len(version) <= 19
    if not _TOPIC.fullmatch(topic) or not (is_number or version == ""):
        message = _("Expected topic@version such as order:SO-1000@17.")
        raise Invalid(errors=[FieldError("t", message, "bad_topic")])
    return topic, min(int(version or 0), _HIGHEST)
