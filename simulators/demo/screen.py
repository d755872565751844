"""What the demo says: one block at the start, one line now and then. Plain text, on a terminal or in a log."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from simulators.demo.prepare import BUYER_OF, PASSWORD, Access

STATUS_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where the demo runs and with what."""

    url: str
    folder: str
    devices: str
    gateway_page: str
    note: str | None = None
    #: What `orderlight-sim scan` needs to find this demo; empty where demos are looked for anyway.
    data_option: str = ""


def welcome(access: Access, place: Place, *, version: str) -> str:
    """The block that tells a person where to look and what to try."""
    scan = f".venv/bin/orderlight-sim scan {place.data_option}{access.unit_code}"
    lines = [
        f"Orderlight {version}  demo factory: {access.summary}        (SQLite: {place.folder}/orderlight.db)",
        f"  Board       {place.url}/board",
        f"  Sales       {place.url}/orders          sales / {PASSWORD}",
        f"  Service     {place.url}/cases           service / {PASSWORD}",
        f"  Finance     {place.url}/invoices        finance / {PASSWORD}",
        f"  Office      {place.url}/changes         planner, manager / {PASSWORD}",
        f"  Station     {place.url}/station/cut     operator / {PASSWORD}     type {access.unit_code}, press Enter",
        f"  Customer    {place.url}/home            buyer / {PASSWORD}        the one place of {BUYER_OF}",
        f"  By link     {place.url}/track/{access.link_token}",
        f"              no login; {access.customer} sees this one order, {access.order}",
        f"  Quote       {place.url}/quote/{access.quote_token}",
        f"              no login; whoever holds it reads {access.quote}, answers, and may order it",
        f"  Admin       {place.url}/admin           admin / {access.admin_password}   (drawn for this run, shown once)",
        f"  Gateway     {place.gateway_page}           its own page: readers, their last reads, a scanner test",
        f"Simulated: {place.devices}.",
        *([place.note] if place.note else []),
        "",
        f"Try: open By link in one window and Station in another, sign in there, and scan {access.unit_code}",
        f"     ({access.unit_number} of {access.order}, left to you by the simulated crew). His page moves at once.",
        f"     Or let a simulated scanner read it:  {scan}",
        "     The same command carries it through the paint gate when paint is next.",
        "Ctrl+C stops all of it. Real set-up: orderlight-server init",
    ]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the status line tells."""

    reads: int
    applied: int
    refused: int
    quarantined: int
    viewers: int

    def line(self) -> str:
        """One line for the terminal."""
        inbox = f"  inbox {self.quarantined}" if self.quarantined else ""
        return f"reads {self.reads}  applied {self.applied}  refused {self.refused}{inbox}  viewers {self.viewers}"


_SAMPLE = re.compile(r"^(?P<name>[a-z_]+)(?:\{(?P<labels>[^}]*)\})? (?P<value>[0-9.e+-]+)$", re.MULTILINE)


def read_metrics(text: str, reads: int) -> Figures:
    """The figures out of the server's metrics page (Prometheus text format 0.0.4).

    >>> read_metrics('orderlight_events_received_total{kind="code_scanned",status="applied"} 3.0', reads=4).line()
    'reads 4  applied 3  refused 0  viewers 0'
    """
    statuses: dict[str, int] = {}
    viewers = 0
    for sample in _SAMPLE.finditer(text):
        labels = _labels(sample["labels"] or "")
        if sample["name"] == "orderlight_events_received_total":
            status = labels.get("status", "")
            statuses[status] = statuses.get(status, 0) + int(float(sample["value"]))
        elif sample["name"] == "orderlight_live_viewers":
            viewers = int(float(sample["value"]))
    return Figures(
        reads, statuses.get("applied", 0), statuses.get("refused", 0), statuses.get("quarantined", 0), viewers
    )


def _labels(text: str) -> Mapping[str, str]:
    return dict(re.findall(r'([a-z_]+)="([^"]*)"', text))
