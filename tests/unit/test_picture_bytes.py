"""Pictures by their own bytes: what is taken, what is left out of them, and what is no picture."""

import io
import random
import struct
import zlib
from contextlib import suppress

import pytest
from PIL import Image, ImageFile

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


def names_in(data: bytes) -> list[bytes]:
    """The names of a PNG's chunks."""
    names, at = [], 8
    while at < len(data):
        names.append(data[at + 4 : at + 8])
        at += 12 + int.from_bytes(data[at : at + 4])
    return names


def pixels_of(data: bytes) -> bytes:
    return Image.open(io.BytesIO(data)).tobytes()


def refusal(data: bytes) -> str:
    with pytest.raises(Invalid) as found:
        read_picture(data)
    return str(found.value.errors[0].reason)


def test_a_png_is_taken_with_the_size_that_its_pixels_have() -> None:
    picture = read_picture(png(3, 2))

    assert (picture.kind, picture.width, picture.height) == ("image/png", 3, 2)
    assert pixels_of(picture.content) == b"\x80" * 6


def test_an_interlaced_png_has_its_pixels_in_seven_passes() -> None:
    # 3 by 3: passes of 1x1, none, none, 2x1 at the third row's place, 1x2, 2x1... as PNG 8.2 lays them out.
    sizes = [(1, 1), (0, 1), (1, 0), (1, 1), (2, 1), (1, 2), (3, 1)]
    pixels = b"".join((b"\0" + b"\x80" * wide) * high for wide, high in sizes if wide and high)

    assert read_picture(png(3, 3, pixels, interlace=1)).width == 3
    assert refusal(png(3, 3, interlace=1)) == "no_picture"


def test_what_stands_beside_and_behind_the_pixels_of_a_png_is_left_out() -> None:
    words = (
        chunk(b"tEXt", b"Author\0somebody") + chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\0 54.79 N") + chunk(b"prVt", b"mine")
    )

    picture = read_picture(png(3, 2, more=words) + b"<script>")

    assert picture == read_picture(png(3, 2))
    assert names_in(picture.content) == [b"IHDR", b"IDAT", b"IEND"]


def test_what_shines_through_a_png_stays_so() -> None:
    clear = chunk(b"tRNS", b"\0\x80")

    assert names_in(read_picture(png(3, 2, more=clear)).content) == [b"IHDR", b"tRNS", b"IDAT", b"IEND"]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"GIF89a\x01\x00\x01\x00", b"<svg xmlns='http://www.w3.org/2000/svg'/>", png(3, 2)[:60],
        png(3, 2, b"\0\x80\x80"), png(0, 2), png(3, 2).replace(b"IDATx", b"IDATy"), b"\x89PNG\r\n\x1a\n",
        jpeg(frame=b""), b"\xff\xd8\xff\xd9",
        jpeg(frame=_FRAME[:4] + b"\x0c" + _FRAME[5:]), jpeg(frame=_FRAME.replace(b"\xc0", b"\xc3")), jpeg()[:40],
        b"\xff" * 64,
    ],
)  # fmt: skip
def test_what_is_neither_or_broken_is_refused(data: bytes) -> None:
    assert refusal(data) == "no_picture"


def test_a_damaged_picture_is_refused_after_a_pdf_was_drawn_too(monkeypatch: pytest.MonkeyPatch) -> None:
    # What the library that draws PDFs does as it is loaded.
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)

    assert refusal(png(3, 2, b"\0\x80\x80")) == "no_picture"


@pytest.mark.parametrize("name", ["GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO"])
def test_no_other_kind_is_decoded_whatever_the_library_knows(name: str) -> None:
    written = io.BytesIO()
    Image.new("RGB", (16, 16)).save(written, name)

    assert refusal(written.getvalue()) == "no_picture"


