"""PNG and JPEG pictures as they are sent to us: checked by their own bytes, and kept without what is no picture. Pure.

A file's name and declared type prove nothing. Of a PNG every chunk's check sum and the whole pixel data are read (PNG,
third edition, 5.3 and 7.1); of a JPEG the segments from start to end of the image (ITU-T T.81, B.1.1). What a camera
writes beside the picture, such as the place where it was taken, is left out; which side is up is kept.
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from server.errors import FieldError, Invalid
from server.messages import translate as _

#: Bytes of a picture as it is sent.
MAX_BYTES: Final = 2 * 1024 * 1024
#: Pixels of either side.
MAX_SIDE: Final = 4000
PNG, JPEG = "image/png", "image/jpeg"

_PNG_START: Final = b"\x89PNG\r\n\x1a\n"
#: Colour type -> channels, and the bit depths that it may have (PNG, table 8).
_COLOURS: Final = {0: (1, (1, 2, 4, 8, 16)), 2: (3, (8, 16)), 3: (1, (1, 2, 4, 8)), 4: (2, (8, 16)), 6: (4, (8, 16))}
#: Chunks that say what is seen.
_KEPT_CHUNKS: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"IDAT", b"IEND"})
#: Passes of an interlaced picture: first column, first row, columns apart, rows apart (PNG, 8.2).
_PASSES: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_PIECE: Final = 1 << 16

_EOI, _SOS, _APP1 = 0xD9, 0xDA, 0xE1
#: Frames that browsers draw: baseline, extended sequential, progressive (T.81, table B.1).
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})
#: JFIF, the colour profile, and Adobe's note on colours; no other note of an application is kept, nor any comment.
_KEPT_NOTES: Final = frozenset({0xE0, 0xE2, 0xEE})
#: Behind entropy-coded data stands a marker that is neither a stuffed byte nor a restart (T.81, B.1.1.5).
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_EXIF: Final = b"Exif\x00\x00"
_UPRIGHT: Final = 1


@dataclass(frozen=True)
class Picture:
    """A picture that was checked."""

    #: Its media type.
    kind: str
    #: In pixels, as it is seen.
    width: int
    height: int
    content: bytes

    @cached_property
    def hash(self) -> str:
        """SHA-256 over what is kept, in hex: its name."""
        return hashlib.sha256(self.content).hexdigest()


class _BrokenError(Exception):
    """These bytes are not a whole picture."""


def read_picture(data: bytes, *, field: str = "picture") -> Picture:
    """The picture in these bytes; raises Invalid about `field` for another file, a broken one, and one too large."""
    if len(data) > MAX_BYTES:
        raise _invalid(field, _("A picture may have 2 MB at most; make it smaller first."), "too_large")
    try:
        picture = _png(data) if data.startswith(_PNG_START) else _jpeg(data)
    except _BrokenError as broken:
        message = _("Choose a PNG or JPEG picture; this file is neither, or it is damaged.")
        raise _invalid(field, message, "no_picture") from broken
    if max(picture.width, picture.height) > MAX_SIDE:
        message = _("This picture has {width} × {height} pixels; {most} each way at most. Make it smaller first.")
        told = message.format(width=picture.width, height=picture.height, most=MAX_SIDE)
        raise _invalid(field, told, "too_many_pixels")
    return picture


def _invalid(field: str, message: str, reason: str) -> Invalid:
    return Invalid(errors=[FieldError(field, message, reason)])


# --- PNG ---


def _png(data: bytes) -> Picture:
    chunks = list(_chunks(data))
    names = [name for name, _body, _whole in chunks]
    if not chunks or names[0] != b"IHDR" or names[-1] != b"IEND" or len(chunks[0][1]) != 13:
        raise _BrokenError
    width, height, depth, colour, packing, filtering, interlace = struct.unpack(">IIBBBBB", chunks[0][1])
    channels, depths = _COLOURS.get(colour, (0, ()))
    if not width or not height or depth not in depths or packing or filtering or interlace > 1:
        raise _BrokenError
    if colour == 3 and b"PLTE" not in names:
        raise _BrokenError
    if max(width, height) <= MAX_SIDE:
        rows = _rows(width, height) if interlace else [(width, height)]
        expected = sum(high * (1 + (wide * channels * depth + 7) // 8) for wide, high in rows if wide and high)
        _require_pixels([body for name, body, _whole in chunks if name == b"IDAT"], expected)
    kept = b"".join(whole for name, _body, whole in chunks if name in _KEPT_CHUNKS)
    return Picture(PNG, width, height, _PNG_START + kept)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Name, content and whole of each chunk up to the last; what stands behind it is no part of the picture."""
    at = len(_PNG_START)
    while True:
        length = int.from_bytes(data[at : at + 4])
        whole = data[at : at + 12 + length]
        if len(whole) < 12 or len(whole) != 12 + length or zlib.crc32(whole[4:-4]) != int.from_bytes(whole[-4:]):
            raise _BrokenError
        name = whole[4:8]
        # A chunk that a reader must know, and that nobody knows, is no PNG of today (PNG, 5.4).
        if not name[0] & 0x20 and name not in _KEPT_CHUNKS:
            raise _BrokenError
        yield name, whole[8:-4], whole
        if name == b"IEND":
            return
        at += len(whole)


