"""The page about the gateway: one sentence first, then how far the reads came, then the readers."""

import time
from gettext import gettext as _

from gateway.page.markup import Child, Markup, el, join
from gateway.page.reads import reads_of
from gateway.page.recent import Recent
from gateway.page.sight import Sight, Status
from gateway.page.words import ago, chip, lasting, seconds_of


def gateway_part(sight: Sight, recent: Recent) -> Markup:
    """What changes by itself, to be put in place of what was there."""
    found, now = sight.status(), time.time()
    return join(
        [
            _lamp(found),
            el("p", _("As of {time} UTC.").format(time=time.strftime("%H:%M:%S", time.gmtime(now))), class_="asof"),
            _hops(found),
            el("div", _waiting(found), _server(found, now), _clock(found), _config(found), class_="cards"),
            el("h2", _("Readers")),
            _devices(sight, recent, found, now),
        ]
    )


def _lamp(found: Status) -> Markup:
    tone, sentence = _sentence(found)
    symbol = {"ok": "✓", "warn": "!", "stop": "✕"}[tone]
    return el("p", el("span", symbol, class_="symbol", aria_hidden="true"), sentence, class_=f"lamp {tone}")


def _sentence(found: Status) -> tuple[str, str]:
    outbox, server = found["outbox"], found["server"]
    if fault := outbox.get("fault") or outbox.get("full"):
        return "stop", _("Reads cannot be stored: {reason}").format(reason=fault)
    if away := _named(found, "lost"):
        sentence = _("Away: {names}, {count} of {all} readers. The gateway goes on trying to open them.")
        return "stop", sentence.format(names=away, count=_count(found, "lost"), all=len(found["devices"]))
    if server["state"] not in ("online", "starting"):
        sentence = _("Reads are kept here and nothing is lost: {backlog} wait. {detail}")
        return "warn", sentence.format(backlog=outbox["backlog"], detail=server["detail"] or "")
    if sentence := found["config"]["sentence"]:
        return "warn", sentence
    if any(device["state"] == "degraded" for device in found["devices"]):
        return "warn", _("Reads go through; a reader has something to say.")
    if not found["devices"]:
        return "warn", _("There is no reader yet. Write a [[device]] into gateway.toml.")
    if stopped := _named(found, "stopped"):
        return "warn", _("Stopped for now: {names}.").format(names=stopped)
    if waiting := _named(found, "connecting"):
        return "warn", _("Not open yet: {names}.").format(names=waiting)
    return "ok", _("All readers are open, and the server takes what they read.")


def _named(found: Status, state: str) -> str:
    """The readers in this state, in words."""
    return ", ".join(device["name"] for device in found["devices"] if device["state"] == state)


def _count(found: Status, state: str) -> int:
    return sum(device["state"] == state for device in found["devices"])


def _hops(found: Status) -> Markup:
    flow = found["flow"]
    hops = [
        (_("read"), flow["read"], _("by the readers")),
        (_("filtered"), flow["filtered"], _("repeats and tags that stayed")),
        (_("stored"), flow["stored"], _("on this gateway's disk; {own} of its own beside").format(own=flow["own"])),
        (_("sent"), flow["sent"], _("to the server; again counts again")),
        (_("acknowledged"), flow["acked"], _("by the server's own answer")),
    ]
    items = [
        el("li", el("span", name, class_="name"), el("b", f"{count:,}"), el("small", hint))
        for name, count, hint in hops
    ]
    troubles = [
        (flow["refused"], _("{count} reads could not be stored")),
        (flow["failed"], _("{count} reads had a fault in the gateway")),
        (flow["set_aside"], _("{count} events were set aside: the server would not take them")),
    ]
    told = [el("li", sentence.format(count=count)) for count, sentence in troubles if count]
    return join(
        [
            el("h2", _("From reader to server")),
            el("ol", items, class_="hops"),
            el("ul", told, class_="troubles") if told else None,
        ]
    )


