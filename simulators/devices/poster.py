"""A reader that posts what it reads over HTTP, and posts again what was not answered with 200."""

import http.client
import json
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from simulators.devices.device import BOOT_SECONDS, Worker
from simulators.devices.r700 import CANNOT_PUBLISH, R700Settings, tag_event
from simulators.devices.transport import NotPlugged
from simulators.faults import Faults
from simulators.radio import TagSeen

#: What a reader keeps while its host is away, oldest dropped first.
KEPT: Final = 1000
_AGAIN_SECONDS: Final = 0.05
#: Stands among the answers for a post that broke off.
TORN: Final = -1


@dataclass(frozen=True, slots=True)
class Torn:
    """A post that breaks off: what is sent of its body, and the length that was announced."""

    body: bytes
    announced: int


def impinj_body(seen: Sequence[TagSeen], at: datetime) -> bytes:
    """A webhook of the R700: an array of events."""
    return json.dumps([tag_event(tag, at, R700Settings()) for tag in seen]).encode()


def zebra_body(seen: Sequence[TagSeen], at: datetime) -> bytes:
    """A post of the Zebra IoT Connector: an array of objects, hex in lower case, an offset without a colon."""
    stamp = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}+0000"
    data = [
        {
            "antenna": tag.antenna,
            "eventNum": number,
            "format": "epc",
            "idHex": tag.epc.lower(),
            "peakRssi": round(tag.rssi_dbm),
        }
        for number, tag in enumerate(seen, start=1)
    ]
    return json.dumps([{"data": each, "timestamp": stamp, "type": "SIMPLE"} for each in data]).encode()


def impinj_input(pin: int, high: bool, at: datetime) -> bytes:
    """An input of the R700 changed, in the array of its webhook."""
    change = {"gpi": pin, "transition": "low-to-high" if high else "high-to-low"}
    stamp = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"
    return json.dumps([{"timestamp": stamp, "eventType": "gpiTransition", "gpiTransitionEvent": change}]).encode()


def zebra_input(pin: int, high: bool, _at: datetime) -> bytes:
    """An input of a reader with the Zebra IoT Connector has a new level; its message bears no time."""
    return json.dumps([{"type": "GPI", "pin": pin, "state": "HIGH" if high else "LOW"}]).encode()


class Poster(Worker):
    """One reader with its own memory. Bodies are posted in order by a thread of its own."""

    def __init__(
        self,
        port: int,
        *,
        path: str = "/",
        token: str = "",
        body: Callable[[Sequence[TagSeen], datetime], bytes] = impinj_body,
        wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.faults = Faults(seed, cannot=CANNOT_PUBLISH)
        self._port, self._path, self._body, self._wall_clock = port, path, body, wall_clock
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._waiting: deque[bytes | Torn] = deque(maxlen=KEPT)
        #: The status of every answer so far.
        self.answers: list[int] = []

    def plug(self) -> None:
        """Be in the network."""
        self._begin("poster")

    def unplug(self) -> None:
        """Leave it."""
        self._ask_to_end()
        self._await_end()

    def reboot(self, seconds: float = BOOT_SECONDS) -> None:
        """Be away for so long; what waited to be posted is lost."""
        self.unplug()
        self._waiting.clear()
        time.sleep(seconds)
        self.plug()

    def read(self, *seen: TagSeen) -> None:
        """These tags were read in one round."""
        for post in self.spoiled(*seen):
            self.send(post)

    def set_input(self, pin: int, high: bool) -> None:
        """A light barrier or a button at one of its inputs changes."""
        told = zebra_input if self._body is zebra_body else impinj_input
        self.send(told(pin, high, self.faults.clock(self._wall_clock())))

    def spoiled(self, *seen: TagSeen) -> Iterator[bytes | Torn]:
        """The posts of one round, with what its faults made of them."""
        spoiled = self.faults.spoil(body := self._body(seen, self.faults.clock(self._wall_clock())))
        for piece in spoiled.pieces:
            # A reader whose connection breaks in the middle of a post still has the body, and posts it again.
            yield from (Torn(piece, len(body)), body) if spoiled.broken and body.startswith(piece) else (piece,)

    def send(self, body: "bytes | Torn") -> None:
        """Post this very body."""
        with self._work:
            self._waiting.append(body)
            self._work.notify_all()

    def wait_until_answered(self, timeout: float) -> bool:
        """Whether everything was answered with 200 within `timeout` seconds."""
        with self._work:
            return self._work.wait_for(lambda: not self._waiting, timeout)

    def tear(self, torn: "Torn") -> None:
        """Begin a post and break the connection in its middle; raises NotPlugged where nobody answers."""
        head = "".join(f"{name}: {value}\r\n" for name, value in self._headers.items())
        head = f"POST {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}Content-Length: {torn.announced}\r\n\r\n"
        try:
            with socket.create_connection(("127.0.0.1", self._port), 5) as connection:
                connection.sendall(head.encode() + torn.body)
        except OSError as error:
            raise NotPlugged(f"Failed to post to port {self._port}: {error}.") from error

    def post(self, body: bytes) -> int:
        """Post once, and give the status; raises NotPlugged where nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
        try:
            connection.request("POST", self._path, body, self._headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException) as error:
            raise NotPlugged(f"Failed to post {len(body)} bytes to port {self._port}: {error}.") from error
        finally:
            connection.close()

    def _run(self) -> None:
        while True:
            with self._work:
                self._work.wait_for(lambda: bool(self._waiting) or not self._running)
                if not self._running:
                    return
                body = self._waiting[0]
            self._post_and_note(body)

    def _send_once(self, body: "bytes | Torn") -> int:
        if isinstance(body, bytes):
            return self.post(body)
        self.tear(body)
        return TORN

    def _post_and_note(self, body: "bytes | Torn") -> None:
        try:
            # What is torn is never answered, and not kept: its body follows whole.
            status = self._send_once(body)
        except NotPlugged:
            status = 0
        with self._work:
            self.answers.append(status)
            if status in (200, TORN):
                self._waiting.popleft()
                self._work.notify_all()
        if status not in (200, TORN):
            time.sleep(_AGAIN_SECONDS)
