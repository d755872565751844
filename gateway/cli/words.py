"""Status and drivers for a person at a terminal."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from gettext import gettext as _
from typing import Any


def status(found: Mapping[str, Any]) -> str:
    """The status in a few lines, the thing first."""
    outbox = found["outbox"]
    if not found["running"]:
        return _("Gateway {name} is not running. {outbox}").format(name=found["gateway"], outbox=_outbox(outbox))
    server, clock, flow = found["server"], found["clock"], found["flow"]
    lines = [
        _("Gateway {name} runs since {since}.").format(name=found["gateway"], since=found["started_at"]),
        _("Server {url}: {state}. {detail}")
        .format(url=server["url"], state=server["state"], detail=server["detail"] or "")
        .rstrip(),
        _outbox(outbox),
        _("Reads {read}, filtered {filtered}, stored {stored}, sent {sent}, answered {acked}.").format(**flow),
        *(_device(device) for device in found["devices"]),
    ]
    # The gateway that runs may be older than this command.
    config = found.get("config", {})
    if config.get("sentence"):
        lines += [config["sentence"], *(f"  {mistake}" for mistake in config["mistakes"])]
    if clock["suspect"]:
        lines.append(_("The clock is not confirmed by the server; times may be wrong."))
    if clock.get("steps"):
        lines.append(_("The clock was set {steps} times, the last time by {last_step_seconds} s.").format(**clock))
    lines.extend(alarm["sentence"] for alarm in outbox.get("alarms", ()))
    return "\n".join(lines)


def _outbox(outbox: Mapping[str, Any]) -> str:
    if fault := outbox.get("fault"):
        return str(fault)
    sentence = _("Outbox: {backlog} waiting, {set_aside} set aside, {shed} given up.").format(**outbox)
    if outbox["set_aside"]:
        sentence += " " + _(
            "What is set aside takes {set_aside_bytes:,} bytes of its room; see orderlight-gateway set-aside."
        ).format(**outbox)
    return f"{sentence} {outbox['full']}" if outbox.get("full") else sentence


def set_aside(events: Sequence[Mapping[str, Any]], do: str) -> str:
    """Events that the server would not take, each with its words and with what became of it."""
    if not events:
        return _("No such event is set aside.") if do != "list" else _("Nothing is set aside.")
    return "\n".join(_kept(event, do) for event in events)


def _kept(event: Mapping[str, Any], do: str) -> str:
    line = _("{epoch}/{sequence} at {at}: {reason}").format(**event)
    told = event["event"] or {}
    what = ", ".join(str(told[name]) for name in ("kind", "read_point", "code", "epc") if told.get(name))
    if what:
        line += f" ({what})"
    if fault := event.get("fault"):
        return _("{line} - stays set aside: {fault}").format(line=line, fault=fault)
    if event.get("done"):
        return (_("{line} - goes out again.") if do == "retry" else _("{line} - is forgotten.")).format(line=line)
    return line


def _device(device: Mapping[str, Any]) -> str:
    """Never "online": an open port says nothing about the scanner behind it."""
    state = {
        "ready": _("open"),
        "degraded": _("open, needs a look"),
        "lost": _("lost"),
        "connecting": _("connecting"),
        "stopped": _("stopped"),
    }
    last = _ago(device["last_read_at"])
    line = _("{name} ({driver}): {state}, {last}. {detail}").format(
        name=device["name"],
        driver=device["driver"],
        state=state.get(device["state"], device["state"]),
        last=last,
        detail=device["detail"] or "",
    )
    return line.rstrip()


def _ago(at: str | None) -> str:
    if at is None:
        return _("nothing read yet")
    seconds = max(0, int((datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()))
    return _("last read {minutes:02d}:{seconds:02d} ago").format(minutes=seconds // 60, seconds=seconds % 60)


def _default(option: Mapping[str, Any]) -> str:
    """As it would stand in gateway.toml."""
    if option["required"]:
        return _("required")
    return _("none") if option["default"] is None else json.dumps(option["default"], ensure_ascii=False)


def _allowed(option: Mapping[str, Any]) -> str:
    if option["choices"]:
        return " " + _("One of {choices}.").format(choices=", ".join(map(str, option["choices"])))
    if option["min"] is None or option["max"] is None:
        return ""
    return " " + _("From {low:,} to {high:,}.").format(low=option["min"], high=option["max"])


def drivers(described: Iterable[Mapping[str, Any]]) -> str:
    """Each driver with its options."""
    lines: list[str] = []
    for driver in described:
        lines.append(f"{driver['driver']}: {driver['summary']}")
        for option in driver["options"]:
            lines.append(f"  {option['name']} ({_default(option)}): {option['help']}{_allowed(option)}")
        lines.extend(f"  - {limit}" for limit in driver["limitations"])
    return "\n".join(lines)
