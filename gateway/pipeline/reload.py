"""Another gateway.toml while the gateway runs: noticed by its content, checked whole, and taken up or refused.

Devices change at once. What the outbox, the server or the gateway's own name rest on stays as it was at the start,
and the state says that it waits for a restart.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from gettext import gettext as _
from pathlib import Path

from gateway.config import ConfigError, GatewayConfig, Mistake
from gateway.digest import sha256_hex
from gateway.pipeline.check import Plan, plan
from gateway.pipeline.devices import Changes, DeviceFault
from gateway.pipeline.moments import text_of

log = logging.getLogger(__name__)

Adopt = Callable[[Plan], Changes]
_NO_CHANGES = Changes()
#: What a key file holds is taken up at once.
_HOT = {"key"}
#: What is read from a file has the name of that file's setting.
_SETTING_OF = {"broker_password": "broker_password_file"}


class ConfigPhase(StrEnum):
    """How the running gateway and the file stand to each other."""

    CURRENT = "current"  # The gateway does what the file says.
    WAITING = "waiting"  # It does, but for settings that are read at a start alone.
    REFUSED = "refused"  # The file has mistakes; the gateway goes on as before.


@dataclass(frozen=True, slots=True)
class ConfigState:
    """What became of the file when it was looked at last; `since` is seconds since 1970."""

    phase: ConfigPhase
    since: float
    path: Path | None = None
    digest: str = ""
    mistakes: tuple[Mistake, ...] = ()
    #: Settings that differ, and are read at a start alone.
    restart_for: tuple[str, ...] = ()
    changes: Changes = _NO_CHANGES

    @property
    def sentence(self) -> str | None:
        """What a person should know; None where all is well."""
        if self.phase is ConfigPhase.REFUSED:
            count = len(self.mistakes)
            sentence = _("gateway.toml was changed and has {count} mistakes; the gateway goes on as before.")
            if count == 1:
                sentence = _("gateway.toml was changed and has a mistake; the gateway goes on as before.")
            return sentence.format(count=count)
        if self.phase is ConfigPhase.WAITING:
            sentence = _("{settings} changed in gateway.toml: restart the gateway to use that.")
            return sentence.format(settings=", ".join(self.restart_for))
        return None

    def as_json(self) -> dict[str, object]:
        """For `status --json`."""
        return {
            "state": self.phase.value,
            "since": text_of(self.since),
            "file": None if self.path is None else str(self.path),
            "sha256": self.digest,
            "sentence": self.sentence,
            "mistakes": [str(mistake) for mistake in self.mistakes],
            "restart_for": list(self.restart_for),
        }


class Reloader:
    """look() whenever it is time, from the main thread; reload() at a person's wish, from any."""

    def __init__(self, running: Plan, adopt: Adopt, *, wall: Callable[[], float] = time.time) -> None:
        self._running, self._adopt, self._wall = running, adopt, wall
        self._turn = threading.Lock()
        self.state = ConfigState(ConfigPhase.CURRENT, wall(), running.path, _digest(running.path))

    def look(self) -> None:
        """Take the file up if its content is another; one that was refused is tried again, for a file it names may
        have been mended."""
        path = self._running.path
        if path is not None and (self.state.phase is ConfigPhase.REFUSED or _digest(path) != self.state.digest):
            self.reload()

    def reload(self) -> ConfigState:
        """Read gateway.toml now, and give what became of it."""
        with self._turn:
            digest = _digest(self._running.path)
            try:
                wanted = plan(self._running.path)
                changes = self._adopt(wanted)
            except ConfigError as error:
                return self._refuse(digest, error.mistakes)
            except DeviceFault as fault:
                return self._refuse(digest, (Mistake("gateway.toml", str(fault)),))
            return self._take(digest, wanted, changes)

    def _take(self, digest: str, wanted: Plan, changes: Changes) -> ConfigState:
        restart_for = differences(self._running.config, wanted.config)
        phase = ConfigPhase.WAITING if restart_for else ConfigPhase.CURRENT
        state = ConfigState(phase, self._wall(), self._running.path, digest, (), restart_for, changes)
        touched = {name: names for name in Changes.__slots__ if (names := getattr(changes, name))}
        if touched or phase is not self.state.phase or restart_for != self.state.restart_for:
            level = logging.WARNING if restart_for else logging.INFO
            log.log(level, "config_taken", extra=touched | ({"sentence": state.sentence} if restart_for else {}))
        self.state = state
        return state

    def _refuse(self, digest: str, mistakes: Sequence[Mistake]) -> ConfigState:
        state = ConfigState(ConfigPhase.REFUSED, self._wall(), self._running.path, digest, tuple(mistakes))
        before = self.state
        if (before.phase, before.mistakes) == (state.phase, state.mistakes):
            # It is looked at every few seconds until it is mended, and told once.
            return before
        mistaken = [str(mistake) for mistake in mistakes if not mistake.warning]
        log.error("config_refused", extra={"mistakes": mistaken, "sentence": state.sentence})
        self.state = state
        return state


def differences(running: GatewayConfig, wanted: GatewayConfig) -> tuple[str, ...]:
    """The settings that differ and are read at a start alone: whose events these are, where they are kept, and who
    takes them."""
    pairs = {
        "gateway.name": (running.name, wanted.name),
        "gateway.data_dir": (running.data_dir, wanted.data_dir),
    }
    for section, before, after in (
        ("server", running.server, wanted.server),
        ("outbox", running.outbox, wanted.outbox),
    ):
        later = asdict(after)
        pairs |= {
            f"{section}.{_SETTING_OF.get(key, key)}": (value, later[key])
            for key, value in asdict(before).items()
            if key not in _HOT
        }
    return tuple(name for name, (before, after) in pairs.items() if before != after)


def _digest(path: Path | None) -> str:
    """The file's content in short; empty where it cannot be read."""
    try:
        return "" if path is None else sha256_hex(path.read_bytes())
    except OSError:
        # plan() says in words what is wrong with it.
        return ""
