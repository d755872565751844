"""`orderlight-sim day`: the crew at work on a server that runs elsewhere, with a gateway of its own where wanted."""

import contextlib
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.bell import Bell
from simulators.api import Api, ApiFault, wait_until_ready
from simulators.day.crew import Crew, DayPlan, DayReport
from simulators.day.floor import ApiFloor
from simulators.day.line import Broker, Line
from simulators.processes import Children, program
from simulators.rig import write_secret

_SERVER_SECONDS = 60.0
_RETRY_SECONDS = 5.0
_STATUS_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOptions:
    """What the command line said."""

    server: str
    key: str
    gateway: str
    #: Without it no gateway is started.
    gateway_key: str | None
    #: The folder of ports and gateway files; None where everything is wireless.
    data: Path | None
    broker: Broker | None
    speed: float
    seed: int
    minutes: float | None
    mistakes: float


def run_day(options: DayOptions, say: Callable[[str], None]) -> int:
    """Work until the minutes are over or a signal comes; the exit code. Must be called in the main thread."""
    stop = Bell()
    stop.hear(signal.SIGINT, signal.SIGTERM)
    api = Api(options.server, options.key)
    if not wait_until_ready(api, _SERVER_SECONDS):
        say(f"{options.server} was not ready within {_SERVER_SECONDS:.0f} s.")
        return 1
    posts = ApiFloor(api).posts()
    if not posts:
        say("The server has no read points yet, so there is nowhere to work. Make stations first.")
        return 1
    with contextlib.ExitStack() as stack:
        line = Line(posts, folder=options.data and options.data / "ports", broker=options.broker, seed=options.seed)
        stack.callback(line.close)
        say(f"On the line: {line.describe()}.")
        if options.data is not None:
            _offer_gateway(options, line, options.data, stack, say)
        _work(options, line, stop=stop, say=say)
    return 0


def _offer_gateway(
    options: DayOptions, line: Line, folder: Path, stack: contextlib.ExitStack, say: Callable[[str], None]
) -> None:
    """Write gateway.toml; start a gateway with it where its key is at hand, else say how."""
    folder = folder.resolve()
    config, key_file = folder / "gateway.toml", folder / "gateway.key"
    config.write_text(
        line.gateway_toml(name=options.gateway, data_dir=folder / "gateway", url=options.server, key_file=key_file),
        encoding="utf-8",
    )
    if options.gateway_key is None:
        say(f"Put the key of {options.gateway} into {key_file}, then: orderlight-gateway run --config {config}")
        return
    write_secret(key_file, options.gateway_key)
    children = stack.enter_context(Children(folder / "logs"))
    children.start("gateway", [program("orderlight-gateway"), "run", "--config", str(config)])


def _work(options: DayOptions, line: Line, *, stop: Bell, say: Callable[[str], None]) -> None:
    plan = DayPlan(seed=options.seed, speed=options.speed, mistakes=options.mistakes)
    report, until = DayReport(), float("inf") if options.minutes is None else options.minutes
    pause = _Pause(report, stop, say)
    while not stop.rung:
        try:
            floor = ApiFloor(Api(options.server, options.key))
            Crew(floor, line.hands, plan, pause=pause, report=report).work(until=until)
            break
        except ApiFault as fault:
            say(f"The crew pauses: {fault}")
            stop.wait(_RETRY_SECONDS)
    say(report.line())


class _Pause:
    """Waits, and says now and then how the day goes."""

    def __init__(self, report: DayReport, stop: Bell, say: Callable[[str], None]) -> None:
        self._report, self._stop, self._say = report, stop, say
        self._told_at = time.monotonic()

    def __call__(self, seconds: float) -> bool:
        if time.monotonic() - self._told_at > _STATUS_SECONDS:
            self._say(self._report.line())
            self._told_at = time.monotonic()
        return not self._stop.wait(seconds)
