"""`make bench`: measures, prints the table and writes bench/results.jsonl (docs/reference/benchmarks.md).

Every figure is a ratio to something measured in the same run, because absolute speeds say more about the machine and
its neighbours than about this program.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT)]

from figures import Figure, lines, write  # noqa: E402

ENGINES = ("sqlite", "postgresql")
RESULTS = ROOT / "bench" / "results.jsonl"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for; returns 1 when events were lost or counted twice, or a code was read wrong."""
    parser = argparse.ArgumentParser(description="Measure speed as ratios in one run.")
    parser.add_argument("--quick", action="store_true", help="under a minute, with fewer and shorter rounds")
    parser.add_argument("--only", choices=sorted(PARTS), help="one part alone")
    parser.add_argument("--keep", type=Path, help="a folder that keeps the big databases of pages for the next run")
    parser.add_argument("--engine", choices=ENGINES, help="measure ingest and pages on this engine alone")
    options = parser.parse_args(arguments)
    # Deprecations are the business of the tests.
    warnings.simplefilter("ignore")
    figures: list[Figure] = []
    for name, measure in PARTS.items():
        if options.only in (None, name):
            figures += _timed(name, measure, quick=options.quick, **_more(name, options))
    print()
    print("\n".join(lines(figures)))
    write(figures, RESULTS)
    python = f"Python {platform.python_version()} ({os.path.realpath(sys.executable)})"
    print(
        f"\nload {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores, {python}; written to {RESULTS.relative_to(ROOT)}"
    )
    return 1 if any(figure.unit in ("events", "wrong reads") and figure.value for figure in figures) else 0


def _more(name: str, options: argparse.Namespace) -> dict[str, object]:
    engines = (options.engine,) if options.engine else ENGINES
    if name == "ingest":
        return {"engines": engines}
    return {"keep": options.keep, "engines": engines} if name == "pages" else {}


def _timed(name: str, measure: Callable[..., list[Figure]], *, quick: bool, **more: object) -> list[Figure]:
    began = time.monotonic()
    print(f"measuring {name} ...", flush=True)
    with tempfile.TemporaryDirectory(prefix="orderlight-bench-", dir=ROOT) as folder:
        found = measure(Path(folder), quick=quick, **more)
    print(f"measured {name} in {time.monotonic() - began:.0f} s", flush=True)
    return found


def _ingest(folder: Path, *, quick: bool, engines: Sequence[str]) -> list[Figure]:
    from ingest import Plan, measure

    plan = Plan(rounds=2, events_a_round=3200) if quick else Plan(rounds=5, events_a_round=8000)
    return measure(plan, folder, engines)


def _latency(folder: Path, *, quick: bool) -> list[Figure]:
    from latency import measure

    return measure(folder, seconds=4 if quick else 15)


def _delivery(folder: Path, *, quick: bool) -> list[Figure]:
    from delivery import measure

    return measure(folder, seconds=1.5 if quick else 5.0, backlog=2000 if quick else 20_000)


def _pages(folder: Path, *, quick: bool, keep: Path | None, engines: Sequence[str]) -> list[Figure]:
    from pages import Size, measure

    size = Size(10_000, 100_000, rounds=3) if quick else Size(100_000, 1_000_000, rounds=5)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    return measure(keep or folder, size=size, engines=engines, keep=keep is not None)


def _camera(_folder: Path, *, quick: bool) -> list[Figure]:
    from camera import measure

    return measure(each=1 if quick else 8, rounds=3 if quick else 9)


def _identification(_folder: Path, *, quick: bool) -> list[Figure]:
    from identification import measure

    return measure(rounds=2 if quick else 7)


def _readers(_folder: Path, *, quick: bool) -> list[Figure]:
    import gate
    import readers

    rounds = 3 if quick else 7
    return [
        *readers.measure(rounds=rounds, lines=30_000 if quick else 100_000),
        *gate.measure(rounds=rounds, reads=100_000),
    ]


def _outbox(folder: Path, *, quick: bool) -> list[Figure]:
    from outbox import measure

    return measure(folder, rounds=2 if quick else 5, count=10_000 if quick else 50_000)


def _endurance(folder: Path, *, quick: bool) -> list[Figure]:
    from endurance import Size, measure

    # The whole run is ten million events: three days of scans, and then scans among reads of tags.
    size = Size(20_000, 100_000, 400_000, 5.0) if quick else Size(1_296_000, 504_000, 8_200_000, 30.0)
    return measure(folder, size=size)


PARTS: dict[str, Callable[..., list[Figure]]] = {
    "ingest": _ingest,
    "latency": _latency,
    "delivery": _delivery,
    "pages": _pages,
    "camera": _camera,
    "identification": _identification,
    "readers": _readers,
    "outbox": _outbox,
    "endurance": _endurance,
}

if __name__ == "__main__":
    raise SystemExit(main())
