"""The gateway's end of a camera: what its picture reader sees in the frames of a stream. Needs the `vision` extra."""

import itertools
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from gateway.protocols.pictures import CameraOptions
from gateway.protocols.reads import CodeRead, Sign
from gateway.vision.confirm import Confirmation, Recent
from gateway.vision.motion import MotionGate
from gateway.vision.reader import PictureReader
from gateway.vision.watch import IN_VIEW_SECONDS, Look

#: Rungs that a frame without a code may climb. A limit in seconds would make equal seeds count unequally.
RUNGS: Final = 2


class Viewer:
    """Looks at every frame as the driver does. A code counts once for each time that it comes into view."""

    def __init__(self, name: str, options: CameraOptions) -> None:
        self._name = name
        steps = itertools.count()
        reader = PictureReader(options.formats, budget=RUNGS, monotonic=lambda: float(next(steps)))
        self._look = Look(reader, MotionGate(options.motion_share), Confirmation())
        self._recent = Recent(IN_VIEW_SECONDS)

    def begin(self, now: float) -> None:
        """Nothing: each frame stands for itself."""

    def hear(self, data: bytes, now: float) -> Sequence[Sign]:
        """The codes that come into view with this part of the stream; a frame that broke off shows nothing."""
        _head, _gap, picture = data.partition(b"\r\n\r\n")
        if not picture.strip():
            return []
        frame = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
        if frame is None:
            return []
        found = self._look.at(np.asarray(frame, np.uint8))
        return [CodeRead(self._name, each.raw) for each in found if self._recent.new([each], now)]

    def step(self, now: float) -> Sequence[Sign]:
        """Nothing."""
        return []
