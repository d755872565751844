"""A picture for the demo, drawn here: two frames in a carton with foam between them, seen from above."""

import struct
import zlib

from server.catalog.picture_bytes import Picture, read_picture

_WIDTH, _HEIGHT = 480, 300
_PAPER, _CARTON, _EDGE, _FOAM, _STEEL = (0, 1, 2, 3, 4)
_PALETTE = bytes((247, 243, 233, 201, 160, 106, 138, 100, 54, 226, 229, 232, 61, 74, 92))
#: Left, top, right, bottom, colour; what comes later lies above.
_SHAPES = (
    (20, 20, 460, 280, _EDGE),
    (28, 28, 452, 272, _CARTON),
    (40, 40, 440, 260, _PAPER),
    (40, 138, 440, 162, _FOAM),
    (70, 62, 410, 72, _STEEL),
    (70, 62, 80, 122, _STEEL),
    (240, 62, 250, 122, _STEEL),
    (400, 62, 410, 122, _STEEL),
    (70, 112, 410, 122, _STEEL),
    (70, 178, 410, 188, _STEEL),
    (70, 178, 80, 238, _STEEL),
    (240, 178, 250, 238, _STEEL),
    (400, 178, 410, 238, _STEEL),
    (70, 228, 410, 238, _STEEL),
)


def packed_frames() -> Picture:
    """The picture, checked as everybody's is."""
    rows = [bytearray(_WIDTH) for _row in range(_HEIGHT)]
    for left, top, right, bottom, colour in _SHAPES:
        for row in rows[top:bottom]:
            row[left:right] = bytes((colour,)) * (right - left)
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 3, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 9)
    parts = ((b"IHDR", header), (b"PLTE", _PALETTE), (b"IDAT", pixels), (b"IEND", b""))
    return read_picture(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in parts))


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
