"""The page's thread: opens the port, serves a few connections at a time, and follows another configuration."""

import logging
import threading
import time
from collections import Counter
from gettext import gettext as _
from typing import TYPE_CHECKING, Final

from gateway.config import LocalPageConfig
from gateway.page.recent import Recent
from gateway.page.sight import Sight
from gateway.wake import Waker

if TYPE_CHECKING:
    from gateway.sources.listener import Listener

log = logging.getLogger(__name__)

#: How long a port that could not be had is left in peace; nobody waits for it but a person.
_AGAIN_SECONDS: Final = 15.0
_IDLE_SECONDS: Final = 60.0


class LocalPage:
    """show() with a configuration, another one or None; it never holds up the reads, whatever happens to it."""

    def __init__(self, sight: Sight) -> None:
        self.recent = Recent()
        self._sight = sight
        self._wanted: LocalPageConfig | None = None
        self._fault: str | None = None
        self._opened: LocalPageConfig | None = None
        self._counts: Counter[str] = Counter()
        self._waker = Waker()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def show(self, config: LocalPageConfig | None) -> None:
        """Be there as this says from now on."""
        self._wanted = config
        if config is not None and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="local-page", daemon=True)
            self._thread.start()
        self._waker.wake()

    def stop(self) -> None:
        """Close the port."""
        self._stopping = True
        self._waker.wake()
        if self._thread is not None:
            self._thread.join(2.0)

    def state(self) -> dict[str, object]:
        """For the status: where the page is, or why it is not."""
        wanted = self._wanted
        state = "off" if wanted is None else "open" if self._opened == wanted else "closed"
        url = None if wanted is None else wanted.url
        return {"state": state, "url": url, "detail": self._fault, **self._counts}

    # -- the thread

    def _run(self) -> None:
        while not self._stopping:
            config = self._wanted
            listener = None if config is None else self._open(config)
            if config is None or listener is None:
                self._waker.rest(_AGAIN_SECONDS if config is not None else _IDLE_SECONDS)
                continue
            try:
                self._serve(config, listener)
            finally:
                self._opened = None
                listener.server_close()
                listener.sweep(float("inf"))

    def _serve(self, config: LocalPageConfig, listener: "Listener") -> None:
        self._opened, self._fault = config, None
        log.info("local_page_open", extra={"url": config.url})
        while not self._stopping and self._wanted == config:
            if self._waker.wait(listener.fileno(), 1.0 if listener.is_busy else _IDLE_SECONDS):
                listener.handle_request()
            listener.sweep(time.monotonic())

    def _open(self, config: LocalPageConfig) -> "Listener | None":
        # A gateway without a page does not hold what serves one: that would be a megabyte.
        from gateway.page.serving import open_listener

        try:
            return open_listener(config, self._sight, self.recent, self._count)
        except OSError as error:
            sentence = _("The page cannot be at {url}: {error}. Choose a free port and an address of this machine.")
            fault = sentence.format(url=config.url, error=str(error.strerror or error).rstrip("."))
            if fault != self._fault:
                log.warning("local_page_closed", extra={"sentence": fault})
            self._fault = fault
            return None

    def _count(self, what: str) -> None:
        self._counts[what] += 1
