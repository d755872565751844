"""Real load on a server: scans at a steady rate, posted as a gateway does, or typed into a gateway's serial port."""

import itertools
import json
import secrets
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orderlight.events import GATEWAY_MAX_EVENTS
from simulators.api import Api, ApiFault
from simulators.devices.scanner import Scanner, ScannerSettings
from simulators.devices.transport import PtyTransport

_RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """How much, for how long, of what."""

    rate: float
    seconds: float
    codes: Sequence[str]
    read_point: str
    #: Share of requests that are sent a second time, as after a lost answer.
    resend: float = 0.0

    @property
    def count(self) -> int:
        """How many scans that makes."""
        return max(1, round(self.rate * self.seconds))


@dataclass(slots=True)
class LoadReport:
    """What happened. A latency is counted from the moment the scan was due, so that a stalled server shows."""

    sent: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0

    def lines(self) -> Iterator[str]:
        """The report, a figure a line."""
        yield f"sent        {self.sent}"
        for status in ("applied", "duplicate", "refused", "quarantined", "unanswered"):
            yield f"{status:<11} {self.statuses[status]}"
        for status in sorted(set(self.statuses) - {"applied", "duplicate", "refused", "quarantined", "unanswered"}):
            yield f"{status:<11} {self.statuses[status]}"
        if self.requests:
            yield f"requests    {self.requests} ({self.retries} repeated after a fault)"
        yield (
            f"rate        {self.sent / self.seconds:.1f} scans/s over {self.seconds:.1f} s"
            if self.seconds
            else "rate -"
        )
        if self.latencies:
            figures = ", ".join(f"{name} {value * 1000:.1f} ms" for name, value in percentiles(self.latencies).items())
            yield f"latency     {figures}"


def percentiles(values: Iterable[float]) -> dict[str, float]:
    """The usual figures of a distribution.

    >>> percentiles([1.0, 2.0, 3.0, 4.0])
    {'p50': 3.0, 'p95': 4.0, 'p99': 4.0, 'max': 4.0}
    """
    ordered = sorted(values)
    last = len(ordered) - 1
    picks = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: ordered[min(last, round(last * share))] for name, share in picks.items()}


class HttpLoad:
    """Posts scans as one gateway: in order, one request in flight, whatever is due in one batch."""

    def __init__(self, api: Api, gateway: str, plan: LoadPlan) -> None:
        self._api, self._gateway, self._plan = api, gateway, plan
        self._epoch = secrets.token_hex(8)
        self._report = LoadReport()
        self._resend_debt = 0.0

    def run(self) -> LoadReport:
        """Send it all; a request without an answer is repeated until there is one. Raises ApiFault when refused."""
        start, wall = time.monotonic(), datetime.now(UTC)
        due = deque(range(1, self._plan.count + 1))
        while due:
            batch = list(itertools.takewhile(lambda n: self._due_at(start, n) <= time.monotonic(), due))
            batch = batch[:GATEWAY_MAX_EVENTS]
            if not batch:
                time.sleep(max(0.0, self._due_at(start, due[0]) - time.monotonic()))
                continue
            self._post(batch, start, wall)
            for _number in batch:
                due.popleft()
        self._report.seconds = time.monotonic() - start
        return self._report

    def _due_at(self, start: float, number: int) -> float:
        return start + (number - 1) / self._plan.rate

    def _post(self, batch: list[int], start: float, wall: datetime) -> None:
        body = self._body(batch, start, wall)
        results = self._post_until_answered(body)
        now = time.monotonic()
        self._report.sent += len(batch)
        self._report.latencies += [now - self._due_at(start, number) for number in batch]
        self._report.statuses.update(results.get(number, "unanswered") for number in batch)
        self._resend_debt += self._plan.resend
        if self._resend_debt >= 1.0:
            self._resend_debt -= 1.0
            self._report.statuses.update(f"resent: {status}" for status in self._post_until_answered(body).values())

    def _body(self, batch: list[int], start: float, wall: datetime) -> bytes:
        events = [
            {
                "v": 1,
                "sequence": number,
                "kind": "code_scanned",
                "read_point": self._plan.read_point,
                "reader": "load",
                "code": self._plan.codes[(number - 1) % len(self._plan.codes)],
                "observed_at": (wall + timedelta(seconds=self._due_at(0.0, number))).isoformat(),
            }
            for number in batch
        ]
        return json.dumps({"gateway": self._gateway, "epoch": self._epoch, "events": events}).encode()

    def _post_until_answered(self, body: bytes) -> dict[int, str]:
        while True:
            self._report.requests += 1
            try:
                status, answer = self._api.post_raw("/api/v1/events", body)
            except ApiFault:
                status, answer = 0, b""
            if status == 200:
                return {result["sequence"]: result["status"] for result in json.loads(answer)["results"]}
            if status not in (0, 429, 502, 503, 504):
                raise ApiFault(status, f"The server answered {status}: {answer[:300].decode('utf-8', 'replace')}")
            self._report.retries += 1
            time.sleep(_RETRY_SECONDS)


def load_through_port(link: Path, plan: LoadPlan, *, vendor: str, wait: float = 30.0) -> LoadReport:
    """Scan into a gateway's serial port; a latency is the time from the scan to the scanner's beep.

    The gateway swallows the same code within its repeat window, so `codes` should be many.
    """
    scanner = Scanner(PtyTransport(link), ScannerSettings(vendor=vendor))
    scanner.plug()
    try:
        if not scanner.wait_for_host(wait):
            raise TimeoutError(f"No gateway opened {link} within {wait:.0f} s. Start one with port = {str(link)!r}.")
        return _scan_and_listen(scanner, plan)
    finally:
        scanner.unplug()


def _scan_and_listen(scanner: Scanner, plan: LoadPlan) -> LoadReport:
    report, start, sent_at = LoadReport(), time.monotonic(), []
    for number in range(plan.count):
        due = start + number / plan.rate
        time.sleep(max(0.0, due - time.monotonic()))
        scanner.scan(plan.codes[number % len(plan.codes)])
        sent_at.append(due)
    scanner.wait_for_signals(plan.count, 10.0)
    heard = list(scanner.heard.signals)
    report.sent, report.seconds = plan.count, time.monotonic() - start
    # After a "stored" the verdicts of several scans may come as one tone, so tones can no longer be told apart.
    answered = itertools.takewhile(lambda tone: tone[1] != "stored", heard)
    report.latencies = [at - due for (at, _signal), due in zip(answered, sent_at, strict=False)]
    report.statuses.update(signal for _at, signal in heard)
    report.statuses["unanswered"] = max(0, plan.count - len(heard))
    return report
