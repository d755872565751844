"""A server for gateways that answers every event and judges none: what came, in which order, and how often."""

import json
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from figures import Figure
from raw import ANSWER

_SERIAL = re.compile(r"OFF(\d{7})$|S(\d)N(\d{7})$")
#: An answer of the length that ours has, with a place for the sequence.
_ANSWER = ANSWER.replace('"sequence": 1000', '"sequence": %d')


class Receiver:
    """Refuses everything with 503 until open(); a context manager."""

    def __init__(self) -> None:
        #: Requests that were answered with 503, and codes taken.
        self.refused = self.codes = 0
        #: By sender: the number that comes next, and what came instead of it.
        self._next: Counter[str] = Counter()
        self._wrong: Counter[str] = Counter()
        self._is_open = threading.Event()
        handler = type("Handler", (_Handler,), {"receiver": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def open(self) -> None:
        """Take what comes from now on."""
        self._is_open.set()

    def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of an answer."""
        if not self._is_open.is_set():
            self.refused += 1
            return 503, b'{"detail": "Closed."}'
        if not path.endswith("/events"):
            return 200, b"{}"
        batch = json.loads(body)
        events = batch["events"]
        for event in events:
            self._take(event)
        answers = ", ".join(_ANSWER % event["sequence"] for event in events)
        head = json.dumps({key: batch[key] for key in ("gateway", "epoch")})[:-1]
        return 200, f'{head}, "committed_sequence": {events[-1]["sequence"]}, "results": [{answers}]}}'.encode()

    def _take(self, event: dict[str, Any]) -> None:
        found = _SERIAL.search(event.get("code") or "")
        if found is None:
            return
        self.codes += 1
        sender, number = ("offline", int(found[1])) if found[1] else (found[2], int(found[3]))
        expected = self._next[sender]
        if number < expected:
            self._wrong["doubled or late"] += 1
            return
        self._wrong["skipped"] += number - expected
        self._next[sender] = number + 1

    def verdict(self, offline: int, flow: int, scanners: int) -> list[Figure]:
        """How many scans are missing at the end, came twice, or came after a later one."""
        never = offline - self._next["offline"]
        never += sum(flow // scanners - self._next[str(scanner)] for scanner in range(scanners))
        wrong = dict(self._wrong)
        return [
            Figure(
                name="three days and the flow, lost + doubled + late",
                value=abs(never) + self._wrong.total(),
                unit="events",
                more={"never": never, "scans": self.codes, **wrong},
            )
        ]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    receiver: Receiver

    def do_POST(self) -> None:
        """Answer, and keep the connection."""
        status, body = self.receiver.answer(self.path, self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what matters is counted."""
