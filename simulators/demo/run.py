"""`orderlight-sim demo`: from nothing to a living factory, a status line now and then, and a clean end."""

import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from simulators.api import Api, ApiFault
from simulators.day.crew import Crew, DayPlan
from simulators.day.floor import ApiFloor
from simulators.demo.by_hand import ByHand
from simulators.demo.door import HOME, Door
from simulators.demo.factory import Factory, running_factory
from simulators.demo.prepare import Access, prepare
from simulators.demo.screen import STATUS_SECONDS, Figures, Place, read_metrics, welcome
from simulators.processes import ChildEnded
from simulators.rig import FIRST_PORT, choose_port

#: Simulated seconds for each real one: some 40 reads a minute, slow enough for eyes.
SPEED = 40.0
_RETRY_SECONDS = 5.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What the command line said."""

    data: Path | None = None
    port: int = FIRST_PORT
    speed: float = SPEED
    seed: int = 7
    #: Seconds after which the demo ends by itself; None goes on until Ctrl+C.
    seconds: float | None = None
    crew: bool = True


class _Stopped(Exception):
    """SIGINT or SIGTERM came."""


def run_demo(options: DemoOptions, say: Say) -> int:
    """Run the demo until it is told to stop; the exit code. Must be called in the main thread."""
    _stop_on_signals()
    started = time.monotonic()
    folder = (options.data or _fresh_folder()).resolve()
    try:
        if (folder / "orderlight.db").exists():
            say(f"{folder} holds a database already. Name another folder with --data, or leave it out.")
            return 1
        port = choose_port(options.port)
        if port != options.port:
            say(f"Port {options.port} is taken; the demo uses {port}.")
        say("Making the demo factory...")
        folder.mkdir(parents=True, exist_ok=True)
        access = prepare(f"sqlite:///{folder / 'orderlight.db'}")
        with running_factory(folder, access, port=port, seed=options.seed) as factory:
            option = f"--data {shlex.quote(_shown(folder))} " if options.data else ""
            place = Place(
                factory.rig.url, _shown(folder), factory.line.describe(), factory.page_url, factory.note, option
            )
            say(welcome(access, place, version=version("orderlight")))
            say(f"Ready after {time.monotonic() - started:.1f} s.")
            _Shift(factory, access, options, say).run()
    except _Stopped:
        say("Stopped.")
    except (ChildEnded, TimeoutError, ApiFault, OSError) as error:
        say(f"The demo ended: {error}")
        return 1
    return 0


class _Shift:
    """The running demo: the crew in a thread, the door in another, this thread watches."""

    def __init__(self, factory: Factory, access: Access, options: DemoOptions, say: Say) -> None:
        self._factory, self._access, self._options, self._say = factory, access, options, say
        self._stop = threading.Event()
        by_hand = ByHand(Api(factory.rig.url, access.api_key), factory.line.devices)
        self._door = Door(factory.rig.folder, by_hand.scan)
        self._crew = threading.Thread(target=self._work, name="crew", daemon=True)
        self._watcher = Api(factory.rig.url, access.api_key)

    def run(self) -> None:
        """Watch until it is over; raises ChildEnded when a process dies."""
        self._door.open()
        if self._options.crew:
            self._crew.start()
        try:
            self._watch()
        finally:
            self._stop.set()
            if self._crew.is_alive():
                self._crew.join(timeout=10)
            self._door.close()

    def _watch(self) -> None:
        end = time.monotonic() + (self._options.seconds or float("inf"))
        told = ""
        while time.monotonic() < end:
            self._factory.rig.children.check()
            line = self._figures().line()
            if line != told:
                self._say(line)
                told = line
            time.sleep(min(STATUS_SECONDS, max(0.0, end - time.monotonic())))

    def _figures(self) -> Figures:
        reads = self._factory.rig.gateway_status().get("flow", {}).get("read", 0)
        try:
            return read_metrics(self._watcher.text("/metrics"), reads)
        except ApiFault:
            # The server is restarting or gone; whether it is gone, the children know.
            return Figures(reads, 0, 0, 0, 0)

    def _work(self) -> None:
        """The factory day, taken up again when the server did not answer for a while."""
        plan = DayPlan(seed=self._options.seed, speed=self._options.speed, left_alone=self._access.left_alone)
        while not self._stop.is_set():
            try:
                floor = ApiFloor(Api(self._factory.rig.url, self._access.api_key))
                Crew(floor, self._factory.line.hands, plan, pause=lambda seconds: not self._stop.wait(seconds)).work()
            except ApiFault as fault:
                self._say(f"The crew pauses: {fault}")
                self._stop.wait(_RETRY_SECONDS)


def _fresh_folder() -> Path:
    return HOME / f"{datetime.now().astimezone():%Y%m%d-%H%M%S}"


def _shown(folder: Path) -> str:
    """The folder as seen from here, where that is shorter."""
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)


def say_line(text: str) -> None:
    """Print at once, also where standard output is a file or a pipe."""
    print(text, flush=True)


def _stop_on_signals() -> None:
    def stop(_number: int, _frame: object) -> None:
        # A second signal while everything is being stopped must not stop the stopping.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise _Stopped

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)
