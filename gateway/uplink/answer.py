"""Reads one answer in HTTP/1.1 (RFC 9112) from a file of bytes.

A gateway hears the answers of one server to one kind of request. The standard library's reader brings TLS and mail
with it, and a gateway that speaks plain HTTP would hold five megabytes for what it never uses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

#: A line of the head, or of a chunk's; ours are of some 60 bytes.
MAX_LINE: Final = 16_384
MAX_HEADERS: Final = 100
#: Statuses whose answer ends with its head (RFC 9112 6.3).
_BODILESS: Final = (204, 304)
_STATUS: Final = re.compile(r"(HTTP/1\.[0-9]) ([1-9][0-9][0-9])(?: |$)")
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE: Final = re.compile(r"[0-9A-Fa-f]{1,15}")


class NoAnswer(Exception):
    """What came is not an answer in HTTP; the text says why."""


class BrokenAnswer(Exception):
    """An answer began and cannot be taken; the text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `headers` have lower-case names. `stays`: the connection may carry the next request."""

    status: int
    headers: dict[str, str]
    body: bytes
    stays: bool


def read_answer(file: BinaryIO, most: int) -> Answer:
    """The answer, with at most so many bytes of body; ConnectionResetError when the connection ended before it."""
    version, status = _status(_line(file, is_first=True))
    headers = _headers(file)
    while status < 200:
        # Informational: the answer itself comes after it (RFC 9110 15.2).
        version, status = _status(_line(file))
        headers = _headers(file)
    length = _length(status, headers)
    stays = length is not None and _stays(version, headers.get("connection", ""))
    return Answer(status, headers, b"".join(_body(file, length, most)), stays)


# --- the head


def _line(file: BinaryIO, *, is_first: bool = False) -> str:
    line = file.readline(MAX_LINE)
    if not line and is_first:
        # As if nobody had been there: on a new connection the request may be made again.
        raise ConnectionResetError("Connection ended without an answer")
    if not line.endswith(b"\n"):
        raise NoAnswer("a line of the answer's head has no end")
    return line.decode("latin-1").rstrip("\r\n")


def _status(line: str) -> tuple[str, int]:
    found = _STATUS.match(line)
    if found is None:
        raise NoAnswer(f"expected an answer in HTTP/1.1, got {line[:60]!r}")
    return found[1], int(found[2])


def _headers(file: BinaryIO) -> dict[str, str]:
    """A header that comes twice is a list (RFC 9110 5.3)."""
    found: dict[str, str] = {}
    for _number in range(MAX_HEADERS):
        line = _line(file)
        if not line:
            return found
        name, _colon, value = line.partition(":")
        name, value = name.lower(), value.strip()
        found[name] = f"{found[name]}, {value}" if name in found else value
    raise NoAnswer(f"more than {MAX_HEADERS} headers")


def _length(status: int, headers: dict[str, str]) -> int | None:
    """Bytes of the body, -1 where it comes in chunks; None where only the connection's end ends it."""
    if status in _BODILESS:
        return 0
    if coding := headers.get("transfer-encoding"):
        if coding.lower() != "chunked":
            raise NoAnswer(f"unknown Transfer-Encoding {coding[:60]!r}")
        return -1
    length = headers.get("content-length")
    if length is None:
        return None
    if not _NUMBER.fullmatch(length):
        raise NoAnswer(f"expected a number as Content-Length, got {length[:60]!r}")
    return int(length)


def _stays(version: str, connection: str) -> bool:
    words = connection.lower()
    return "close" not in words and (version != "HTTP/1.0" or "keep-alive" in words)


# --- the body


def _body(file: BinaryIO, length: int | None, most: int) -> Iterator[bytes]:
    if length == -1:
        yield from _chunks(file, most)
    elif length is None:
        rest = file.read(most + 1)
        _require_room(len(rest), most)
        yield rest
    else:
        _require_room(length, most)
        yield _whole(file, length)


def _chunks(file: BinaryIO, most: int) -> Iterator[bytes]:
    size = 0
    while chunk := _chunk_size(_line(file)):
        size += chunk
        _require_room(size, most)
        yield _whole(file, chunk)
        if _line(file):
            raise NoAnswer("a chunk is longer than it says")
    _headers(file)


def _chunk_size(line: str) -> int:
    digits = line.partition(";")[0].strip()
    if not _CHUNK_SIZE.fullmatch(digits):
        raise NoAnswer(f"expected the size of a chunk, got {line[:60]!r}")
    return int(digits, 16)


def _whole(file: BinaryIO, size: int) -> bytes:
    """As many bytes; a file gives fewer only at its end."""
    body = file.read(size)
    if len(body) < size:
        raise BrokenAnswer(f"Server's answer broke off: {size - len(body):,} bytes of it did not come.")
    return body


def _require_room(size: int, most: int) -> None:
    if size > most:
        raise BrokenAnswer(f"Server's answer is too long: {size:,} bytes so far, expected at most {most:,}.")
