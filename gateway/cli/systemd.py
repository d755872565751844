"""What systemd wants to hear: ready, still well, stopping. One datagram each, so that no library is needed."""

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)


class Systemd:
    """Tells the service manager; does nothing where none listens, as in a terminal or a container."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # systemd writes the NUL that begins an abstract name as "@".
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def ready(self) -> None:
        """The readers are being opened and the outbox is."""
        self._tell("READY=1")

    def well(self) -> None:
        """The gateway can take a read now; when this is not heard for WatchdogSec, systemd starts it anew."""
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """It lets the devices go and delivers one last time."""
        self._tell("STOPPING=1")

    def _tell(self, word: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
                manager.settimeout(1.0)
                manager.sendto(word.encode("ascii"), self._address)
        except OSError as error:
            # Reading goes on; if the manager stays deaf, its watchdog decides.
            log.warning("systemd_deaf", extra={"word": word, "error": str(error)})
