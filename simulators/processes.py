"""Child processes that never outlive us: started in their own group, with a log each, stopped in reverse order."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_TETHER = Path(__file__).with_name("tether.py")
_STOP_SECONDS = 10.0
_TAIL_BYTES = 8192


class ChildEnded(Exception):
    """A child ended that should have gone on; the message has its last lines."""


@dataclass(frozen=True, slots=True)
class Child:
    """One running program and its log."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def tail(self, lines: int = 12) -> str:
        """The last lines it wrote."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - _TAIL_BYTES))
            text = log.read().decode("utf-8", "replace")
        return "\n".join(text.splitlines()[-lines:])

    def check(self) -> None:
        """Raise ChildEnded when it is no longer running."""
        code = self.process.poll()
        if code is not None:
            how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
            raise ChildEnded(f"{self.name} {how}. Its log, {self.log}, ends with:\n{self.tail()}")


def program(name: str) -> str:
    """The path of one of our own programs, beside the running Python; else its bare name for PATH."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else name


def tethered(command: Sequence[str], *, account: str | None = None) -> list[str]:
    """The command that runs `command`, as `account` where one is given, and ends it when this very thread ends."""
    return [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), account or "-", *command]


class Children:
    """All children of this run. Start them from the main thread: the tether is tied to the thread that starts one."""

    def __init__(self, logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> Child:
        """Run a program; `env` is added to our own environment."""
        path = self._logs / f"{name}.log"
        with path.open("ab") as log:
            process = subprocess.Popen(
                tethered(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        child = Child(name, process, path)
        self._children.append(child)
        return child

    def running(self) -> tuple[Child, ...]:
        """Those that were started and not ended by us, the first one first."""
        return tuple(self._children)

    def check(self) -> None:
        """Raise ChildEnded when any of them is no longer running."""
        for child in self._children:
            child.check()

    def wait_until(self, ready: Callable[[], bool], what: str, *, seconds: float = 30.0) -> None:
        """Return once `ready()`; raises ChildEnded when a child ends before, TimeoutError when time runs out."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} was not ready within {seconds:.0f} s. Look into {self._logs}.")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop all, the last one first: politely, and after ten seconds by force."""
        while self._children:
            stop(self._children.pop().process)

    def end(self, child: Child, *, by_force: bool = False) -> None:
        """Stop one, or kill it at once; it is watched no more."""
        self._children.remove(child)
        if by_force:
            kill(child.process)
        else:
            stop(child.process)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop one process and whatever it started."""
    _signal_group(process, signal.SIGTERM)
    try:
        process.wait(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        _signal_group(process, signal.SIGKILL)
        process.wait()


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End one process and whatever it started at once, as a power cut does."""
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    # The group is gone when the last of its processes is; there is nothing left to stop then.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
