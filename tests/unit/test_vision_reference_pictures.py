"""Pictures of public origin with their texts: every linear code is read, and nothing is read wrong."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from gateway.vision.files import check_picture
from gateway.vision.reader import PictureReader

DATA = Path(__file__).parents[3] / "shared/data/barcode-images"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no pictures beside the repository (../shared/data)")


def texts(folder: str) -> dict[str, tuple[str, list[str]]]:
    """By picture: the text it should give, and the texts it gives."""
    found = {}
    for path in sorted((DATA / folder).glob("*.txt")):
        picture = next((each for each in path.parent.glob(f"{path.stem}.*") if each.suffix != ".txt"), None)
        if picture is None:
            # A text for a picture that is not here.
            continue
        data = picture.read_bytes()
        check_picture(data)
        frame = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
        given = [symbol.data.decode("utf-8", "replace") for symbol in PictureReader().read_surely(frame)]
        found[path.stem] = (
            path.read_text(encoding="utf-8").strip(),
            [text.replace("\r\n", "\n").strip() for text in given],
        )
    return found


@pytest.mark.parametrize("folder", ["code128-3", "code39-1", "ean8-1", "itf-1"])
def test_every_linear_code_is_read(folder: str) -> None:
    found = texts(folder)

    assert found
    assert {name: given for name, (_text, given) in found.items()} == {
        name: [text] for name, (text, _given) in found.items()
    }


def test_photographed_qr_codes_are_read_right_or_not_at_all() -> None:
    found = texts("qrcode-1")

    right = [name for name, (text, given) in found.items() if text in given]
    wrong = {name: given for name, (text, given) in found.items() if given and given != [text]}
    assert wrong == {}
    assert len(right) >= 0.9 * len(found)
