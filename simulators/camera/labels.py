"""Labels as pictures: one code, its quiet zone and its text, dark on white."""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

Picture: TypeAlias = NDArray[np.uint8]

#: Quiet zone in modules on every side; ISO/IEC 15417 asks ten for Code 128, the others ask for less.
QUIET: Final = 10
#: Height of a linear symbol in modules.
BAR_HEIGHT: Final = 36
#: EAN-13 by ISO/IEC 15420: ninety-five modules, each seven a digit between guards.
LINEAR: Final = frozenset({"Code128", "EAN13", "Code39", "ITF"})


@dataclass(frozen=True, slots=True)
class Code:
    """What is printed: `text` is plain, or with `gs1` an element string in brackets."""

    symbology: str
    text: str
    gs1: bool = False


def draw_label(code: Code, module: int) -> Picture:
    """Grey picture of the label with modules of so many pixels; raises ValueError where the symbol cannot hold it."""
    wanted = getattr(zxingcpp.BarcodeFormat, code.symbology)
    options = {"gs1": True} if code.gs1 else {}
    symbol: Any = zxingcpp.create_barcode(code.text, wanted, **options)
    grid = np.asarray(symbol.to_image(scale=1, add_quiet_zones=False)).astype(np.uint8)
    if code.symbology in LINEAR:
        grid = np.repeat(grid[:1], BAR_HEIGHT, axis=0)
    grid = np.pad(grid, QUIET, constant_values=255)
    picture = cv2.resize(grid, None, fx=module, fy=module, interpolation=cv2.INTER_NEAREST)
    return _with_text(np.asarray(picture, np.uint8), code.text, module)


def _with_text(picture: Picture, text: str, module: int) -> Picture:
    """The text below the symbol, as on any printed label."""
    height = 12 * module
    strip = np.full((height, picture.shape[1]), 255, np.uint8)
    (width, _tall), _base = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1)
    size = min(0.25 * module, 0.9 * picture.shape[1] / max(1, width))
    cv2.putText(strip, text, (2 * module, height - 4 * module), cv2.FONT_HERSHEY_SIMPLEX, size, 0, max(1, module // 2))
    return np.vstack([picture, strip])
