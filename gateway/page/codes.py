"""The scanner test: a code typed or scanned into the page, and all that can be said of it."""

import time
from gettext import gettext as _

from gateway import identify
from gateway.page.markup import Child, Markup, el, join
from gateway.page.reads import reads_of
from gateway.page.recent import Recent
from gateway.page.sight import Sight
from gateway.page.words import hex_of, printable
from orderlight.autoid import Identification

_SHOWN_READS = 8


def form() -> Markup:
    """Where a scanner that types puts its code; Enter ends it."""
    return el(
        "form",
        el("label", _("Scan or type a code"), for_="code"),
        el(
            "div",
            el(
                "input", id="code", name="code", type="text", maxlength=4000, required=True, autofocus=True,
                autocomplete="off", autocapitalize="off", spellcheck="false",
            ),
            el("button", _("What is it?"), type="submit"),
            class_="ask",
        ),
        el(
            "p",
            _(r"Scanners that type end a code with Enter. Write \x1d for the separator GS, epc: before tag memory."),
            class_="asof",
        ),
        method="post",
        action="/codes",
    )  # fmt: skip


def result(line: str) -> Markup:
    """What the line means: the same answer as that of `orderlight-gateway identify`."""
    found = identify.answer(line)
    raw = found.input.encode("utf-8", "surrogatepass")
    facts: list[tuple[str, Child]] = [
        *((name.replace("_", " "), value) for name, value in found.keys.items()),
        (_("element string"), found.element_string),
        (_("digital link"), found.digital_link),
        (_("EPC"), found.epc_uri),
        (_("tag"), found.tag_uri),
        (_("filter"), found.filter),
        (_("as text"), printable(raw)),
        (_("bytes"), hex_of(raw)),
    ]
    rows = [el("div", el("dt", name), el("dd", value, class_="code")) for name, value in facts if value is not None]
    tone = "ok" if found.keys and not found.error else "warn"
    return el(
        "section",
        el("p", el("b", _kind(found)), class_=f"lamp {tone}"),
        el("p", found.error) if found.error else None,
        el("dl", rows),
        _others(found),
        class_="card result",
    )


def _kind(found: Identification) -> str:
    words = {
        "own": _("A code of ours"),
        "gs1": _("GS1 elements"),
        "gtin": _("A trade item number"),
        "sscc": _("A shipping unit"),
        "epc": _("A tag's EPC"),
        "digital_link": _("A GS1 Digital Link"),
        "text": _("Plain text"),
        "unknown": _("Not a code that is known here"),
    }
    return words.get(found.kind, found.kind)


def _others(found: Identification) -> Markup | None:
    """The other ways of reading it that were tried."""
    others = [
        el("li", el("b", each.kind), " ", each.element_string or each.error or each.reason)
        for each in found.readings
        if each.kind != found.kind or each.error
    ]
    if not others:
        return None
    return el("details", el("summary", _("What else was tried")), el("ul", others))


def reads_part(sight: Sight, recent: Recent) -> Markup:
    """What the gateway's own readers read last; changes by itself."""
    reads = recent.newest(_SHOWN_READS)
    heading = el("h2", _("Last reads of the readers"))
    if not reads:
        return join([heading, el("p", _("Nothing was read since the page was opened up. Scan something."))])
    return join([heading, reads_of(reads, sight.explain, time.time(), with_device=True)])
