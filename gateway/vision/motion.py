"""Whether anything moved before the camera: an empty belt is looked at, not searched for codes."""

from typing import Any, Final

import cv2
import numpy as np

from gateway.vision.picture import Grey

#: Frames are compared at this width; noise averages out and a label stays many pixels wide.
WIDTH: Final = 160
#: A cell of the frame has changed when its grey differs by so many levels.
LEVELS: Final = 14


class MotionGate:
    """Opens when a share of the frame differs from the last frame that was searched; 0 lets every frame through.

    A frame without a code does not close it: a label at rest is searched again, `patience` frames long.
    """

    def __init__(self, share: float, *, patience: int = 10) -> None:
        self._share, self._patience = share, patience
        self._last: Any = None
        self._left = 0

    def opens(self, frame: Grey) -> bool:
        """Whether this frame is worth a search."""
        if self._share <= 0:
            return True
        scale = WIDTH / frame.shape[1]
        small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        moved = self._last is None or self._last.shape != small.shape or self._changed(small) > self._share
        if moved:
            self._last, self._left = small, self._patience
        elif self._left > 0:
            self._left -= 1
            return True
        return moved

    def _changed(self, small: Any) -> float:
        return float(np.mean(cv2.absdiff(small, self._last) > LEVELS))

    def settle(self) -> None:
        """The codes of this scene are read: wait for the next one."""
        self._left = 0
