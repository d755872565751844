"""A ladder of attempts: a clean frame is read at the first rung and costs what zxing-cpp costs, a bad one climbs on.

Nothing that a repair invented is taken at its word. A code that needed refocusing counts once two different repairs
agree on it and no third says otherwise, and a symbology without a check of its own once two of three looks agree.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import cv2
import numpy as np

from gateway.protocols.pictures import FORMATS, LINEAR
from gateway.vision import engines, repair
from gateway.vision.picture import Grey
from gateway.vision.regions import ENLARGE, cut_out, find_regions
from gateway.vision.symbols import Found

#: How much larger the second look sees the picture, so that its thresholds fall elsewhere.
SECOND_LOOK: Final = 1.5
#: Bands of a strip that are averaged by themselves: the whole, for noise; parts, for tilted or torn labels.
BANDS: Final = ((0.0, 1.0), (0.0, 0.4), (0.3, 0.7), (0.6, 1.0))
#: Refocused lines that have to agree.
WITNESSES: Final = 2

Attempt = Callable[[], list[Found]]


class PictureReader:
    """Reads frames one after another; not thread-safe.

    `formats` are names of `gateway.protocols.pictures.FORMATS`. `budget` is how many seconds a frame without a code may
    cost: no new rung is climbed after them; None climbs to the top.
    """

    def __init__(
        self,
        formats: tuple[str, ...] = FORMATS,
        *,
        budget: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._formats = formats
        self._linear = tuple(name for name in formats if name in LINEAR)
        self._budget, self._monotonic = budget, monotonic
        #: By rung: how many frames were read there; `unread` where none helped.
        self.rungs: Counter[str] = Counter()

    def read(self, frame: Grey) -> list[Found]:
        """The symbols of a frame as they were seen once; those not `checked` may still be wrong."""
        began = self._monotonic()
        for name, attempt in self._ladder(frame):
            found = attempt()
            if found:
                self.rungs[name] += 1
                return _once_each(found)
            if self._budget is not None and self._monotonic() - began > self._budget:
                break
        self.rungs["unread"] += 1
        return []

    def read_surely(self, frame: Grey) -> list[Found]:
        """The symbols of a single picture: what has no check is kept where two of three looks agree."""
        found = self.read(frame)
        if all(symbol.checked for symbol in found):
            return found
        larger = cv2.resize(frame, None, fx=SECOND_LOOK, fy=SECOND_LOOK, interpolation=cv2.INTER_CUBIC)
        looks = [found, self.read(np.asarray(larger, np.uint8)), engines.read_again(frame, self._formats)]
        seen = Counter((symbol.symbology, symbol.data) for look in looks for symbol in _once_each(look))
        return [symbol for symbol in found if symbol.checked or seen[symbol.symbology, symbol.data] >= 2]

    def _ladder(self, frame: Grey) -> Iterator[tuple[str, Attempt]]:
        """Cheap rungs first; what a rung needs is made when it is climbed."""
        yield "fast", lambda: engines.read_fast(frame, self._formats)
        strips = [cut_out(frame, region) for region in find_regions(frame)] if self._linear else []
        yield "turned", lambda: self._of_strips(strips)
        yield "thorough", lambda: engines.read_thoroughly(frame, self._formats)
        lit = repair.even_light(frame)
        yield "even light", lambda: engines.read_thoroughly(lit, self._formats)
        yield "averaged", lambda: self._of_lines(strips)
        yield "second opinion", lambda: engines.read_again(frame, self._formats)
        yield "calm", lambda: engines.read_thoroughly(repair.even_light(repair.calm(frame)), self._formats)
        yield "refocused", lambda: self._refocused(strips)

    def _of_strips(self, strips: list[Grey]) -> list[Found]:
        return [symbol for strip in strips for symbol in engines.read_fast(strip, self._linear)]

    def _of_lines(self, strips: list[Grey]) -> list[Found]:
        found = []
        for strip in strips:
            for first, last in BANDS:
                line = repair.drawn(repair.line_of(strip, first, last))
                found += [symbol for symbol in engines.read_fast(line, self._linear) if symbol.checked]
        return found

    def _refocused(self, strips: list[Grey]) -> list[Found]:
        """Symbols on which refocused lines agree; where they do not, silence is the answer."""
        agreed = []
        for strip in strips:
            votes = Counter(symbol for line in _lines(strip) for symbol in engines.read_fast(line, self._linear))
            checked = [(symbol, count) for symbol, count in votes.items() if symbol.checked]
            if len(checked) == 1 and checked[0][1] >= WITNESSES:
                agreed.append(checked[0][0])
        return agreed


def _lines(strip: Grey) -> Iterator[Grey]:
    """The strip's lines of grey levels, refocused for every spread that is likely."""
    for first, last in BANDS:
        line = repair.line_of(strip, first, last)
        for spread in repair.SPREADS:
            for noise in repair.NOISE_TO_SIGNAL:
                yield repair.drawn(repair.refocus(line, spread * ENLARGE, noise))


def _once_each(found: list[Found]) -> list[Found]:
    """Each code once, in the order they were found: two equal labels in one frame are one read."""
    return list(dict.fromkeys(found))
