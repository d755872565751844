"""One camera: the newest frame is looked at, those that came meanwhile are dropped."""

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from gateway.vision.confirm import Confirmation, Recent
from gateway.vision.evidence import file_name
from gateway.vision.motion import MotionGate
from gateway.vision.picture import Grey
from gateway.vision.reader import PictureReader
from gateway.vision.symbols import Found

Say = Callable[[Mapping[str, object]], None]

#: How often the parent hears that the camera lives although nothing was read.
ALIVE_SECONDS: Final = 1.0
OPEN_MILLISECONDS: Final = 5000
EVIDENCE_QUALITY: Final = 80
#: A code seen again within this time is the same label, and its picture is kept already.
IN_VIEW_SECONDS: Final = 2.0


class LatestFrame:
    """A thread that takes every frame off the camera and keeps the last: its own buffer would show the past."""

    def __init__(self, capture: Any) -> None:
        self._capture = capture
        self._changed = threading.Condition()
        self._frame: Any = None
        self._ended = False
        #: Frames taken and frames dropped unseen.
        self.taken = self.dropped = 0
        threading.Thread(target=self._run, name="frames", daemon=True).start()

    def _run(self) -> None:
        while True:
            there, frame = self._capture.read()
            with self._changed:
                self._ended = not there
                if there:
                    self.dropped += self._frame is not None
                    self.taken += 1
                    self._frame = frame
                self._changed.notify()
            if not there:
                return

    def wait(self, seconds: float) -> Any:
        """The newest frame that was not given yet; None when there is none in time. Raises EOFError at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._ended, seconds)
            frame, self._frame = self._frame, None
            if frame is None and self._ended:
                raise EOFError
            return frame


@dataclass(slots=True)
class Look:
    """What a camera's frames go through: motion gate, reader, confirmation."""

    reader: PictureReader
    gate: MotionGate
    confirmation: Confirmation
    searched: int = 0

    def at(self, frame: Grey) -> list[Found]:
        """The codes of this frame that can be believed."""
        if not self.gate.opens(frame):
            return []
        self.searched += 1
        found = self.confirmation.observe(self.reader.read(frame))
        if found:
            self.gate.settle()
        return found


def watch(settings: Mapping[str, Any], say: Say) -> None:
    """Look at a camera until it goes away; what was found, and that it lives, goes to `say`."""
    from gateway.vision.worker import part_of, told

    capture = _open(settings)
    if not capture.isOpened():
        say({"lost": "closed"})
        return
    say({"ready": True})
    frames = LatestFrame(capture)
    reader = PictureReader(tuple(settings["formats"]), budget=settings["budget_ms"] / 1000)
    look = Look(reader, MotionGate(settings["motion_share"]), Confirmation())
    recent = Recent(IN_VIEW_SECONDS)
    pause, heard = 1 / settings["frames_per_second"], time.monotonic()
    while True:
        began = time.monotonic()
        try:
            frame = frames.wait(ALIVE_SECONDS)
        except EOFError:
            say({"lost": "ended"})
            return
        grey = None if frame is None else part_of(_grey(frame), settings["region"])
        found = [] if grey is None else look.at(grey)
        if found and grey is not None:
            kept = _keep(grey, settings["evidence"]) if recent.new(found, began) else None
            say({"found": told(found), "picture": kept})
        # A camera that sends nothing stays silent here as well, so that the parent loses patience with it.
        if grey is not None and time.monotonic() - heard >= ALIVE_SECONDS:
            heard = time.monotonic()
            say({"frames": frames.taken, "dropped": frames.dropped, "searched": look.searched})
        time.sleep(max(0.0, pause - (time.monotonic() - began)))


def _open(settings: Mapping[str, Any]) -> Any:
    device = settings["device"]
    if device.isdigit() or device.startswith("/dev/"):
        capture = cv2.VideoCapture(int(device) if device.isdigit() else device)
    else:
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_MILLISECONDS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, OPEN_MILLISECONDS]
        capture = cv2.VideoCapture(device, cv2.CAP_FFMPEG, limits)
    for name, wanted in ((cv2.CAP_PROP_FRAME_WIDTH, "width"), (cv2.CAP_PROP_FRAME_HEIGHT, "height")):
        if settings[wanted] is not None:
            capture.set(name, settings[wanted])
    return capture


def _grey(frame: Any) -> Grey:
    return np.asarray(frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)


def _keep(frame: Grey, folder: str | None) -> str | None:
    """Write the frame that was read as evidence; gives the file's name."""
    if folder is None:
        return None
    _done, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, EVIDENCE_QUALITY])
    content = data.tobytes()
    name = file_name(time.time(), hashlib.sha256(content).hexdigest(), ".jpg")
    Path(folder, name).write_bytes(content)
    return name
