"""A camera that watches for printed codes, by way of a worker process."""

import base64
import threading
import time
from gettext import gettext as _
from pathlib import Path
from typing import Any, Final

from gateway.protocols.pictures import CameraOptions
from gateway.protocols.reads import CodeRead, DevicePhase, DeviceState, Read
from gateway.sources.base import Emit, Report, SourceLost, Surroundings
from gateway.sources.picture_process import START_SECONDS, PictureProcess, ProcessStuck
from gateway.vision.evidence import Retention, prune
from gateway.wake import Waker

#: How often kept pictures are counted while nothing is read.
PRUNE_SECONDS: Final = 60.0


class CameraSource:
    """Reads codes from one camera; `evidence` is the folder of its pictures. See sources.base.Source."""

    def __init__(self, name: str, options: CameraOptions, evidence: Path) -> None:
        self.name = name
        self._options = options
        self._evidence = evidence if options.evidence == "reads" else None
        self._retention = Retention(options.evidence_days * 86_400, options.evidence_bytes)
        self._waker = Waker()
        self._pruned_at = float("-inf")
        self._counts = {"reads": 0, "frames": 0, "dropped": 0, "searched": 0, "restarts": 0}

    def run(self, emit: Emit, stop: threading.Event, state: Report) -> None:
        """Watch until `stop`; raises SourceLost when the camera goes away or says nothing for `patience_s`."""
        state(DeviceState(DevicePhase.CONNECTING))
        if self._evidence is not None:
            self._evidence.mkdir(parents=True, exist_ok=True)
        with PictureProcess("camera", self._settings(), self._waker) as process:
            try:
                self._listen(process, emit, stop, state)
            except ProcessStuck as error:
                self._counts["restarts"] += 1
                sentence = _("The camera {device} sent nothing for {seconds:g} s, or its process ended.")
                raise SourceLost(
                    sentence.format(device=self._options.device, seconds=self._options.patience_s)
                ) from error
        state(DeviceState(DevicePhase.STOPPED))

    def _listen(self, process: PictureProcess, emit: Emit, stop: threading.Event, state: Report) -> None:
        patience, seen = START_SECONDS, {"frames": 0, "dropped": 0, "searched": 0}
        while not stop.is_set():
            line = process.hear(patience)
            if line is None:
                continue
            if "lost" in line:
                raise SourceLost(self._why(line["lost"]))
            if "ready" in line:
                state(DeviceState(DevicePhase.READY))
            patience = self._options.patience_s
            self._count(line, seen)
            for found in line.get("found", ()):
                self._counts["reads"] += 1
                emit(CodeRead(self.name, base64.b64decode(found["raw"]), picture=line.get("picture")))
            self._prune()

    def _count(self, line: dict[str, Any], seen: dict[str, int]) -> None:
        """Each life of the worker counts from zero, ours go on."""
        for name, before in seen.items():
            seen[name] = line.get(name, before)
            self._counts[name] += seen[name] - before

    def _prune(self) -> None:
        if self._evidence is not None and time.monotonic() - self._pruned_at >= PRUNE_SECONDS:
            self._pruned_at = time.monotonic()
            prune(self._evidence, self._retention, time.time())

    def _why(self, lost: str) -> str:
        if lost == "closed":
            return _("The camera {device} cannot be opened. Plug it in, or correct the address.").format(
                device=self._options.device
            )
        return _("The camera {device} sends no more frames.").format(device=self._options.device)

    def _settings(self) -> dict[str, object]:
        options = self._options
        return {
            "device": self._address(),
            "width": options.width,
            "height": options.height,
            "formats": options.formats,
            "region": options.region,
            "frames_per_second": options.frames_per_second,
            "motion_share": options.motion_share,
            "budget_ms": options.budget_ms,
            "evidence": None if self._evidence is None else str(self._evidence),
        }

    def _address(self) -> str:
        if not self._options.password_file:
            return self._options.device
        try:
            password = Path(self._options.password_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            sentence = _("password_file {path} cannot be read: {error}.")
            raise SourceLost(sentence.format(path=self._options.password_file, error=error.strerror)) from error
        return self._options.device.replace("{password}", password)

    def feedback(self, signal: str) -> None:
        """A camera has nothing to show a verdict with."""

    def acknowledge(self, read: Read) -> None:
        """A camera waits for no answer."""

    def refuse(self, read: Read) -> None:
        """A camera waits for no answer; the label is still there to be read again."""

    def cancel(self) -> None:
        """Let run() look at `stop` now."""
        self._waker.wake()

    def counters(self) -> dict[str, int]:
        """reads, frames, dropped, searched and restarts since the start."""
        return dict(self._counts)


def make(name: str, options: CameraOptions, around: Surroundings) -> CameraSource:
    """The source of one device."""
    return CameraSource(name, options, around.evidence / name)
