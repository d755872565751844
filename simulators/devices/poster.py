"""A reader that posts what it reads over HTTP, and posts again what was not answered with 200."""

import http.client
import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from simulators.devices.device import Worker
from simulators.devices.r700 import R700Settings, tag_event
from simulators.devices.transport import NotPlugged
from simulators.radio import TagSeen

#: What a reader keeps while its host is away, oldest dropped first.
KEPT: Final = 1000
_AGAIN_SECONDS: Final = 0.05


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
    ) -> None:
        super().__init__()
        self._port, self._path, self._body, self._wall_clock = port, path, body, wall_clock
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._waiting: deque[bytes] = deque(maxlen=KEPT)
        #: The status of every answer so far.
        self.answers: list[int] = []

    def plug(self) -> None:
        """Be in the network."""
        self._begin("poster")

    def unplug(self) -> None:
        """Leave it."""
        self._ask_to_end()
        self._await_end()

    def read(self, *seen: TagSeen) -> None:
        """These tags were read in one round."""
        self.send(self._body(seen, self._wall_clock()))

    def send(self, body: bytes) -> None:
        """Post this very body."""
        with self._work:
            self._waiting.append(body)
            self._work.notify_all()

    def wait_until_answered(self, timeout: float) -> bool:
        """Whether everything was answered with 200 within `timeout` seconds."""
        with self._work:
            return self._work.wait_for(lambda: not self._waiting, timeout)

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

    def _post_and_note(self, body: bytes) -> None:
        try:
            status = self.post(body)
        except NotPlugged:
            status = 0
        with self._work:
            self.answers.append(status)
            if status == 200:
                self._waiting.popleft()
                self._work.notify_all()
        if status != 200:
            time.sleep(_AGAIN_SECONDS)
