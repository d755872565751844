"""`orderlight-sim scenario`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulators.cli import Commands
    from simulators.scenario.plan import Scenario

FOLDER: Final = Path(__file__).with_name("examples")
EXAMPLES: Final = """examples:
  orderlight-sim scenario list
  orderlight-sim scenario check my-line.yaml
  orderlight-sim scenario run my-line.yaml --fast --record traffic
      at once, against the gateway's own drivers in memory; the traffic of each device in traffic/
  orderlight-sim scenario run my-line.yaml --speed 10
      on the ports, topics and addresses of the file, for a gateway that runs"""


def add_scenario(commands: "Commands") -> None:
    """The commands with their help."""
    scenario = commands.add_parser(
        "scenario",
        help="what befalls a set of devices, from a YAML file",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    acts = scenario.add_subparsers(required=True, metavar="ACT")
    run = acts.add_parser("run", help="play it, and compare the counts")
    run.add_argument("file", help="the YAML file, or the name of one that comes along")
    pace = run.add_mutually_exclusive_group()
    pace.add_argument("--speed", type=float, default=1.0, help="scenario seconds for each real one (1)")
    pace.add_argument("--fast", action="store_true", help="wait for nothing: in memory, on a clock of its own")
    run.add_argument("--seed", type=int, help="instead of the file's; equal seeds give equal traffic with --fast")
    run.add_argument("--record", type=Path, metavar="DIR", help="write the traffic of each device there")
    run.add_argument("--quiet", action="store_true", help="tell the counts alone")
    run.set_defaults(command=_run)
    check = acts.add_parser("check", help="tell every mistake with its line")
    check.add_argument("file", help="the YAML file, or the name of one that comes along")
    check.set_defaults(command=_check)
    listed = acts.add_parser("list", help="the scenarios that come along")
    listed.set_defaults(command=_list)


def _run(arguments: argparse.Namespace) -> int:
    import dataclasses

    from simulators.scenario.run import run_scenario

    if arguments.speed <= 0:
        raise ValueError(f"--speed: expected more than 0, got {arguments.speed}.")
    scenario = _read(arguments.file)
    if arguments.seed is not None:
        scenario = dataclasses.replace(scenario, seed=arguments.seed)
    speed = None if arguments.fast else arguments.speed
    outcome = run_scenario(
        scenario, speed=speed, folder=arguments.record, say=(lambda _text: None) if arguments.quiet else _say
    )
    _say("\n".join(outcome.lines()))
    return 1 if outcome.failures else 0


def _check(arguments: argparse.Namespace) -> int:
    from simulators.scenario.run import check_faults

    scenario = _read(arguments.file)
    check_faults(scenario)
    last = scenario.steps[-1].at
    _say(f"{scenario.name}: {len(scenario.devices)} devices, {len(scenario.steps)} steps in {last:g} s. It is sound.")
    return 0


def _list(_arguments: argparse.Namespace) -> int:
    for path in sorted(FOLDER.glob("*.yaml")):
        _say(f"{path.stem:<14} {_read(path.stem).name}\n               {path}")
    return 0


def _read(file: str) -> "Scenario":
    try:
        from simulators.scenario.plan import read_scenario
    except ModuleNotFoundError as error:
        raise ValueError(f"Scenarios need PyYAML: pip install 'orderlight[simulators]' ({error}).") from error

    path, shipped = Path(file), FOLDER / f"{file}.yaml"
    if path.exists() or not shipped.exists():
        shipped = path
    try:
        return read_scenario(shipped)
    except FileNotFoundError as error:
        known = ", ".join(sorted(each.stem for each in FOLDER.glob("*.yaml")))
        raise ValueError(f"There is no file {file}; those that come along are {known}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is no UTF-8 text: {error.reason} at byte {error.start}.") from error


def _say(text: str) -> None:
    print(text, flush=True)