def _rows(width: int, height: int) -> list[tuple[int, int]]:
    """Width and height of each pass of an interlaced picture."""
    return [
        ((width - left + apart - 1) // apart, (height - top + below - 1) // below)
        for left, top, apart, below in _PASSES
    ]


def _require_pixels(parts: list[bytes], expected: int) -> None:
    """Unpack in pieces: a small file may claim to be more than the memory holds."""
    unpacker, got = zlib.decompressobj(), 0
    try:
        waiting = b"".join(parts)
        while waiting and not unpacker.eof:
            piece = unpacker.decompress(waiting, _PIECE)
            got, waiting = got + len(piece), unpacker.unconsumed_tail
            if got > expected or not (piece or waiting):
                break
        got += len(unpacker.flush()) if got <= expected else 0
    except zlib.error as error:
        raise _BrokenError from error
    if got != expected or not unpacker.eof:
        raise _BrokenError


# --- JPEG ---


def _jpeg(data: bytes) -> Picture:
    size, turned, scans, kept = (0, 0), _UPRIGHT, 0, [b"\xff\xd8"]
    for marker, segment in _segments(data):
        if marker in _FRAMES:
            size = _size(segment)
        if marker == _APP1 and segment[4:10] == _EXIF:
            turned = _orientation(segment[10:])
            kept.append(_upright(turned))
        scans += marker == _SOS
        if _is_kept(marker):
            kept.append(segment)
    if not all(size) or not scans:
        raise _BrokenError
    # From five on the picture lies on its side (Exif 2.32, 4.6.4, Orientation).
    width, height = reversed(size) if turned >= 5 else size
    return Picture(JPEG, width, height, b"".join([*kept, b"\xff\xd9"]))


def _is_kept(marker: int) -> bool:
    is_note = 0xE0 <= marker <= 0xEF or marker == 0xFE
    return not is_note or marker in _KEPT_NOTES


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and bytes of each segment, of a scan with its data, up to the end of the image."""
    if data[:2] != b"\xff\xd8":
        raise _BrokenError
    at = 2
    while True:
        if len(data) < at + 2 or data[at] != 0xFF:
            raise _BrokenError
        marker = data[at + 1]
        if marker == _EOI:
            return
        if marker == 0xFF:
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4])
        end = at + 2 + length
        if marker < 0xC0 or length < 2 or end > len(data):
            raise _BrokenError
        if marker == _SOS:
            behind = _MARKER.search(data, end)
            if behind is None:
                raise _BrokenError
            end = behind.start()
        yield marker, data[at:end]
        at = end


def _size(segment: bytes) -> tuple[int, int]:
    """Width and height of a frame of eight bits in one, three or four colours (T.81, B.2.2)."""
    if len(segment) < 10 or segment[4] != 8 or segment[9] not in (1, 3, 4) or len(segment) != 10 + 3 * segment[9]:
        raise _BrokenError
    height, width = struct.unpack(">HH", segment[5:9])
    return width, height


def _orientation(tiff: bytes) -> int:
    """Which side is up, from the first directory of an Exif note; upright where it does not say so clearly."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return _UPRIGHT
    (first,) = struct.unpack(f"{order}I", tiff[4:8])
    (count,) = struct.unpack(f"{order}H", tiff[first : first + 2].ljust(2, b"\0"))
    for place in range(first + 2, first + 2 + 12 * count, 12):
        entry = tiff[place : place + 12]
        if len(entry) < 12:
            return _UPRIGHT
        tag, kind, number, value = struct.unpack(f"{order}HHIH", entry[:10])
        if (tag, kind, number) == (0x0112, 3, 1):
            return value if 1 <= value <= 8 else _UPRIGHT
    return _UPRIGHT


def _upright(turned: int) -> bytes:
    """An Exif note that says which side is up, and nothing else."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, turned, 0)
    note = _EXIF + struct.pack(">2sHIH", b"MM", 42, 8, 1) + entry + bytes(4)
    return struct.pack(">BBH", 0xFF, _APP1, len(note) + 2) + note
