"""The published degraded set: labels of every common symbology, each spoilt in seven ways, equal for equal seeds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from orderlight.autoid import OwnCode, check_digit
from simulators.camera.labels import LINEAR, Code, Picture, draw_label
from simulators.camera.scenes import HEIGHT, WIDTH, View, take

Draw = Callable[[np.random.Generator], View]


def _all_together(random: np.random.Generator) -> View:
    return View(
        angle=random.uniform(-15, 15),
        tilt=random.uniform(0.05, 0.2),
        blur=random.uniform(0.8, 1.5),
        noise=random.uniform(8, 20),
        contrast=random.uniform(0.25, 0.5),
        shade=random.uniform(0.1, 0.4),
        quality=int(random.integers(30, 60)),
    )


#: How each kind of spoilt frame is drawn. Modules are 2 or 3 pixels wide.
KINDS: Final[Mapping[str, Draw]] = MappingProxyType(
    {
        "clean": lambda random: View(),
        "rotation": lambda random: View(angle=random.uniform(0, 360)),
        "noise": lambda random: View(noise=random.uniform(25, 45)),
        "perspective": lambda random: View(tilt=random.uniform(0.15, 0.4), angle=random.uniform(-5, 5)),
        "contrast": lambda random: View(contrast=random.uniform(0.08, 0.15), shade=random.uniform(0.3, 0.6)),
        "compression": lambda random: View(quality=int(random.integers(6, 14))),
        "blur": lambda random: View(blur=random.uniform(1.5, 3.5)),
        "all together": _all_together,
    }
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One frame of the set with what a reader should say: the bytes of the symbol, GS (0x1D) between elements."""

    kind: str
    symbology: str
    expected: str
    frame: Picture


def samples(seed: int, each: int, kinds: tuple[str, ...] = tuple(KINDS)) -> Iterator[Sample]:
    """`each` frames of every kind and symbology."""
    for kind in kinds:
        for name in CODES:
            # A generator for each cell of the table: more frames of one kind leave the other kinds as they are.
            random = np.random.default_rng([seed, list(KINDS).index(kind), list(CODES).index(name)])
            for _number in range(each):
                code, expected = CODES[name](random)
                view = KINDS[kind](random)
                yield Sample(kind, name, expected, _frame(code, view, random))


def _frame(code: Code, view: View, random: np.random.Generator) -> Picture:
    label = draw_label(code, int(random.integers(2, 4)) + (code.symbology not in LINEAR))
    reach = float(np.hypot(*label.shape)) / 2
    at = tuple(0.5 + max(0.0, 0.5 - reach / size) * random.uniform(-1, 1) for size in (WIDTH, HEIGHT))
    return take(label, replace(view, at=(at[0], at[1])), random)


# --- codes ---


def _digits(random: np.random.Generator, count: int) -> str:
    return "".join(str(digit) for digit in random.integers(0, 10, count))


def _gtin(random: np.random.Generator) -> str:
    body = "0950600" + _digits(random, 6)
    return body + check_digit(body)


def _serial(random: np.random.Generator) -> str:
    return "".join(random.choice(list("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"), 6))


def _own(random: np.random.Generator) -> tuple[Code, str]:
    text = str(OwnCode("U", _digits(random, 6)))
    return Code("Code128", text), text


def _gs1_128(random: np.random.Generator) -> tuple[Code, str]:
    gtin, serial = _gtin(random), _serial(random)
    return Code("Code128", f"(01){gtin}(21){serial}", gs1=True), f"01{gtin}21{serial}"


def _ean(random: np.random.Generator) -> tuple[Code, str]:
    body = "950600" + _digits(random, 6)
    return Code("EAN13", body + check_digit(body)), body + check_digit(body)


def _link(random: np.random.Generator) -> tuple[Code, str]:
    text = f"https://id.gs1.org/01/{_gtin(random)}/21/{_serial(random)}"
    return Code("QRCode", text), text


def _matrix(random: np.random.Generator) -> tuple[Code, str]:
    gtin, lot, serial = _gtin(random), _serial(random), _serial(random)
    return Code("DataMatrix", f"(01){gtin}(10){lot}(21){serial}", gs1=True), f"01{gtin}10{lot}\x1d21{serial}"


#: How a code of each name is drawn.
CODES: Final[Mapping[str, Callable[[np.random.Generator], tuple[Code, str]]]] = MappingProxyType(
    {"Code 128": _own, "GS1-128": _gs1_128, "EAN-13": _ean, "QR Code": _link, "GS1 DataMatrix": _matrix}
)