def _card(title: str, *rows: Child) -> Markup:
    return el("section", el("h3", title), rows, class_="card")


def _facts(facts: list[tuple[str, Child]]) -> Markup:
    return el("dl", [el("div", el("dt", name), el("dd", value)) for name, value in facts])


def _waiting(found: Status) -> Markup:
    outbox = found["outbox"]
    if "fault" in outbox:
        return _card(_("Waiting here"), el("p", outbox["fault"]))
    oldest = outbox["oldest_age_seconds"]
    facts: list[tuple[str, Child]] = [
        (_("Backlog"), f"{outbox['backlog']:,}"),
        (_("Oldest"), "–" if oldest is None else lasting(oldest)),
        (_("Set aside"), f"{outbox['set_aside']:,}"),
        (_("Given up"), f"{outbox['shed']:,}"),
        (_("Room used"), f"{100 * outbox['bytes_used'] // outbox['max_bytes']} %"),
    ]
    alarms = [el("li", alarm["sentence"]) for alarm in outbox["alarms"][-3:]]
    return _card(_("Waiting here"), _facts(facts), el("ul", alarms, class_="troubles") if alarms else None)


def _server(found: Status, now: float) -> Markup:
    server = found["server"]
    since = ago(seconds_of(server["since"]), now)
    return _card(
        _("Server"),
        el("p", chip(server["state"]), " ", since),
        el("p", server["url"], class_="code"),
        el("p", server["detail"]) if server["detail"] else None,
        el("p", server["heartbeat"]) if server["heartbeat"] not in ("ok", server["detail"]) else None,
    )


def _clock(found: Status) -> Markup:
    clock = found["clock"]
    offset = clock["offset_seconds"]
    sure = _("not confirmed by the server, may be wrong") if clock["suspect"] else _("confirmed by the server")
    facts: list[tuple[str, Child]] = [
        (_("Date"), clock["now"][:10]),
        (_("Time"), f"{clock['now'][11:19]} UTC"),
        (_("Server is ahead by"), "–" if offset is None else f"{offset:.1f} s"),
        (_("Was set"), str(clock["steps"])),
    ]
    return _card(_("Clock"), el("p", sure, class_="warned" if clock["suspect"] else None), _facts(facts))


def _config(found: Status) -> Markup:
    config = found["config"]
    words = {"current": _("in use as it stands"), "waiting": _("restart needed"), "refused": _("has mistakes")}
    mistakes = [el("li", mistake) for mistake in config["mistakes"]]
    return _card(
        _("gateway.toml"),
        el("p", words.get(config["state"], config["state"])),
        el("p", config["sentence"]) if config["sentence"] else None,
        el("ul", mistakes, class_="troubles") if mistakes else None,
        el("p", _("Version {version}").format(version=found["version"]), class_="asof"),
    )


def _devices(sight: Sight, recent: Recent, found: Status, now: float) -> Markup:
    names = [device["name"] for device in found["devices"]]
    recent.keep(names)
    return join([_device(sight, recent, device, now) for device in found["devices"]])


def _device(sight: Sight, recent: Recent, device: Status, now: float) -> Markup:
    last = device["last_read_at"]
    counts = [(_("read"), "read"), (_("filtered"), "filtered"), (_("stored"), "stored"), (_("refused"), "refused")]
    reads = recent.of(device["name"])
    head = el(
        "header",
        el("h3", device["name"]),
        chip(device["state"]),
        el("span", device["driver"], class_="muted"),
        el("span", _("last read"), " ", ago(seconds_of(last), now)) if last else el("span", _("nothing read yet")),
    )
    return el(
        "article",
        head,
        el("p", device["detail"]) if device["detail"] else None,
        el("p", [[el("b", f"{device[key]:,}"), f" {word} "] for word, key in counts], class_="counts"),
        reads_of(reads, sight.explain, now) if reads else None,
        class_="card device",
    )
