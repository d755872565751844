"""Repairs of light, noise and focus, each a function from grey levels to grey levels."""

from typing import Any, Final

import cv2
import numpy as np

from gateway.vision.picture import Grey

#: Side of the neighbourhood that is stretched to full contrast; wider than any symbol's quiet zone.
NEIGHBOURHOOD: Final = 48
#: Differences of fewer grey levels are noise, not print.
LEAST_CONTRAST: Final = 10.0
#: What blurring takes away is given back where the noise allows; Wiener's ratio of noise to signal.
NOISE_TO_SIGNAL: Final = (0.0005, 0.005)
#: Spreads of focus to try, in pixels of the frame.
SPREADS: Final = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5)
#: For whole pictures, where each try is dear: spread in pixels, and how much noise to expect.
PICTURE_SPREADS: Final = ((1.5, 0.02), (2.2, 0.005), (3.0, 0.002))
#: Rows of the picture that a line of grey levels is drawn as.
LINE_ROWS: Final = 24


def even_light(picture: Grey) -> Grey:
    """Every neighbourhood stretched from its own black to its own white: for faint print and shadows."""
    small = cv2.resize(picture, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    kernel = np.ones((NEIGHBOURHOOD // 4 + 1,) * 2, np.uint8)
    dark, light = (
        cv2.resize(cv2.blur(edge(small, kernel).astype(np.float32), kernel.shape), (picture.shape[1], picture.shape[0]))
        for edge in (cv2.erode, cv2.dilate)
    )
    span = np.maximum(light - dark, LEAST_CONTRAST)
    return np.asarray(np.clip((picture - dark) / span * 255, 0, 255), np.uint8)


def calm(picture: Grey, spread: float = 1.2) -> Grey:
    """Noise averaged away, at the cost of sharpness."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), spread), np.uint8)


def line_of(strip: Grey, first: float = 0.0, last: float = 1.0) -> Any:
    """The mean grey level of each column between two shares of the height: noise falls by the root of the rows."""
    rows = strip.shape[0]
    return strip[int(rows * first) : max(int(rows * first) + 1, int(rows * last))].astype(np.float32).mean(axis=0)


def drawn(line: Any) -> Grey:
    """A line of grey levels as a picture of bars, in even light."""
    width = max(9, int(len(line) / 12)) | 1
    row = line[None, :].astype(np.float32)
    dark, light = (cv2.blur(edge(row, np.ones((1, width), np.uint8)), (width, 1)) for edge in (cv2.erode, cv2.dilate))
    span = np.maximum(light - dark, max(4.0, float(np.ptp(row)) * 0.25))
    level = np.clip((row - dark) / span * 255, 0, 255).astype(np.uint8)
    return np.asarray(np.repeat(level, LINE_ROWS, axis=0), np.uint8)


def refocus(line: Any, spread: float, noise: float) -> Any:
    """Wiener's inverse of a Gaussian blur along one line; `spread` in its own pixels."""
    padded = np.pad(line, 64, mode="edge")
    frequencies = np.fft.rfftfreq(len(padded))
    seen = np.exp(-2 * (np.pi * spread * frequencies) ** 2)
    restored = np.fft.irfft(np.fft.rfft(padded) * seen / (seen**2 + noise), len(padded))
    return restored[64:-64]


def refocus_picture(picture: Grey, spread: float, noise: float) -> Grey:
    """The same for a whole picture, which codes of two dimensions need; `spread` in pixels."""
    rows, columns = picture.shape
    spectrum = np.fft.rfft2(picture.astype(np.float32))
    down, across = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None, :]
    seen = np.exp(-2 * (np.pi * spread) ** 2 * (down**2 + across**2))
    restored = np.fft.irfft2(spectrum * seen / (seen**2 + noise), (rows, columns))
    return np.asarray(np.clip(restored, 0, 255), np.uint8)
