"""What to do about events that the server would not take: look at them, send them again, or forget them.

While the gateway runs, it does this itself, asked through its socket; else the command opens the outbox.
"""

import contextlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from gettext import gettext as _
from pathlib import Path
from typing import Any

from gateway.config import GatewayConfig
from gateway.outbox import Outbox, OutboxError, SetAside
from gateway.outbox.store import FILE_NAME, Store, connect
from gateway.pipeline.moments import text_of
from gateway.pipeline.quota import quota_of

LIST, RETRY, DISCARD = "list", "retry", "discard"
Wanted = Mapping[str, Any]


def set_aside(config: GatewayConfig, wanted: Wanted) -> dict[str, object]:
    """Do what is wanted where no gateway runs; `{"events": [...]}` tells what became of each, as a running one does."""
    folder = config.data_dir
    if wanted["do"] == LIST:
        return {"events": _at_rest(folder)}
    with contextlib.closing(Outbox.open(folder, quota_of(config))) as outbox:
        return act(outbox, wanted)


def act(outbox: Outbox, wanted: Wanted) -> dict[str, object]:
    """Do it in an outbox that is open; an event that cannot be sent again stays, with the reason beside it."""
    with outbox.reading() as store:
        shown = _shown(store)
    if wanted.get("do") not in (RETRY, DISCARD):
        return {"events": shown}
    return {"events": [_act_on(outbox, event, str(wanted["do"])) for event in shown if _is_meant(event, wanted)]}


def _is_meant(event: Mapping[str, object], wanted: Wanted) -> bool:
    if wanted.get("all") is True:
        return True
    return (event["epoch"], event["sequence"]) == (wanted.get("epoch"), wanted.get("sequence"))


def _act_on(outbox: Outbox, event: dict[str, object], do: str) -> dict[str, object]:
    epoch, sequence = str(event["epoch"]), int(str(event["sequence"]))
    if do == DISCARD:
        return event | {"done": outbox.discard_set_aside(epoch, sequence)}
    try:
        number = outbox.retry_set_aside(epoch, sequence)
    except OutboxError as error:
        return event | {"done": False, "fault": str(error)}
    return event | {"done": number is not None, "sent_as": {"epoch": outbox.epoch, "sequence": number}}


def _at_rest(folder: Path) -> Sequence[dict[str, object]]:
    path = folder / FILE_NAME
    if not path.exists():
        return []
    try:
        with contextlib.closing(connect(path, read_only=True)) as connection:
            return _shown(Store(connection))
    except sqlite3.Error as error:
        raise OutboxError(_("The outbox cannot be read: {error}.").format(error=error)) from error


def _shown(store: Store) -> list[dict[str, object]]:
    return [_as_json(kept, store.body_aside(kept.epoch, kept.sequence)) for kept in store.set_aside()]


def _as_json(kept: SetAside, body: bytes | None) -> dict[str, object]:
    return {
        "epoch": kept.epoch,
        "sequence": kept.sequence,
        "at": text_of(kept.at),
        "reason": kept.reason,
        "event": None if body is None else json.loads(body),
    }
