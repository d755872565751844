"""A folder of pictures: each is read once, then moved to done or failed."""

import base64
import threading
import time
from gettext import gettext as _
from pathlib import Path
from typing import Any, Final

from gateway.protocols.pictures import DropFolderOptions
from gateway.protocols.reads import CodeRead, DevicePhase, DeviceState, Read
from gateway.sources.base import Emit, Report, SourceLost, Surroundings
from gateway.sources.picture_folder import PictureFolder
from gateway.sources.picture_process import START_SECONDS, PictureProcess, ProcessStuck
from gateway.vision.evidence import Retention
from gateway.wake import Waker

#: How long the codes of one picture may take to reach the disk; the outbox commits within milliseconds.
STORE_SECONDS: Final = 10.0
PRUNE_SECONDS: Final = 60.0


class DropFolderSource:
    """Reads codes from picture files; see sources.base.Source for the contract."""

    def __init__(self, name: str, options: DropFolderOptions) -> None:
        self.name = name
        self._options = options
        self._folder = PictureFolder(Path(options.folder), options.stable_ms / 1000)
        self._retention = Retention(options.keep_days * 86_400, options.keep_bytes)
        self._waker = Waker()
        self._answers = threading.Condition()
        self._delivery = 0
        self._unanswered = self._refused = 0
        self._pruned_at = float("-inf")
        self._counts = {"pictures": 0, "reads": 0, "failed": 0, "repeated": 0, "restarts": 0}

    def run(self, emit: Emit, stop: threading.Event, state: Report) -> None:
        """Watch the folder until `stop`; raises SourceLost when it goes away or the worker cannot start."""
        state(DeviceState(DevicePhase.CONNECTING))
        try:
            self._folder.open()
            while not stop.is_set():
                self._work(emit, stop, state)
        except OSError as error:
            sentence = _("The folder {folder} cannot be used: {error}.")
            raise SourceLost(sentence.format(folder=self._options.folder, error=error.strerror)) from error
        state(DeviceState(DevicePhase.STOPPED))

    def _work(self, emit: Emit, stop: threading.Event, state: Report) -> None:
        """One life of a process."""
        settings = {name: getattr(self._options, name) for name in ("formats", "region", "max_pixels")}
        with PictureProcess("pictures", settings, self._waker) as process:
            try:
                line = process.hear(START_SECONDS)
            except ProcessStuck as error:
                raise SourceLost(str(error)) from error
            if line is None:
                return
            state(DeviceState(DevicePhase.READY))
            sound = True
            while sound and not stop.is_set():
                for path in self._folder.whole():
                    sound = sound and not stop.is_set() and self._take(path, process, emit)
                self._prune()
                if sound:
                    stop.wait(self._options.poll_ms / 1000)

    def _take(self, path: Path, process: PictureProcess, emit: Emit) -> bool:
        """Read one picture and put it away; False when the worker had to be ended."""
        try:
            digest = self._folder.digest(path)
        except FileNotFoundError:
            # Whoever put it there has taken it away again.
            return True
        if self._folder.was_read(digest):
            self._counts["repeated"] += 1
            self._folder.put_away(path, "done", {"note": _("This very picture was read before.")}, digest)
            return True
        answer = self._ask(path, process)
        self._counts["pictures"] += 1
        found = [base64.b64decode(each["raw"]) for each in answer.get("found", ())]
        if not found:
            self._counts["failed"] += 1
            reason = answer.get("error") or _("No code was found in the picture.")
            self._folder.put_away(path, "failed", {"error": reason}, digest)
        elif self._store(found, path, emit):
            self._folder.remember(digest)
            codes = [raw.decode("utf-8", "replace") for raw in found]
            self._folder.put_away(path, "done", {"codes": codes}, digest)
        return "ended" not in answer

    def _ask(self, path: Path, process: PictureProcess) -> dict[str, Any]:
        """The worker's answer; a picture that it hangs on or dies of is answered by that."""
        until = time.monotonic() + self._options.patience_s
        try:
            process.ask({"path": str(path.absolute())})
            while (answer := process.hear(max(0.0, until - time.monotonic()))) is None:
                # A wake is for `stop`; the picture in hand is finished first, within its patience.
                continue
        except ProcessStuck:
            self._counts["restarts"] += 1
            sentence = _("The picture was not read within {seconds:g} s, or it ended the process that reads pictures.")
            return {"error": sentence.format(seconds=self._options.patience_s), "ended": True}
        return answer

    def _store(self, found: list[bytes], path: Path, emit: Emit) -> bool:
        """Emit the codes and wait until the disk has them; False leaves the file where it is, to be read again."""
        with self._answers:
            self._delivery += 1
            self._unanswered, self._refused = len(found), 0
        for raw in found:
            self._counts["reads"] += 1
            emit(CodeRead(self.name, raw, delivery=self._delivery, picture=path.name))
        with self._answers:
            answered = self._answers.wait_for(lambda: self._unanswered == 0, STORE_SECONDS)
            return answered and self._refused == 0

    def _answer(self, read: Read, *, refused: int) -> None:
        with self._answers:
            if read.delivery == self._delivery:
                self._unanswered -= 1
                self._refused += refused
                self._answers.notify()

    def _prune(self) -> None:
        if time.monotonic() - self._pruned_at >= PRUNE_SECONDS:
            self._pruned_at = time.monotonic()
            self._folder.prune(self._retention)

    def feedback(self, signal: str) -> None:
        """A folder has nothing to show a verdict with."""

    def acknowledge(self, read: Read) -> None:
        """Count one more code of the picture as stored."""
        self._answer(read, refused=0)

    def refuse(self, read: Read) -> None:
        """The outbox had no room: the picture stays, and is read again."""
        self._answer(read, refused=1)

    def cancel(self) -> None:
        """Let run() look at `stop` now."""
        self._waker.wake()

    def counters(self) -> dict[str, int]:
        """pictures, reads, failed, repeated and restarts since the start."""
        return dict(self._counts)


def make(name: str, options: DropFolderOptions, _around: Surroundings) -> DropFolderSource:
    """The source of one device."""
    return DropFolderSource(name, options)