def test_a_small_file_that_unpacks_to_more_than_it_says_gives_no_more_than_that() -> None:
    picture = read_picture(png(3, 2, b"\0" * 200_000_000))

    assert (picture.width, picture.height, len(picture.content) < 100) == (3, 2, True)


def test_a_small_note_that_unpacks_to_very_much_is_refused() -> None:
    assert refusal(png(3, 2, more=chunk(b"iCCP", b"name\0\0" + zlib.compress(bytes(100_000_000))))) == "no_picture"


def test_too_many_bytes_and_too_many_pixels_are_refused() -> None:
    assert refusal(png(3, 2) + bytes(MAX_BYTES)) == "too_large"
    assert refusal(png(MAX_SIDE + 1, 1)) == "too_many_pixels"
    assert refusal(png(2**31 - 1, 2**31 - 1, b"")) == "too_many_pixels"
    assert refusal(png(10_000, 10_000, b"")) == "too_many_pixels"
    assert read_picture(png(MAX_SIDE, 1)).width == MAX_SIDE


def test_a_jpeg_keeps_its_picture_and_loses_the_place_where_it_was_taken() -> None:
    jfif = note(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")
    taken = note(0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0 54.79 N 9.43 E")

    picture = read_picture(jpeg(jfif, taken, note(0xFE, b"a comment")) + b"what a camera appends")

    assert (picture.kind, picture.width, picture.height) == ("image/jpeg", 2, 1)
    assert b"54.79" not in picture.content
    assert b"comment" not in picture.content
    assert b"appends" not in picture.content


@pytest.mark.parametrize(("order", "mark"), [("<", b"II"), (">", b"MM")])
def test_a_jpeg_that_lies_on_its_side_is_turned_upright(order: str, mark: bytes) -> None:
    tiff = struct.pack(f"{order}2sHIHHHIHHI", mark, 42, 8, 1, 0x0112, 3, 1, 6, 0, 0)

    picture = read_picture(jpeg(note(0xE1, b"Exif\0\0" + tiff)))

    assert (picture.width, picture.height) == (1, 2)
    assert b"Exif" not in picture.content


def test_a_jpeg_in_printers_inks_is_kept_in_the_colours_of_screens() -> None:
    sent = io.BytesIO()
    Image.new("CMYK", (16, 8), (0, 255, 255, 0)).save(sent, "JPEG", icc_profile=b"of a press")

    kept = Image.open(io.BytesIO(read_picture(sent.getvalue()).content))

    assert (kept.mode, kept.size, "icc_profile" in kept.info) == ("RGB", (16, 8), False)
    assert kept.getpixel((0, 0))[0] > 200 > 60 > kept.getpixel((0, 0))[1]


def test_a_photo_keeps_its_fineness_and_its_profile_and_grows_little() -> None:
    drawn, sent = Image.radial_gradient("L").resize((640, 480)).convert("RGB"), io.BytesIO()
    drawn.save(sent, "JPEG", quality=83, subsampling=2, icc_profile=b"of a telephone")

    kept = read_picture(sent.getvalue()).content

    before, after = (Image.open(io.BytesIO(each)) for each in (sent.getvalue(), kept))
    assert (after.quantization, after.info["icc_profile"]) == (before.quantization, b"of a telephone")
    assert len(kept) < 1.1 * len(sent.getvalue())


# The library warns of notes that make no sense, and goes on without them.
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_bytes_broken_anywhere_are_a_picture_or_are_refused_in_words() -> None:
    chance, whole = random.Random(20), (png(3, 2), jpeg(note(0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0")))

    for data in whole * 500:
        broken = bytearray(data)
        for _time in range(chance.randint(1, 4)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        with suppress(Invalid):
            assert pixels_of(read_picture(bytes(broken)).content)


def test_the_same_picture_has_the_same_name_whoever_sends_it() -> None:
    assert read_picture(png(3, 2)).hash == read_picture(png(3, 2) + b"behind").hash
    assert packed_frames().hash == read_picture(packed_frames().content).hash
