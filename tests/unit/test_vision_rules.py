"""What is believed, what is kept and what is refused: the rules around pictures, without a picture."""

import os
import struct
from pathlib import Path

import pytest

from gateway.protocols.options import OptionsError
from gateway.protocols.pictures import CameraOptions, DropFolderOptions
from gateway.vision import missing
from gateway.vision.confirm import Confirmation
from gateway.vision.evidence import Retention, prune
from gateway.vision.files import PictureRefused, check_picture
from gateway.vision.symbols import Found

CODE39 = Found("Code39", "]A0", b"BIN7", False)
OTHER = Found("Code39", "]A0", b"BIN", False)
OWN = Found("Code128", "]C0", b"OLU0011P", True)


def test_a_code_without_a_check_digit_counts_at_its_second_look() -> None:
    looks = Confirmation()

    assert [looks.observe([CODE39]), looks.observe([OTHER]), looks.observe([CODE39])] == [[], [], [CODE39]]


def test_a_look_that_is_four_frames_old_proves_nothing() -> None:
    looks = Confirmation()

    for seen in (CODE39, OTHER, OWN):
        looks.observe([seen])

    assert looks.observe([CODE39]) == []


def test_a_checked_code_counts_at_once_and_empty_frames_are_no_looks() -> None:
    looks = Confirmation()

    assert looks.observe([OWN, CODE39]) == [OWN]
    assert looks.observe([]) == []
    assert looks.observe([CODE39]) == [CODE39]


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)


def test_the_size_is_read_from_the_header_of_every_kind() -> None:
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 480, 640)
    bmp = b"BM" + bytes(16) + struct.pack("<ii", 640, -480)
    webp = b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + struct.pack("<HH", 640, 480)

    sizes = [check_picture(data) for data in (png(640, 480), jpeg, bmp, webp)]

    assert {(size.width, size.height) for size in sizes} == {(640, 480)}
    assert [size.kind for size in sizes] == ["PNG", "JPEG", "BMP", "WebP"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (png(60_000, 60_000), "claims 60000 x 60000 pixels"),
        (png(19_000, 19_000), "claims 19000 x 19000 pixels"),
        (png(0, 5), "claims 0 x 5 pixels"),
        (b"\x89PNG\r\n\x1a\n\0\0", "ends within its header"),
        (b"\xff\xd8\xff\xe0", "ends within its header"),
        (b"\xff\xd8\x00\x00\x00\x08", "damaged before its size"),
        (b"RIFF\0\0\0\0WEBPVP8X", "ends within its header"),
        (b"GIF89a", "expected PNG, JPEG, BMP or WebP"),
        (b"", "expected PNG, JPEG, BMP or WebP"),
    ],
)
def test_bombs_and_what_is_no_picture_are_refused_unread(data: bytes, words: str) -> None:
    with pytest.raises(PictureRefused, match=words):
        check_picture(data)


def test_old_pictures_go_and_then_the_oldest_of_the_rest(tmp_path: Path) -> None:
    for name, age in (("old", 100), ("middle", 50), ("new", 5)):
        (tmp_path / name).write_bytes(b"12345")
        os.utime(tmp_path / name, (1000 - age, 1000 - age))

    gone = prune(tmp_path, Retention(seconds=60, bytes=9), now=1000.0)

    assert gone == 2
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_missing_library_is_named_with_the_command_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.vision.find_spec", lambda name: None if name == "cv2" else object())

    sentence = missing()

    assert sentence == (
        "Pictures need opencv-python-headless. Install them with: pip install 'orderlight[gateway,vision]'."
    )


def test_mistakes_in_the_options_name_their_cure() -> None:
    with pytest.raises(OptionsError) as caught:
        CameraOptions.parse({"device": "rtsp://a:{password}@b", "formats": ["Code129"], "region": "0.5,0,0.6,1"})

    sentences = "\n".join(caught.value.mistakes)
    assert "password_file: missing, but device asks for {password}" in sentences
    assert "formats: expected some of Code128" in sentences
    assert 'region: expected four shares that lie within the frame, such as "0.2,0.3,0.6,0.4"' in sentences
    with pytest.raises(OptionsError, match="folder: empty"):
        DropFolderOptions.parse({"folder": ""})
