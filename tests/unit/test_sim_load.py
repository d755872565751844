"""Load: what is sent, what is counted, and that a request without an answer is repeated."""

import contextlib
import json
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
import serial

from orderlight.events import Batch
from simulators.api import Api, ApiFault
from simulators.load import HttpLoad, LoadPlan, load_through_port, percentiles


class PaperServer(Api):
    """Answers as a server does that applies everything once."""

    def __init__(self, faults: Iterable[int] = ()) -> None:
        super().__init__("http://paper")
        self.batches: list[Batch] = []
        self.faults = iter(faults)

    def post_raw(self, path: str, body: bytes) -> tuple[int, bytes]:
        assert path == "/api/v1/events"
        fault = next(self.faults, 200)
        if fault == 0:
            raise ApiFault(0, "no answer")
        if fault != 200:
            return fault, b'{"title": "no"}'
        batch = Batch.parse(body)
        known = {(old.epoch, event.sequence) for old in self.batches for event in old.events}
        self.batches.append(batch)
        results = [
            {
                "sequence": event.sequence,
                "status": "duplicate" if (batch.epoch, event.sequence) in known else "applied",
            }
            for event in batch.events
        ]
        return 200, json.dumps({"results": results}).encode()


def plan(**changes: object) -> LoadPlan:
    values: dict[str, object] = {"rate": 1000.0, "seconds": 0.05, "codes": ["A", "B", "C"], "read_point": "cut-1"}
    return LoadPlan(**{**values, **changes})  # type: ignore[arg-type]


def test_every_scan_is_sent_once_in_order_and_counted() -> None:
    server = PaperServer()

    report = HttpLoad(server, "gw-load", plan()).run()

    events = [event for batch in server.batches for event in batch.events]
    assert [event.sequence for event in events] == list(range(1, 51))
    assert [event.code for event in events[:4]] == ["A", "B", "C", "A"]
    assert report.sent == report.statuses["applied"] == len(report.latencies) == 50


def test_a_resent_request_is_answered_as_duplicate_and_counted_apart() -> None:
    report = HttpLoad(PaperServer(), "gw-load", plan(resend=1.0)).run()

    assert report.sent == report.statuses["applied"] == 50
    assert report.statuses["resent: duplicate"] == 50


def test_a_request_without_an_answer_is_repeated_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulators.load._RETRY_SECONDS", 0.0)
    server = PaperServer(iter([0, 503, 429]))

    report = HttpLoad(server, "gw-load", plan()).run()

    assert report.retries == 3
    assert report.statuses["applied"] == 50


def test_a_refused_request_ends_the_run_with_the_servers_words() -> None:
    with pytest.raises(ApiFault, match="The server answered 401"):
        HttpLoad(PaperServer(iter([401])), "gw-load", plan()).run()


def test_the_report_names_every_fate() -> None:
    report = HttpLoad(PaperServer(), "gw-load", plan()).run()

    text = "\n".join(report.lines())
    for word in ("sent        50", "applied     50", "duplicate   0", "refused     0", "latency     p50"):
        assert word in text


def test_percentiles_of_one_value_are_that_value() -> None:
    assert set(percentiles([0.25]).values()) == {0.25}


def test_load_through_a_port_counts_the_tones_of_the_host(tmp_path: Path) -> None:
    link = tmp_path / "port"
    stop = threading.Event()

    def host() -> None:
        while not link.exists():
            time.sleep(0.01)
        # The scanner is unplugged at the end of the run, which ends the host's read with an error.
        with contextlib.suppress(OSError), serial.Serial(str(link), timeout=0.2) as port:
            while not stop.is_set():
                port.write(b"\x1b[6q\x1b[3q\x1b[7q" * port.read(4096).count(b"\n"))

    thread = threading.Thread(target=host)
    thread.start()
    report = load_through_port(link, plan(rate=200.0, seconds=0.1), vendor="datalogic")
    stop.set()
    thread.join()

    assert report.sent == report.statuses["ok"] == 20
    assert report.statuses["unanswered"] == 0


def test_load_through_a_port_that_nobody_opens_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError, match="No gateway opened"):
        load_through_port(tmp_path / "port", plan(), vendor="datalogic", wait=0.1)
