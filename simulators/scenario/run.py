"""One loop for all clocks: steps at their times, and a round of every device in between."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.vision import missing
from simulators.faults import FaultRefused
from simulators.recording.format import Recorder
from simulators.scenario.actors import Actor, make_actors
from simulators.scenario.clock import Clock
from simulators.scenario.document import ScenarioFault
from simulators.scenario.plan import Scenario, Step

Say = Callable[[str], None]
#: What was sent last may still lie in the gateway's buffer, which goes with the port.
_LINGER: Final = 1.0


@dataclass(slots=True)
class Outcome:
    """How a run went."""

    #: Counts that were not as the scenario says, a sentence each.
    failures: list[str] = field(default_factory=list)
    #: Of every device what its driver counted.
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    #: Codes that were shown while nobody was there to take them, by device.
    unsent: dict[str, int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """As a person reads it."""
        told = []
        for name, counts in self.counts.items():
            found = {**counts, "unsent": self.unsent[name]}
            words = ", ".join(f"{count} {what}" for what, count in found.items() if count)
            told.append(f"{name}: {words or 'nothing'}")
        return told + self.failures


def check_faults(scenario: Scenario) -> None:
    """Raise ScenarioFault where a device is to have a fault that it cannot have, or cannot be simulated here."""
    if any(device.kind == "camera" for device in scenario.devices) and (absent := missing()):
        raise ScenarioFault(f"{scenario.name}: a camera is simulated with what the gateway reads it with. {absent}")
    actors = make_actors(scenario, Clock(scenario.start, None), live=False)
    mistakes = []
    for step in scenario.steps:
        if step.act == "fault" and step.fault is not None:
            try:
                actors[step.device].faults.expect(step.fault)
            except FaultRefused as refused:
                mistakes.append(f"{step.where}: {step.device} cannot have {refused}")
    if mistakes:
        raise ScenarioFault("\n".join(dict.fromkeys(mistakes)))


def run_scenario(
    scenario: Scenario, *, speed: float | None = 1.0, folder: Path | None = None, say: Say = lambda _text: None
) -> Outcome:
    """Play it: live at `speed` (scenario seconds for each real one), or in memory at once where it is None.

    In `folder` the traffic of each device is recorded. Without a speed, equal seeds record equal bytes.
    """
    check_faults(scenario)
    clock = Clock(scenario.start, speed)
    actors = make_actors(scenario, clock, live=speed is not None)
    outcome = Outcome()
    with ExitStack() as stack:
        for actor in actors.values():
            stack.callback(actor.unplug)
            if folder is not None:
                actor.recorder = stack.enter_context(_recorder(folder, actor, scenario, clock))
        _play(scenario, actors, clock, outcome, say)
        if speed is not None:
            time.sleep(_LINGER)
    outcome.counts = {name: actor.tally.as_counts() for name, actor in actors.items()}
    outcome.unsent = {name: actor.unsent for name, actor in actors.items()}
    return outcome


def _recorder(folder: Path, actor: Actor, scenario: Scenario, clock: Clock) -> Recorder:
    folder.mkdir(parents=True, exist_ok=True)
    head = {"scenario": scenario.name, "name": actor.device.name, "seed": str(scenario.seed)}
    return Recorder(folder / f"{actor.device.name}.rec", actor.medium, clock=clock.now, head=head)


def _play(scenario: Scenario, actors: dict[str, Actor], clock: Clock, outcome: Outcome, say: Say) -> None:
    rounds = 0
    for step in scenario.steps:
        while rounds * scenario.round_seconds < step.at:
            clock.advance(rounds * scenario.round_seconds)
            for actor in actors.values():
                actor.turn()
            rounds += 1
        clock.advance(step.at)
        _do(step, actors[step.device], outcome, say)


def _do(step: Step, actor: Actor, outcome: Outcome, say: Say) -> None:
    say(f"{step.at:10.3f}  {step.device}: {_words(step)}")
    if step.act == "plug":
        actor.plug()
    elif step.act == "unplug":
        actor.unplug()
    elif step.act == "scan":
        actor.scan(step.code)
    elif step.act == "enter":
        actor.enter(step.code, step.antenna)
    elif step.act == "leave":
        actor.field.leave(step.code)
    elif step.act == "fault" and step.fault is not None:
        actor.faults.begin(step.fault, step.chance)
    elif step.act == "heal" and step.fault is not None:
        actor.faults.end(step.fault)
    elif step.act == "assert-counts":
        _compare(step, actor, outcome, say)


def _words(step: Step) -> str:
    chance = f" {step.chance:g}" if step.act == "fault" and step.chance != 1 else ""
    return f"{step.act} {step.code or step.fault or ''}{chance}".rstrip().replace("\x1d", "{GS}")


def _compare(step: Step, actor: Actor, outcome: Outcome, say: Say) -> None:
    counted = actor.tally.as_counts()
    for what, expected in step.counts.items():
        if counted[what] != expected:
            failure = f"{step.where}: {step.device}: expected {expected} {what}, got {counted[what]}."
            outcome.failures.append(failure)
            say(failure)
