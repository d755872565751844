"""Changes the gateway's key: when a person asks, and when it is old enough. It runs behind the heartbeat."""

import json
import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from gettext import gettext as _
from typing import Final
from urllib.parse import quote

from gateway.uplink.http import Reply, Transport, TransportFault
from gateway.uplink.keyring import Keyring, fingerprint, prefix_of
from gateway.uplink.state import server_words

log = logging.getLogger(__name__)

ENROL_PATH: Final = "/api/v1/gateways/enrol"
#: A change that failed is tried again after this, for an old key is no hurry.
AGAIN_SECONDS: Final = 3600.0


#: The server has looked at the code and the key, and takes neither.
_NEVER: Final = (400, 401, 403, 404, 405, 409, 410, 422)


class KeyFault(Exception):
    """The key was not changed; the one before goes on. The text is a sentence for people."""


class KeyKeeper:
    """heed() and rotate() belong to the heartbeat's thread, like the transport; ask() and state() to any."""

    def __init__(
        self,
        keyring: Keyring,
        transport: Transport,
        *,
        gateway: str,
        days: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keyring, self._transport, self._days = keyring, transport, days
        self._path = f"/api/v1/gateways/{quote(gateway, safe='')}/next-key"
        self._monotonic = monotonic
        self._not_before = monotonic()
        self._asked = threading.Event()
        self._made_at: str | None = None
        self._detail: str | None = None

    def ask(self) -> None:
        """Have the key changed at the next heartbeat."""
        self._detail = None
        self._asked.set()

    def state(self) -> dict[str, object]:
        """For the status: which key, how old, and why it was not changed."""
        return {"prefix": prefix_of(self._keyring.key), "made_at": self._made_at, "detail": self._detail}

    def heed(self, reply: Reply) -> None:
        """What the server said to a heartbeat says how the key stands."""
        if reply.status == 401 and self._keyring.try_another():
            log.warning("key_tried", extra={"prefix": prefix_of(self._keyring.key)})
        if reply.status != 200:
            return
        try:
            self._keyring.confirm()
            is_due = self._is_old(reply.body) and self._monotonic() >= self._not_before
            if is_due or self._asked.is_set():
                self._asked.clear()
                self.rotate()
        except (KeyFault, OSError) as error:
            self._not_before = self._monotonic() + AGAIN_SECONDS
            self._tell(str(error))

    def rotate(self) -> None:
        """Bring the server another key with the one we have, and use it; raises KeyFault or OSError."""
        if not self._keyring.can_write:
            raise KeyFault(_("The key came by ORDERLIGHT_GATEWAY_KEY, so it is changed where that is set."))
        key = self._keyring.begin()
        try:
            reply = self._transport.post(self._path, json.dumps(fingerprint(key)).encode())
        except TransportFault as fault:
            # It may have been taken: the same key is brought again next time.
            raise KeyFault(str(fault)) from fault
        if reply.status != 200:
            if reply.status == 422 or _reason(reply.body) == "prefix_taken":
                self._keyring.drop()
            raise KeyFault(refusal(reply))
        self._keyring.finish(key)
        self._tell(None)
        log.info("key_changed", extra={"prefix": prefix_of(key)})

    def _is_old(self, body: bytes) -> bool:
        """By the server's clock alone: ours may be wrong."""
        try:
            told = json.loads(body)
            now, made_at = datetime.fromisoformat(told["server_time"]), datetime.fromisoformat(told["key_made_at"])
            self._made_at = made_at.isoformat(timespec="seconds")
            return now - made_at >= timedelta(days=self._days)
        except (ValueError, TypeError, KeyError, RecursionError):
            # A server before key_made_at, or none of ours: it says nothing about the key.
            return False

    def _tell(self, detail: str | None) -> None:
        if detail is not None and detail != self._detail:
            log.warning("key_not_changed", extra={"sentence": detail})
        self._detail = detail


def enrol(transport: Transport, keyring: Keyring, code: str) -> str:
    """Trade a one-time code for a name: the server knows our new key then. Raises KeyFault or OSError.

    It may be called again with the same code when no answer came.
    """
    told_before = keyring.has_begun
    key = keyring.begin()
    try:
        reply = transport.post(ENROL_PATH, json.dumps({"code": code, **fingerprint(key)}).encode())
    except TransportFault as fault:
        raise KeyFault(str(fault)) from fault
    if reply.status != 200:
        if reply.status in _NEVER and not told_before:
            # Nobody has this key, and the next try makes its own. One that an answer was lost of may be known by now.
            keyring.drop()
        raise KeyFault(refusal(reply))
    try:
        name = str(json.loads(reply.body)["gateway"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise KeyFault(_("This address is not an Orderlight server: its answer names no gateway.")) from error
    keyring.finish(key)
    return name


def refusal(reply: Reply) -> str:
    """Why the server did not take a key."""
    if reply.status in (404, 405) and _reason(reply.body) != "code_ended":
        return _("This server takes no keys from gateways; it may be older than this gateway ({status}).").format(
            status=reply.status
        )
    return _("The server did not take the key ({status}): {words}").format(
        status=reply.status, words=server_words(reply.body)
    )


def _reason(body: bytes) -> str | None:
    try:
        found = json.loads(body).get("reason")
    except (ValueError, AttributeError, RecursionError):
        return None
    return found if isinstance(found, str) else None
