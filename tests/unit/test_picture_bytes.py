"""Pictures by their own bytes: what is taken, what is left out of them, and what is no picture."""

import struct
import zlib

import pytest

from server.catalog.picture_bytes import MAX_BYTES, MAX_SIDE, read_picture
from server.erp.seed_picture import packed_frames
from server.errors import Invalid

#: A frame of 2 by 1 pixels with tables of one entry: enough for its form, whatever it would show.
_TABLES = b"\xff\xdb\x00\x43\x00" + b"\x01" * 64
_FRAME = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, 1, 2, 1) + b"\x01\x11\x00"
_SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + b"\x12\xff\x00\x34\xff\xd0\x56"


def jpeg(*notes: bytes, frame: bytes = _FRAME, end: bytes = b"\xff\xd9") -> bytes:
    return b"\xff\xd8" + b"".join(notes) + _TABLES + frame + _SCAN + end


def note(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, pixels: bytes | None = None, *, interlace: int = 0, more: bytes = b"") -> bytes:
    """A grey picture of eight bits."""
    rows = (b"\0" + b"\x80" * width) * height if pixels is None else pixels
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, interlace)
    body = chunk(b"IHDR", header) + more + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def refusal(data: bytes) -> str:
    with pytest.raises(Invalid) as found:
        read_picture(data)
    return str(found.value.errors[0].reason)


def test_a_png_is_taken_with_the_size_that_its_pixels_have() -> None:
    picture = read_picture(png(3, 2))

    assert (picture.kind, picture.width, picture.height, picture.content) == ("image/png", 3, 2, png(3, 2))


def test_an_interlaced_png_has_its_pixels_in_seven_passes() -> None:
    # 3 by 3: passes of 1x1, none, none, 2x1 at the third row's place, 1x2, 2x1... as PNG 8.2 lays them out.
    sizes = [(1, 1), (0, 1), (1, 0), (1, 1), (2, 1), (1, 2), (3, 1)]
    pixels = b"".join((b"\0" + b"\x80" * wide) * high for wide, high in sizes if wide and high)

    assert read_picture(png(3, 3, pixels, interlace=1)).width == 3
    assert refusal(png(3, 3, interlace=1)) == "no_picture"


def test_what_stands_beside_and_behind_the_pixels_of_a_png_is_left_out() -> None:
    words = chunk(b"tEXt", b"Author\0somebody")

    assert read_picture(png(3, 2, more=words) + b"<script>").content == png(3, 2)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"GIF89a\x01\x00\x01\x00", b"<svg xmlns='http://www.w3.org/2000/svg'/>", png(3, 2)[:-1],
        png(3, 2, b"\0\x80\x80"), png(3, 2, b"\0" * 9), png(0, 2), png(3, 2).replace(b"IDATx", b"IDATy"),
        png(3, 2, more=chunk(b"CgBI", b"")), b"\x89PNG\r\n\x1a\n", jpeg(end=b""), jpeg(frame=b""), b"\xff\xd8\xff\xd9",
        jpeg(frame=_FRAME[:4] + b"\x0c" + _FRAME[5:]), jpeg(frame=_FRAME.replace(b"\xc0", b"\xc3")), jpeg()[:40],
        b"\xff" * 64,
    ],
)  # fmt: skip
def test_what_is_neither_or_broken_is_refused(data: bytes) -> None:
    assert refusal(data) == "no_picture"


def test_a_small_file_that_unpacks_to_more_than_it_says_is_given_up() -> None:
    assert refusal(png(3, 2, b"\0" * 200_000_000)) == "no_picture"


def test_too_many_bytes_and_too_many_pixels_are_refused() -> None:
    assert refusal(png(3, 2) + bytes(MAX_BYTES)) == "too_large"
    assert refusal(png(MAX_SIDE + 1, 1)) == "too_many_pixels"
    assert read_picture(png(MAX_SIDE, 1)).width == MAX_SIDE


def test_a_jpeg_keeps_its_picture_and_loses_the_place_where_it_was_taken() -> None:
    jfif = note(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")
    taken = note(0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0 54.79 N 9.43 E")

    picture = read_picture(jpeg(jfif, taken, note(0xFE, b"a comment")) + b"what a camera appends")

    assert (picture.kind, picture.width, picture.height) == ("image/jpeg", 2, 1)
    assert b"54.79" not in picture.content
    assert b"comment" not in picture.content
    assert read_picture(picture.content) == picture


@pytest.mark.parametrize(("order", "mark"), [("<", b"II"), (">", b"MM")])
def test_a_jpeg_that_lies_on_its_side_keeps_which_side_is_up(order: str, mark: bytes) -> None:
    tiff = struct.pack(f"{order}2sHIHHHIHHI", mark, 42, 8, 1, 0x0112, 3, 1, 6, 0, 0)

    picture = read_picture(jpeg(note(0xE1, b"Exif\0\0" + tiff)))

    assert (picture.width, picture.height) == (1, 2)
    assert read_picture(picture.content).content == picture.content


def test_the_same_picture_has_the_same_name_whoever_sends_it() -> None:
    assert read_picture(png(3, 2)).hash == read_picture(png(3, 2) + b"behind").hash
    assert packed_frames().hash == read_picture(packed_frames().content).hash
