"""Where in a frame bars stand side by side, and which way they run.

A linear symbol is the one thing on a shop floor whose edges all point the same way over a whole patch. The structure
tensor tells that for each patch: its coherence is 1 where all gradients are parallel and 0 where they point anywhere,
as those of noise do.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from gateway.vision.picture import Grey

#: Frames are searched at this width; bars are felt even where single modules are not resolved.
SEARCH_WIDTH: Final = 640
#: Side of the patch over which gradients are gathered, in pixels of the search.
PATCH: Final = 15
COHERENCE: Final = 0.45
#: A patch counts when its gradients hold this share of the strongest patch's energy.
ENERGY: Final = 0.12
#: Smaller patches are no symbols, in pixels of the search.
MIN_AREA: Final = 350
MAX_REGIONS: Final = 4
#: Quiet zone that is cut out with a symbol, as a share of its length.
MARGIN: Final = 0.12
#: Strips are cut out larger than they are seen, so that a module has pixels enough for thresholds.
ENLARGE: Final = 2.0
MAX_STRIP: Final = 2600


@dataclass(frozen=True, slots=True)
class Region:
    """A patch of parallel bars: `along` pixels across the bars and `tall` pixels in their own direction.

    `angle` in degrees is how far the reading direction is turned from the x axis, `x`, `y` the middle in pixels.
    """

    x: float
    y: float
    along: float
    tall: float
    angle: float


def find_regions(frame: Grey) -> list[Region]:
    """The likeliest patches of bars, largest first; empty where there are none."""
    scale = min(1.0, SEARCH_WIDTH / max(frame.shape))
    small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else frame
    mask, doubled = _coherent(small.astype(np.float32))
    count, labels, stats, _middles = cv2.connectedComponentsWithStats(mask)
    order = sorted(range(1, count), key=lambda index: -int(stats[index, cv2.CC_STAT_AREA]))
    found = [_measure(labels == index, doubled, scale) for index in order if stats[index, cv2.CC_STAT_AREA] >= MIN_AREA]
    return found[:MAX_REGIONS]


def _coherent(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A mask of patches whose gradients agree, and the doubled direction of each patch as a complex number."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 0.8)
    gx, gy = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    xx, yy, xy = (cv2.blur(part, (PATCH, PATCH)) for part in (gx * gx, gy * gy, gx * gy))
    energy = xx + yy
    doubled = (xx - yy) + 2j * xy
    coherence = np.abs(doubled) / (energy + 1e-3)
    strong = energy > ENERGY * float(np.percentile(energy, 99.5))
    mask = ((coherence > COHERENCE) & strong).astype(np.uint8)
    return cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)), doubled


def _measure(inside: np.ndarray, doubled: np.ndarray, scale: float) -> Region:
    """The turned box around a patch, in pixels of the frame."""
    rows, columns = np.nonzero(inside)
    # The angle of a gradient and of its opposite are the same direction, hence the mean of doubled angles.
    turn = float(np.angle(doubled[inside].sum())) / 2
    across = columns * np.cos(turn) + rows * np.sin(turn)
    upright = rows * np.cos(turn) - columns * np.sin(turn)
    (left, right), (top, bottom) = (np.percentile(values, (0.5, 99.5)) for values in (across, upright))
    u, v = (left + right) / 2, (top + bottom) / 2
    x, y = u * np.cos(turn) - v * np.sin(turn), u * np.sin(turn) + v * np.cos(turn)
    sizes = (x, y, right - left, bottom - top)
    x, y, along, tall = (float(size) / scale for size in sizes)
    return Region(x, y, along, tall, float(np.rad2deg(turn)))


def cut_out(frame: Grey, region: Region) -> Grey:
    """The region with its bars upright and its quiet zones, enlarged."""
    wide = region.along * (1 + 2 * MARGIN) + 40
    enlarge = min(ENLARGE, MAX_STRIP / wide)
    # Rows near the ends of the bars are half background, so they stay out.
    tall = max(8.0, region.tall * 0.8)
    turn = np.deg2rad(region.angle)
    cos, sin = np.cos(turn) / enlarge, np.sin(turn) / enlarge
    middle = (wide * enlarge / 2, tall * enlarge / 2)
    matrix = np.array(
        [
            [cos, -sin, region.x - cos * middle[0] + sin * middle[1]],
            [sin, cos, region.y - sin * middle[0] - cos * middle[1]],
        ]
    )
    size = (max(1, int(wide * enlarge)), max(1, int(tall * enlarge)))
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(frame, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)
