"""Lines of a scanner to codes, and frames of a UHF module to tags, beside pyserial's own readline in the same run."""

import os
import random
import threading
import time
import tty
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import serial
from figures import Figure, drift, percentile
from gate import memory, report

from gateway.protocols.line import LineOptions
from gateway.protocols.r200 import R200Options, R200Parser
from gateway.protocols.reads import CodeRead, DevicePhase, DeviceState, Read
from gateway.sources.serial_line import SerialLineSource

#: A GS1-128 code as a scanner sends it.
_LINE = b"]C10109506000134352\x1d21SER%05d\r\n"
#: What a scanner's burst or a network's packet brings at once.
_LINES_AT_ONCE = 50


def measure(*, rounds: int, lines: int) -> list[Figure]:
    """Lines per second of the reading thread's processor time, and what noise makes of frames."""
    ours: list[float] = []
    theirs: list[float] = []
    for _round in range(rounds):
        theirs.append(_speed(_readline, max(200, lines // 50)))
        ours.append(_speed(_source, lines))
    middle, anchor = percentile(ours, 0.5), percentile(theirs, 0.5)
    return [
        Figure(
            name="lines of a scanner to codes",
            value=middle,
            unit="lines/CPU-s",
            ratio=middle / anchor,
            ratio_of="pyserial readline()",
            goal=100.0,
            more={"drift": drift(theirs), "anchor": anchor},
        ),
        *_frames(20_000),
    ]


@contextmanager
def _port(lines: int) -> Iterator[tuple[str, threading.Event]]:
    """A pseudo-terminal whose other end sends so many lines once the event is set."""
    master, slave = os.openpty()
    tty.setraw(slave)
    begin = threading.Event()
    data = [_LINE % (number % 100_000) for number in range(lines)]
    pieces = [b"".join(data[at : at + _LINES_AT_ONCE]) for at in range(0, lines, _LINES_AT_ONCE)]

    def send() -> None:
        begin.wait(10)
        for piece in pieces:
            while piece:
                piece = piece[os.write(master, piece) :]

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    try:
        yield os.ttyname(slave), begin
    finally:
        sender.join(10)
        os.close(slave)
        os.close(master)


def _speed(read: Callable[[str, threading.Event, int], float], lines: int) -> float:
    with _port(lines) as (path, begin):
        return lines / read(path, begin, lines)


def _readline(path: str, begin: threading.Event, lines: int) -> float:
    with serial.Serial(path, timeout=5) as port:
        begin.set()
        before = time.thread_time()
        got = sum(port.readline().endswith(b"\n") for _line in range(lines))
        spent = time.thread_time() - before
    _require(got, lines)
    return spent


def _source(path: str, begin: threading.Event, lines: int) -> float:
    """The driver as the supervisor runs it, up to where a code is handed on."""
    source = SerialLineSource("scanner-1", LineOptions(port=path))
    stop = threading.Event()
    got = 0
    spent = before = 0.0

    def emit(_read: Read) -> None:
        nonlocal got, spent
        got += isinstance(_read, CodeRead)
        if got == lines:
            spent = time.thread_time() - before
            stop.set()

    def start(state: DeviceState) -> None:
        nonlocal before
        # Opening a port throws away what came before.
        if state.phase is DevicePhase.READY:
            before = time.thread_time()
            begin.set()

    source.run(emit, stop, start)
    _require(got, lines)
    return spent


def _require(got: int, lines: int) -> None:
    if got != lines:
        raise RuntimeError(f"Failed to measure reading: expected {lines} lines, got {got}.")


def _frames(count: int) -> list[Figure]:
    """Frames with noise before two in a hundred, in pieces of any size: how many are found, and how fast.

    Each is of a tag of its own, so none is known by having come before.
    """
    rng = random.Random(2)
    sent = [memory(tag).hex().upper() for tag in range(count)]
    stream = b"".join(
        (rng.randbytes(rng.randint(1, 8)) if rng.random() < 0.02 else b"") + report(tag, rng) for tag in range(count)
    )
    pieces, at = [], 0
    while at < len(stream):
        size = rng.randint(1, 200)
        pieces.append(stream[at : at + size])
        at += size
    parser = R200Parser("gate-1", R200Options(port="/dev/ttyS0"))
    before = time.thread_time()
    tags = [tag.epc for piece in pieces for tag in parser.feed(piece)]
    spent = time.thread_time() - before
    tags += [tag.epc for tag in parser.idle()]
    wrong = (Counter(tags) - Counter(sent)) + (Counter(sent) - Counter(tags))
    return [
        Figure(name="frames of a UHF module among noise, lost or invented", value=wrong.total(), unit="wrong reads"),
        Figure(name="frames of a UHF module among noise", value=len(tags) / spent, unit="frames/CPU-s"),
    ]
