"""What a person at the server wants of this gateway, done one after the other beside the reads."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from gettext import gettext as _
from typing import Final

from gateway.pipeline.devices import Devices
from gateway.pipeline.reload import ConfigPhase, Reloader
from gateway.supervisor import Supervisor
from orderlight.events.commands import Command, CommandError, CommandResult, Verb

log = logging.getLogger(__name__)

#: More wishes than this at once are nobody's.
_MAX_WAITING: Final = 8
_SIGNALS: Final = 3
_SIGNAL_SECONDS: Final = 0.5

Respond = Callable[[bytes], None]


class Remote:
    """take() may come from any thread; a thread of its own does the work."""

    def __init__(self, devices: Devices, reloader: Reloader, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._devices, self._reloader, self._sleep = devices, reloader, sleep
        self._waiting: queue.Queue[tuple[bytes, Respond]] = queue.Queue(_MAX_WAITING)
        self._thread = threading.Thread(target=self.run, name="commands", daemon=True)

    def start(self) -> None:
        """Begin in a thread of its own, which ends with the process."""
        self._thread.start()

    def take(self, body: bytes, respond: Respond) -> None:
        """Queue a command; one too many is refused at once."""
        try:
            self._waiting.put_nowait((body, respond))
        except queue.Full:
            respond(CommandResult(False, _("The gateway is busy with other commands. Try again.")).encode())

    def run(self) -> None:
        """Do what is wanted, for ever."""
        while True:
            body, respond = self._waiting.get()
            respond(self.act(body).encode())

    def act(self, body: bytes) -> CommandResult:
        """Do one command."""
        try:
            command = Command.parse(body)
        except CommandError as error:
            return CommandResult(False, str(error))
        result = self._reload() if command.verb is Verb.RELOAD else self._move(command)
        log.info("command", extra={"command": command.verb.value, "device": command.device, "sentence": result.say})
        return result

    def _move(self, command: Command) -> CommandResult:
        chosen = self._devices.chosen(command.device)
        if not chosen:
            sentence = _("There is no device {device} here.").format(device=command.device)
            return CommandResult(False, sentence if command.device else _("There is no device here."))
        names = ", ".join(supervisor.name for supervisor in chosen)
        if command.verb is Verb.PAUSE:
            for supervisor in chosen:
                supervisor.pause()
            return CommandResult(True, _("Paused {names}, until it is resumed.").format(names=names))
        if command.verb is Verb.RESUME:
            for supervisor in chosen:
                supervisor.resume()
            return CommandResult(True, _("Resumed {names}.").format(names=names))
        return self._identify(chosen, names)

    def _identify(self, chosen: list[Supervisor], names: str) -> CommandResult:
        for number in range(_SIGNALS):
            if number:
                self._sleep(_SIGNAL_SECONDS)
            for supervisor in chosen:
                supervisor.source.feedback("ok")
        sentence = _("Told {names} to signal three times; a device without tone or light stays silent.")
        return CommandResult(True, sentence.format(names=names))

    def _reload(self) -> CommandResult:
        state = self._reloader.reload()
        if state.phase is ConfigPhase.REFUSED:
            return CommandResult(False, " ".join([state.sentence or "", *map(str, state.mistakes)]).strip())
        return CommandResult(True, state.sentence or _("gateway.toml is read; the gateway does what it says."))
