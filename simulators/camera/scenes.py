"""Frames of a camera: a label lies somewhere on a belt, seen at an angle, out of focus, in poor light."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from simulators.camera.labels import Picture

WIDTH: Final = 1280
HEIGHT: Final = 720
#: Grey of an empty belt.
BELT: Final = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How the camera sees the label. The default is a clean, straight, sharp view.

    `angle` degrees, `tilt` the share by which one end shrinks, `blur` and `noise` standard deviations in pixels and in
    grey levels, `contrast` the share of black to white that is left, `shade` how much darker one side of the frame is,
    `quality` of JPEG from 1 to 100, `at` the middle of the label as shares of the frame.
    """

    angle: float = 0.0
    tilt: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    contrast: float = 1.0
    shade: float = 0.0
    quality: int | None = None
    at: tuple[float, float] = (0.5, 0.5)


def take(label: Picture | None, view: View, random: np.random.Generator) -> Picture:
    """A grey frame of 1280 x 720; None gives the empty belt."""
    frame = _belt(random)
    if label is not None:
        frame = _lay(frame, label, view)
    light = frame.astype(np.float32)
    if view.blur > 0:
        light = cv2.GaussianBlur(light, (0, 0), view.blur).astype(np.float32)
    light = 128 + (light - 128) * view.contrast
    light *= np.linspace(1 - view.shade, 1, WIDTH, dtype=np.float32)[None, :]
    if view.noise > 0:
        light += random.normal(0, view.noise, light.shape).astype(np.float32)
    taken = np.clip(light, 0, 255).astype(np.uint8)
    return taken if view.quality is None else _through_jpeg(taken, view.quality)


def _belt(random: np.random.Generator) -> Picture:
    """A belt with its weave and a few scratches, so that a frame without a label is not plain."""
    frame = np.full((HEIGHT, WIDTH), BELT, np.uint8)
    frame[:, ::16] -= 12
    for _scratch in range(8):
        begin, end = ((int(x), int(y)) for x, y in random.integers((0, 0), (WIDTH, HEIGHT), (2, 2)))
        cv2.line(frame, begin, end, int(random.integers(60, 140)), 1, cv2.LINE_AA)
    return frame


def _lay(frame: Picture, label: Picture, view: View) -> Picture:
    """The label in perspective on the frame."""
    tall, wide = label.shape
    corners = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], np.float32)
    flat = corners - np.array([wide / 2, tall / 2], np.float32)
    # The far end looks shorter in both directions, as a label does that leans away from the lens.
    flat[1:3] *= 1 - view.tilt
    turn = np.deg2rad(view.angle)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]], np.float32)
    seen = flat @ spin + np.array([WIDTH * view.at[0], HEIGHT * view.at[1]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    laid = cv2.warpPerspective(label, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full_like(label, 255), matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)
    share = mask.astype(np.float32) / 255
    return np.asarray(frame * (1 - share) + laid.astype(np.float32), np.uint8)


def _through_jpeg(frame: Picture, quality: int) -> Picture:
    _done, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
