"""A ladder of attempts: a clean frame is read at the first rung and costs what zxing-cpp costs, a bad one climbs on.

Nothing that a repair invented is taken at its word. A code that needed refocusing counts once two different repairs
agree on it and no third says otherwise, and a symbology without a check of its own once two of three looks agree.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import cv2
import numpy as np

from gateway.protocols.pictures import FORMATS, LINEAR
from gateway.vision import engines, repair
from gateway.vision.picture import Grey
from gateway.vision.regions import ENLARGE, cut_out, find_regions
from gateway.vision.symbols import WEAK, Found

#: How much larger the second look sees the picture, so that its thresholds fall elsewhere.
SECOND_LOOK: Final = 1.5
#: Bands of a strip that are averaged by themselves: the whole, for noise; parts, for tilted or torn labels.
BANDS: Final = ((0.0, 1.0), (0.0, 0.4), (0.3, 0.7), (0.6, 1.0))
#: Refocused lines that have to agree.
WITNESSES: Final = 2
#: The same for symbologies that are weakly checked.
WEAK_WITNESSES: Final = 3
#: Rows above and below a symbol that a second look takes in, and the share of its width on either side.
ROOM_ROWS: Final = 4
ROOM_SHARE: Final = 0.15

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
        self._matrix = tuple(name for name in formats if name not in LINEAR)
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
        yield "fast", lambda: _believed(frame, engines.read_fast(frame, self._formats))
        strips = [cut_out(frame, region) for region in find_regions(frame)] if self._linear else []
        yield "turned", lambda: self._of_strips(strips)
        yield "thorough", lambda: _believed(frame, engines.read_thoroughly(frame, self._formats))
        lit = repair.even_light(frame)
        yield "even light", lambda: _believed(lit, engines.read_thoroughly(lit, self._formats))
        yield "averaged", lambda: self._of_lines(strips)
        yield "second opinion", lambda: engines.read_again(frame, self._formats)
        calm = repair.even_light(repair.calm(frame))
        yield "calm", lambda: _believed(calm, engines.read_thoroughly(calm, self._formats))
        yield "refocused", lambda: self._refocused(strips)
        for spread, noise in repair.PICTURE_SPREADS if self._matrix else ():
            sharp = repair.refocus_picture(frame, spread, noise)
            yield "sharpened", partial(engines.read_fast, sharp, self._matrix)

    def _of_strips(self, strips: list[Grey]) -> list[Found]:
        return [symbol for strip in strips for symbol in _believed(strip, engines.read_fast(strip, self._linear))]

    def _of_lines(self, strips: list[Grey]) -> list[Found]:
        """Symbols of averaged bands; a weak one is believed when two bands give it."""
        found = []
        for strip in strips:
            lines = [repair.drawn(repair.line_of(strip, first, last)) for first, last in BANDS]
            votes = Counter(symbol for line in lines for symbol in engines.read_fast(line, self._linear))
            found += [symbol for symbol, count in votes.items() if symbol.checked and count > _is_weak(symbol)]
        return found

    def _refocused(self, strips: list[Grey]) -> list[Found]:
        """Symbols on which refocused lines agree; where they do not, silence is the answer."""
        agreed = []
        for strip in strips:
            votes = Counter(symbol for line in _lines(strip) for symbol in engines.read_fast(line, self._linear))
            checked = [(symbol, count) for symbol, count in votes.items() if symbol.checked]
            if len(checked) == 1:
                symbol, count = checked[0]
                agreed += [symbol] * (count >= (WEAK_WITNESSES if _is_weak(symbol) else WITNESSES))
        return agreed


def _is_weak(symbol: Found) -> bool:
    return symbol.symbology in WEAK


def _believed(picture: Grey, found: list[Found]) -> list[Found]:
    """Without weak symbols that a second look at their upper and lower half does not confirm."""
    return [symbol for symbol in found if not _is_weak(symbol) or _confirmed(picture, symbol)]


def _confirmed(picture: Grey, symbol: Found) -> bool:
    left, top, right, bottom = symbol.box or (0, 0, picture.shape[1], picture.shape[0])
    room = int((right - left) * ROOM_SHARE)
    part = picture[max(0, top - ROOM_ROWS) : bottom + ROOM_ROWS, max(0, left - room) : right + room]
    halves = [repair.drawn(repair.line_of(part, first, first + 0.5)) for first in (0.0, 0.5)]
    seen = {again.data for half in halves for again in engines.read_fast(half, (symbol.symbology,))}
    return seen == {symbol.data}


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
