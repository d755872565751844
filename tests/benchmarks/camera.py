"""Codes in spoilt frames: what our ladder reads, beside zxing-cpp alone and pyzbar alone on the very same frames."""

import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence

from figures import Figure, drift

from gateway.protocols.pictures import FORMATS
from gateway.vision.engines import read_again, read_fast, read_thoroughly
from gateway.vision.picture import Grey
from gateway.vision.reader import PictureReader
from gateway.vision.symbols import Found
from simulators.camera.degraded import KINDS, Sample, samples

#: The published set: this seed, and so many frames of each kind and symbology.
SEED = 20261
SPOILT = tuple(kind for kind in KINDS if kind != "clean")

Reader = Callable[[Grey], list[Found]]


def _readers() -> dict[str, Reader]:
    return {
        "ladder": PictureReader().read_surely,
        "zxing-cpp": lambda frame: read_thoroughly(frame, FORMATS),
        "pyzbar": lambda frame: read_again(frame, FORMATS),
    }


def measure(each: int, rounds: int) -> list[Figure]:
    """All figures; `each` frames of every kind and symbology, `rounds` of the clean ones for the time."""
    read: Counter[tuple[str, str]] = Counter()
    wrong: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    for sample in samples(SEED, each, SPOILT):
        shown[sample.kind] += 1
        for name, reader in _readers().items():
            codes = [symbol.data for symbol in reader(sample.frame)]
            read[name, sample.kind] += sample.expected.encode() in codes
            wrong[name] += sum(code != sample.expected.encode() for code in codes)
    return [
        *(_share(read, shown, (kind,), kind) for kind in SPOILT),
        _share(read, shown, SPOILT, "all kinds"),
        _wrong(wrong),
        *_times(list(samples(SEED, max(2, each // 4), ("clean",))), rounds),
    ]


def _share(read: Counter[tuple[str, str]], shown: Counter[str], kinds: Sequence[str], name: str) -> Figure:
    total = sum(shown[kind] for kind in kinds)
    shares = {who: 100 * sum(read[who, kind] for kind in kinds) / total for who in ("ladder", "zxing-cpp", "pyzbar")}
    alone = {who: share for who, share in shares.items() if who != "ladder"}
    best = max(alone, key=lambda who: alone[who])
    ratio = shares["ladder"] / alone[best] if alone[best] else None
    whole = len(kinds) > 1
    return Figure(
        name=f"camera, {name}",
        value=shares["ladder"],
        unit="% read",
        ratio=ratio,
        ratio_of=f"{best} alone, the best single ({alone[best]:.0f} %)",
        # Twenty points above the best single library, as a ratio to it.
        goal=(alone[best] + 20) / alone[best] if whole else None,
        more={"frames": total, **shares},
    )


def _wrong(wrong: Counter[str]) -> Figure:
    more = {f"wrong_{name}": wrong[name] for name in ("zxing-cpp", "pyzbar")}
    return Figure(name="camera, wrong reads", value=float(wrong["ladder"]), unit="wrong reads", more=more)


def _times(clean: Sequence[Sample], rounds: int) -> list[Figure]:
    """Clean frames, in turns: anchor, ladder, anchor, and so on."""
    ladder = PictureReader().read_surely
    anchors: dict[str, Reader] = {
        "zxing-cpp alone, as it comes": lambda frame: read_thoroughly(frame, FORMATS),
        "zxing-cpp alone, upright only": lambda frame: read_fast(frame, FORMATS),
    }
    return [_time(clean, rounds, ladder, name, anchor) for name, anchor in anchors.items()]


def _time(clean: Sequence[Sample], rounds: int, ladder: Reader, name: str, anchor: Reader) -> Figure:
    before = _milliseconds(clean, anchor)
    ours, theirs, ratios = [], [before], []
    for _round in range(rounds):
        ours.append(_milliseconds(clean, ladder))
        theirs.append(_milliseconds(clean, anchor))
        ratios.append(ours[-1] / ((theirs[-1] + theirs[-2]) / 2))
    anchor_ms = statistics.median(theirs)
    return Figure(
        name="camera, clean frames",
        value=statistics.median(ours),
        unit="ms CPU",
        ratio=statistics.median(ratios),
        ratio_of=f"{name} ({anchor_ms:.1f} ms)",
        goal=1.5,
        higher_is_better=False,
        more={"ratios": ratios, "drift": drift(theirs)},
    )


def _milliseconds(clean: Sequence[Sample], reader: Reader) -> float:
    """Processor time for a frame."""
    began = time.process_time()
    for sample in clean:
        reader(sample.frame)
    return 1000 * (time.process_time() - began) / len(clean)
