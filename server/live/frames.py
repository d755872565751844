"""Frames of a stream of server-sent events (HTML Living Standard, 9.2).

>>> frame("ping", "{}")
b'event: ping\\ndata: {}\\n\\n'
"""

import json
import re
from collections.abc import Mapping

#: The standard ends a line at CR LF, LF or a lone CR; data that hides one would forge a frame.
_LINE_END = re.compile("\r\n|\n|\r")
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def frame(event: str, data: str) -> bytes:
    """One frame; each line of the data gets its own `data:`."""
    lines = "".join(f"data: {line}\n" for line in _LINE_END.split(data))
    return f"event: {event}\n{lines}\n".encode("utf-8", "backslashreplace")


def json_frame(event: str, members: Mapping[str, object]) -> bytes:
    """A frame whose data is a JSON object; JSON escapes every line end, so it is one line."""
    return f"event: {event}\ndata: {_encode(members)}\n\n".encode("utf-8", "backslashreplace")


PING = frame("ping", "{}")
#: Browsers come back after a second; the page's own script adds jitter.
RETRY = b"retry: 1000\n\n"


def hello(build: str) -> bytes:
    """The first frame: which build speaks; a page of another build loads itself anew."""
    return json_frame("hello", {"build": build})


def bye(reason: str) -> bytes:
    """The last frame before rights end."""
    return json_frame("bye", {"reason": reason})


def fragment(topic: str, version: int, html: str) -> bytes:
    """The present state behind a topic, as the HTML that shows it."""
    return json_frame("fragment", {"topic": topic, "version": version, "html": html})
