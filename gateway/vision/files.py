"""Picture files, judged by their first bytes before anything is unpacked.

A picture of a few kilobytes can claim a billion pixels, and a decoder would ask for that memory at once. So the size
is read from the header here, by hand, and only a picture within the limits reaches a decoder.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from gettext import gettext as _
from types import MappingProxyType
from typing import Final

MAX_BYTES: Final = 32 * 1024 * 1024
MAX_PIXELS: Final = 50_000_000
MAX_SIDE: Final = 20_000

#: JPEG frame headers (ITU-T T.81 table B.1): SOF0 to SOF15 without DHT, JPG and DAC.
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class PictureRefused(ValueError):
    """A file is no picture that we take; the message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels as the header claims them."""

    kind: str
    width: int
    height: int


def check_picture(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Size:
    """The size of a PNG, JPEG, BMP or WebP picture; raises PictureRefused with the reason. The name does not matter.

    >>> check_picture(b"%PDF")
    Traceback (most recent call last):
    ...
    gateway.vision.files.PictureRefused: This is no picture: expected PNG, JPEG, BMP or WebP, it begins with b'%PDF'.
    """
    if len(data) > MAX_BYTES:
        raise PictureRefused(
            _("The file has {bytes:,} bytes; at most {limit:,} are read.").format(bytes=len(data), limit=MAX_BYTES)
        )
    size = _size_of(data)
    if not (0 < size.width <= MAX_SIDE and 0 < size.height <= MAX_SIDE) or size.width * size.height > max_pixels:
        raise PictureRefused(
            _("The picture claims {width} x {height} pixels; at most {limit:,} in all and {side:,} a side are read.")
            .format(width=size.width, height=size.height, limit=max_pixels, side=MAX_SIDE)
        )  # fmt: skip
    return size


def _size_of(data: bytes) -> Size:
    for beginning, (kind, measure) in _KINDS.items():
        if data.startswith(beginning):
            try:
                return Size(kind, *measure(data))
            except (struct.error, IndexError) as error:
                raise PictureRefused(_("The {kind} picture ends within its header.").format(kind=kind)) from error
    beginning = data[:8]
    raise PictureRefused(
        _("This is no picture: expected PNG, JPEG, BMP or WebP, it begins with {beginning}.").format(
            beginning=beginning
        )
    )


def _png(data: bytes) -> tuple[int, int]:
    # The first chunk is IHDR (ISO/IEC 15948 clause 5.6): width and height are its first two numbers.
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while True:
        while data[at] == 0xFF and data[at + 1] == 0xFF:
            at += 1
        marker, length = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if data[at] != 0xFF or length < 2:
            raise PictureRefused(_("The JPEG picture is damaged before its size."))
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + length


def _bmp(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<ii", data, 18)
    # A negative height means that rows run from top to bottom.
    return width, abs(height)


def _webp(data: bytes) -> tuple[int, int]:
    form = data[12:16]
    if form == b"VP8X":
        # Two numbers of 24 bits, each one less than the size.
        return int.from_bytes(data[24:27], "little") + 1, _needed(data, 27, 3) + 1
    if form == b"VP8L":
        bits = _needed(data, 21, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _needed(data: bytes, at: int, count: int) -> int:
    if len(data) < at + count:
        raise IndexError(at)
    return int.from_bytes(data[at : at + count], "little")


_KINDS: Final[Mapping[bytes, tuple[str, Callable[[bytes], tuple[int, int]]]]] = MappingProxyType(
    {
        b"\x89PNG\r\n\x1a\n": ("PNG", _png),
        b"\xff\xd8": ("JPEG", _jpeg),
        b"BM": ("BMP", _bmp),
        b"RIFF": ("WebP", _webp),
    }
)
