"""`orderlight-gateway identify`: one code a line in, one JSON object a line out.

>>> run(["OLU0011P\\n"], print, gcp_length=None)  # doctest: +ELLIPSIS
{"input": "OLU0011P", "kind": "own", "keys": {"unit": "0011"}, ...}
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Final

from orderlight.autoid import Identification, identify

_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|([rnt0\\]))")
_LETTERS: Final = {"r": "\r", "n": "\n", "t": "\t", "0": "\x00", "\\": "\\"}


def run(lines: Iterable[str], write: Callable[[str], None], *, gcp_length: int | None = None) -> None:
    """Identify each line and hand one JSON text, in ASCII and without a line end, to `write`.

    `\\x1d`, `\\u001d`, `\\r`, `\\n`, `\\t`, `\\0` and `\\\\` stand for their characters; a line `epc:<hex>` is
    tag memory. Bytes that are not UTF-8 may come as surrogate escapes. Raises AutoIdError when `gcp_length`
    is none of 6 to 12, and for nothing else.
    """
    for line in lines:
        found = answer(line.rstrip("\r\n"), gcp_length)
        write(json.dumps(found.as_json()))


def unescaped(line: str) -> str:
    r"""The line with its escapes made characters; other backslashes stay.

    >>> unescaped(r"10LOT\x1d21S\q")
    '10LOT\x1d21S\\q'
    """
    return _ESCAPE.sub(_character, line) if "\\" in line else line


def answer(line: str, gcp_length: int | None = None) -> Identification:
    """What one line means, see run()."""
    return identify(_as_read(unescaped(line)), gcp_length=gcp_length)


def _character(found: re.Match[str]) -> str:
    digits = found[1] or found[2]
    return chr(int(digits, 16)) if digits else _LETTERS[found[3]]


def _as_read(text: str) -> str | bytes:
    """Bytes again, where reading standard input had to escape them as lone surrogates."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # Other lone surrogates were written as \uD800 by hand; they stay what they are.
        return text
