"""Codes in pictures: zxing-cpp first, pyzbar as a second opinion, OpenCV to find and repair what both cannot read.

Only the worker process (`gateway.vision.worker`) imports these libraries: a gateway without the `vision` extra starts
without them, and one with it keeps its small memory. This module itself imports none of them.
"""

from gettext import gettext as _
from importlib.util import find_spec
from typing import Final

#: What is imported, and where it comes from.
NEEDED: Final = {"cv2": "opencv-python-headless", "zxingcpp": "zxing-cpp", "numpy": "numpy"}


def missing() -> str | None:
    """A sentence that says what to install before pictures can be read; None where nothing is missing."""
    absent = [package for module, package in NEEDED.items() if find_spec(module) is None]
    if not absent:
        return None
    sentence = _("Pictures need {packages}. Install them with: pip install 'orderlight[gateway,vision]'.")
    return sentence.format(packages=", ".join(absent))
