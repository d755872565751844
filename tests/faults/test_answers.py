"""Answers that come twice, late or in another order: each event is forgotten by its own answer alone, and all go on."""

import contextlib
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.outbox import Outbox, Quota
from gateway.uplink.backoff import Backoff
from gateway.uplink.deliver import Deliverer
from gateway.uplink.http import HttpTransport
from orderlight.events import Event, EventKind

pytestmark = pytest.mark.faults

#: Makes what follows a request from its answer and the one before, piece by piece.
Mix = Callable[[bytes, bytes], list[bytes]]
#: A second answer in the packet of the first is thrown away with it; one that comes later waits for the next request.
LATER_SECONDS = 0.02
EVENT = Event(sequence=0, kind=EventKind.CODE_SCANNED, observed_at=datetime(2026, 11, 22, tzinfo=UTC), code="X")


class Server:
    """Takes events as the real one does, and sends what `mix` makes of its answers; every connection is served."""

    def __init__(self, mix: Mix, order: Callable[[list[Any]], list[Any]]) -> None:
        self.taken: Counter[int] = Counter()
        self.connections = 0
        self._mix, self._order = mix, order
        self._last = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _peer = self._listener.accept()
                self.connections += 1
                with connection, contextlib.suppress(ConnectionError):
                    self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        while stream.readline():
            length = 0
            while (line := stream.readline().strip()) != b"":
                name, _colon, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            answer = self._take(json.loads(stream.read(length)))
            for piece in self._mix(answer, self._last or answer):
                connection.sendall(piece)
                time.sleep(LATER_SECONDS)
            self._last = answer

    def _take(self, batch: dict[str, Any]) -> bytes:
        numbers = [event["sequence"] for event in batch["events"]]
        results = [
            {"sequence": number, "status": "duplicate" if self.taken[number] else "applied", "action": None,
             "subject": None, "say": "Done.", "signal": "ok", "reason": None, "undo": False}
            for number in numbers
        ]  # fmt: skip
        self.taken.update(numbers)
        receipt = {"gateway": "gw", "epoch": batch["epoch"], "committed_sequence": 0, "results": self._order(results)}
        body = json.dumps(receipt).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


ANSWERS: dict[str, tuple[Mix, Callable[[list[Any]], list[Any]]]] = {
    "each answer twice": (lambda answer, _last: [answer, answer], list),
    "each answer three times": (lambda answer, _last: [answer * 2, answer], list),
    "the answer before, and then this one": (lambda answer, last: [last, answer], list),
    "verdicts in another order": (lambda answer, _last: [answer], lambda results: results[::-1]),
    "verdicts twice": (lambda answer, _last: [answer], lambda results: results + results[::-1]),
}


@pytest.fixture(params=list(ANSWERS))
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = Server(*ANSWERS[request.param])
    yield server
    server.close()


def test_answers_that_are_doubled_or_swapped_forget_only_their_own_events(server: Server, tmp_path: Path) -> None:
    told: list[int] = []
    outbox = Outbox.open(tmp_path / "outbox", Quota(min_free_bytes=0, ballast_bytes=0))
    transport = HttpTransport(server.url, "k", agent="test")
    uplink = Deliverer(
        outbox,
        transport,
        gateway="gw",
        on_answers=lambda _epoch, answers: told.extend(answer.sequence or 0 for answer in answers),
        backoff=Backoff(share=lambda: 0.0),
    )
    with closing(outbox), closing(transport):
        for round_ in range(1, 9):
            for _ in range(round_):
                outbox.append(EVENT).wait(10)
            time.sleep(2 * LATER_SECONDS)
            for _try in range(2):
                uplink.deliver_pending()
            # Nothing is forgotten that the server has not got, and nothing is held up.
            assert outbox.figures().backlog == 0

        assert sorted(set(told)) == list(range(1, 38))
        assert set(server.taken) == set(told)
        assert uplink.counters.acked >= 37
