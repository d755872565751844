"""Reads as a table: when, the raw bytes in hex and as text, and what they mean."""

from collections.abc import Callable, Sequence
from gettext import gettext as _

from gateway.page.markup import Markup, el
from gateway.page.recent import Seen
from gateway.page.words import ago, hex_of, printable
from gateway.protocols.reads import CodeRead, Read
from orderlight.autoid import Identification

Explain = Callable[[Read], Identification]
_SHOWN = 8


def reads_of(reads: Sequence[Seen], explain: Explain, now: float, *, with_device: bool = False) -> Markup:
    """The newest few."""
    return el(
        "div",
        el(
            "table",
            el("thead", el("tr", [el("th", name, scope="col") for name in _columns(with_device)])),
            el("tbody", [_row(seen, explain, now, with_device) for seen in reads[:_SHOWN]]),
        ),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=_("Last reads") if with_device else _("Last reads of {reader}").format(reader=reads[0].read.reader),
    )


def _columns(with_device: bool) -> list[str]:
    names = [_("When"), _("Bytes"), _("As text"), _("Means")]
    return [_("Reader"), *names] if with_device else names


def _row(seen: Seen, explain: Explain, now: float, with_device: bool) -> Markup:
    read = seen.read
    if isinstance(read, CodeRead):
        raw, text = hex_of(read.raw), printable(read.raw)
    else:
        raw, text = hex_of(bytes.fromhex(read.epc)), _radio(read.antenna, read.rssi_dbm)
    cells = [
        el("td", ago(seen.at, now), class_="nowrap"),
        el("td", raw, class_="code"),
        el("td", text, class_="code"),
        el("td", _meaning(seen, explain)),
    ]
    return el("tr", el("td", read.reader) if with_device else None, cells)


def _radio(antenna: int | None, rssi_dbm: float | None) -> str:
    parts = []
    if antenna is not None:
        parts.append(_("antenna {number}").format(number=antenna))
    if rssi_dbm is not None:
        parts.append(f"{rssi_dbm:.0f} dBm")
    return ", ".join(parts)


def _meaning(seen: Seen, explain: Explain) -> Markup:
    """In short: what it is, and whether it went on."""
    read = seen.read
    fault = read.fault if isinstance(read, CodeRead) else None
    found = explain(read)
    keys = ", ".join(f"{name} {value}" for name, value in found.keys.items())
    # Plain text is no key of ours or of GS1, which need not be a mistake.
    plain = _("plain text") if found.kind == "text" else None
    trouble = fault or (None if plain else found.error)
    fate = _("passed on") if seen.event is not None else _("filtered")
    told = [trouble] if trouble and not keys else [keys or plain or found.kind, el("br") if trouble else None, trouble]
    return el("span", told, " ", el("small", fate), class_="warned" if trouble else None)
