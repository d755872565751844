"""How the gateway is: for `status` in full, for the heartbeat in short."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from gettext import gettext as _

from gateway.config import GatewayConfig
from gateway.outbox import Outbox, OutboxError
from gateway.outbox.store import FILE_NAME, Store, connect
from gateway.page import LocalPage
from gateway.pipeline.devices import Devices
from gateway.pipeline.flow import Flow
from gateway.pipeline.moments import text_of
from gateway.pipeline.reload import Reloader
from gateway.supervisor import DeviceHealth
from gateway.uplink.clock import GatewayClock
from gateway.uplink.deliver import Deliverer
from gateway.uplink.state import UplinkPhase, UplinkState

_LAST = 20


@dataclass(frozen=True, slots=True)
class Parts:
    """What the figures are read from."""

    name: str
    url: str
    version: str
    started_at: float
    outbox: Outbox
    flow: Flow
    deliverer: Deliverer
    clock: GatewayClock
    devices: Devices
    reloader: Reloader
    page: LocalPage
    key: Callable[[], Mapping[str, object]]
    heartbeat_error: Callable[[], str | None]


def status(parts: Parts) -> dict[str, object]:
    """Everything that `orderlight-gateway status --json` shows."""
    devices = parts.devices.health()
    state = parts.deliverer.state
    return {
        "gateway": parts.name,
        "running": True,
        "version": parts.version,
        "pid": os.getpid(),
        "started_at": text_of(parts.started_at),
        "server": {
            "url": parts.url,
            "state": state.phase.value,
            "detail": state.detail,
            "since": text_of(state.since),
            "heartbeat": parts.heartbeat_error() or "ok",
        },
        "config": parts.reloader.state.as_json(),
        "local_page": parts.page.state(),
        "key": parts.key(),
        "clock": _clock(parts.clock),
        "flow": _flow(parts),
        "outbox": outbox_status(parts.outbox),
        "devices": [_device(device) for device in devices],
    }


def heartbeat(parts: Parts) -> dict[str, object]:
    """The body of POST /api/v1/gateways/{name}/health."""
    figures = outbox_status(parts.outbox)
    return {
        "version": parts.version,
        "started_at": text_of(parts.started_at),
        "backlog": figures.get("backlog", 0),
        "oldest_age_seconds": figures.get("oldest_age_seconds"),
        "clock": text_of(parts.clock.wall()),
        "devices": [_short(device) for device in parts.devices.health()],
        "set_aside": figures.get("set_aside", 0),
        "refused": _refusal(parts.deliverer.state),
    }


def _refusal(state: UplinkState) -> str | None:
    """Why the server takes no events of this gateway, such as a second device of its name; None while it does."""
    return state.detail if state.phase is UplinkPhase.REFUSED else None


def outbox_status(outbox: Outbox) -> dict[str, object]:
    """The outbox's figures; a damaged one is a figure too."""
    try:
        figures = outbox.figures()
        found = asdict(figures) | {
            "oldest_age_seconds": _age(figures.oldest_stored_at),
            "alarms": [{"at": text_of(alarm.at), "sentence": alarm.sentence} for alarm in outbox.alarms()[-_LAST:]],
            "events_set_aside": [
                {
                    "epoch": kept.epoch,
                    "sequence": kept.sequence,
                    "reason": kept.reason,
                    "at": text_of(kept.at),
                }
                for kept in outbox.events_set_aside()[-_LAST:]
            ],
        }
    except OutboxError as error:
        return {"fault": str(error)}
    del found["oldest_stored_at"]
    return found


def _age(at: float | None) -> float | None:
    return None if at is None else max(0.0, round(time.time() - at, 1))


def _clock(clock: GatewayClock) -> dict[str, object]:
    offset, stamp = clock.offset(), clock.now()
    return {
        "now": stamp.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "offset_seconds": None if offset is None else round(offset, 3),
        "suspect": stamp.suspect is True,
        "steps": clock.steps,
        "last_step_seconds": clock.last_step,
    }


def _flow(parts: Parts) -> dict[str, object]:
    """The hops side by side: where two neighbours differ, something waits or was left out."""
    counters, read = parts.deliverer.counters, parts.devices.total()
    return {
        "read": read.read,
        "filtered": read.filtered,
        "stored": read.stored,
        "own": parts.flow.own,
        "refused": read.refused,
        "failed": read.failed,
        "requests": counters.requests,
        "sent": counters.sent,
        "acked": counters.acked,
        "set_aside": counters.set_aside,
        "tags_present": parts.flow.tags_present,
        "left_out": parts.flow.counts,
    }


def _device(device: DeviceHealth) -> dict[str, object]:
    return {
        "name": device.name,
        "driver": device.driver,
        "state": device.phase.value,
        "detail": device.detail,
        "since": text_of(device.since),
        "last_read_at": text_of(device.last_read_at),
        **asdict(device.counters),
        "source": device.source,
    }


def _short(device: DeviceHealth) -> dict[str, object]:
    return {
        "name": device.name,
        "driver": device.driver,
        "state": device.phase.value,
        "since": text_of(device.since),
        "last_read_at": text_of(device.last_read_at),
        "reads": device.counters.read,
        "error": device.detail,
    }


def status_at_rest(config: GatewayConfig) -> dict[str, object]:
    """What the outbox of a gateway that does not run holds; it is only looked at."""
    found: dict[str, object] = {"gateway": config.name, "running": False}
    path = config.data_dir / FILE_NAME
    if not path.exists():
        return found | {"outbox": {"fault": _("There is no outbox in {folder} yet.").format(folder=config.data_dir)}}
    try:
        with contextlib.closing(connect(path, read_only=True)) as connection:
            store = Store(connection)
            alarms = [{"at": text_of(alarm.at), "sentence": alarm.sentence} for alarm in store.alarms()[-_LAST:]]
            found["outbox"] = {
                "backlog": store.count(),
                "oldest_age_seconds": _age(store.oldest_stored_at()),
                "bytes_used": store.bytes_used(),
                "set_aside": store.count_set_aside(),
                "set_aside_bytes": store.bytes_set_aside(),
                "shed": store.count_shed(),
                "alarms": alarms,
            }
    except sqlite3.Error as error:
        found["outbox"] = {"fault": _("The outbox cannot be read: {error}.").format(error=error)}
    return found
