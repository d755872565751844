"""The worker process of one camera or folder, seen from the gateway: lines both ways, and an end that always comes."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from gettext import gettext as _
from types import TracebackType
from typing import IO, Any, Final

from gateway.sources.base import SourceLost
from gateway.vision import missing
from gateway.wake import Waker

#: What is started; the job and its settings follow.
COMMAND: Final = (sys.executable, "-m", "gateway.vision.worker")
#: Loading OpenCV on a small computer takes seconds.
START_SECONDS: Final = 30.0
#: A line longer than this is no answer.
MAX_LINE: Final = 1024 * 1024


class ProcessStuck(Exception):
    """The worker did not answer in time, or ended; it is killed already."""


class PictureProcess:
    """A context manager: starts the process on entry, kills it on exit. All of it belongs to one thread."""

    def __init__(self, job: str, settings: Mapping[str, object], waker: Waker) -> None:
        self._command = [*COMMAND, job, json.dumps(settings)]
        self._waker = waker
        self._received = b""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "PictureProcess":
        if (sentence := missing()) is not None:
            raise SourceLost(sentence)
        # What decoders and camera libraries print of their own accord helps nobody; faults come as lines.
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                # What was not sent yet has nobody left to read it.
                with contextlib.suppress(OSError):
                    pipe.close()

    def ask(self, line: Mapping[str, object]) -> None:
        """Send one line; raises ProcessStuck when nobody takes it."""
        try:
            pipe = self._pipe("stdin")
            pipe.write(json.dumps(line).encode() + b"\n")
            pipe.flush()
        except OSError as error:
            raise self._stuck() from error

    def hear(self, seconds: float) -> dict[str, Any] | None:
        """The next line; None after a wake, for the caller to look at `stop`. Raises ProcessStuck."""
        until = time.monotonic() + seconds
        pipe = self._pipe("stdout")
        while b"\n" not in self._received:
            left = until - time.monotonic()
            if left <= 0 or len(self._received) > MAX_LINE:
                raise self._stuck()
            if not self._waker.wait(pipe.fileno(), left):
                if time.monotonic() < until:
                    return None
                continue
            data = os.read(pipe.fileno(), 65_536)
            if not data:
                raise self._stuck()
            self._received += data
        line, self._received = self._received.split(b"\n", 1)
        heard: dict[str, Any] = json.loads(line)
        return heard

    def _pipe(self, name: str) -> IO[bytes]:
        pipe: IO[bytes] | None = getattr(self._process, name, None)
        if pipe is None:
            raise self._stuck()
        return pipe

    def _stuck(self) -> ProcessStuck:
        self.kill()
        self._received = b""
        return ProcessStuck(_("The process that reads pictures stopped answering and was ended."))
