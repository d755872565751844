"""A recording onto a port, an input device, the network, a broker or a gateway's http_push, in true time or faster."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from simulators.devices.poster import Poster
from simulators.devices.tcp import TcpTransport
from simulators.devices.transport import NotPlugged, PipeTransport, PtyTransport
from simulators.recording.format import Chunk, Recording, RecordingFault
from simulators.recording.mqtt import BrokerLink

Say = Callable[[str], None]
#: How long a host is waited for, and how long for a question that it asked when it was recorded.
HOST_SECONDS: Final = 60.0
BACK_SECONDS: Final = 15.0
ASK_SECONDS: Final = 2.0
#: After so many questions in a row that were not asked, none is waited for any more.
MISSES_ALLOWED: Final = 3
#: What was sent last may still lie in the host's buffer, which goes with the port.
_LINGER: Final = 0.5
_POST_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How time passes: `speed` recorded seconds for each real one; None does not wait at all."""

    speed: float | None = 1.0

    def chunks(self, recording: Recording) -> Iterator[Chunk]:
        """Each chunk when its time has come."""
        began = time.monotonic()
        for chunk in recording.chunks:
            if self.speed is not None:
                time.sleep(max(0.0, began + chunk.at / self.speed - time.monotonic()))
            yield chunk


class _Host:
    """How much the host has said, against how much it had said at this moment of the recording."""

    def __init__(self) -> None:
        self._heard = self._expected = 0
        self._misses = 0
        self._news = threading.Condition()

    def hear(self, data: bytes) -> None:
        with self._news:
            self._heard += len(data)
            self._news.notify_all()

    def expect(self, count: int) -> None:
        self._expected += count

    def catch_up(self) -> None:
        """Wait until it has asked what it asked then; a host that asks less is not waited for again and again."""
        with self._news:
            if self._misses >= MISSES_ALLOWED:
                return
            if self._news.wait_for(lambda: self._heard >= self._expected, ASK_SECONDS):
                self._misses = 0
            else:
                self._misses += 1
                self._expected = self._heard


def replay_stream(recording: Recording, wire: PtyTransport | TcpTransport, pace: Pace, say: Say = print) -> int:
    """Be the recorded device on this wire; how many chunks were sent. Raises NotPlugged where no host comes.

    The device answers when it is asked, as it did: before an answer goes out, the host must have asked as much.
    """
    _expect_kind(recording, ("serial", "tcp"), "a port or the network")
    host, sent = _Host(), 0
    wire.plug(host.hear)
    try:
        if not wire.wait_for_host(HOST_SECONDS):
            raise NotPlugged(f"Nothing was replayed: no gateway came within {HOST_SECONDS:.0f} s.")
        for chunk in pace.chunks(recording):
            if not chunk.to_host:
                host.expect(len(chunk.data))
                continue
            host.catch_up()
            sent += _send(wire, chunk.data, say)
        time.sleep(_LINGER)
    finally:
        wire.unplug()
    return sent


def _send(wire: PtyTransport | TcpTransport, data: bytes, say: Say) -> bool:
    try:
        wire.write(data)
    except NotPlugged as error:
        say(str(error))
        # A gateway that lost the connection comes again.
        if not wire.wait_for_host(BACK_SECONDS):
            raise NotPlugged("The gateway left in the middle, and stays away.") from error
        return False
    return True


def replay_keys(recording: Recording, wire: PipeTransport, pace: Pace) -> int:
    """Type what was typed into a pipe; how many chunks. Raises NotPlugged where nobody reads it to the end."""
    _expect_kind(recording, ("keys",), "an input device")
    wire.plug(lambda _data: None)
    try:
        for chunk in pace.chunks(recording):
            wire.write(chunk.data)
        if not wire.wait_until_read(HOST_SECONDS):
            raise NotPlugged(f"No gateway read {wire.path} to its end within {HOST_SECONDS:.0f} s.")
        time.sleep(_LINGER)
    finally:
        wire.unplug()
    return len(recording.chunks)


def replay_messages(recording: Recording, broker: BrokerLink, pace: Pace) -> int:
    """Publish every recorded message to its topic; how many there were."""
    _expect_kind(recording, ("mqtt",), "a broker")
    published = 0
    with broker:
        for chunk in pace.chunks(recording):
            if chunk.to_host:
                broker.publish(chunk)
                published += 1
    return published


def replay_posts(recording: Recording, port: int, pace: Pace, *, token: str = "") -> int:
    """Post every recorded body to its path, each until it is answered with 200; how many there were."""
    _expect_kind(recording, ("http",), "a gateway's http_push")
    posted = 0
    for chunk in pace.chunks(recording):
        if chunk.to_host:
            _post(Poster(port, path=chunk.place or "/", token=token), chunk.data)
            posted += 1
    return posted


def _post(poster: Poster, body: bytes) -> None:
    poster.plug()
    try:
        poster.send(body)
        if not poster.wait_until_answered(_POST_SECONDS):
            raise NotPlugged(f"A post was not answered with 200 within {_POST_SECONDS:.0f} s: {poster.answers[-3:]}.")
    finally:
        poster.unplug()


def _expect_kind(recording: Recording, kinds: tuple[str, ...], target: str) -> None:
    if recording.kind not in kinds:
        own = {"mqtt": "--broker", "http": "--post", "keys": "a LINK"}
        fitting = own.get(recording.kind, "a LINK, --listen or --connect")
        raise RecordingFault(f"This was recorded from {recording.kind} and cannot go to {target}: use {fitting}.")
