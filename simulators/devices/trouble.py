"""Faults by hand: the options of `orderlight-sim device`, and what is typed while it runs."""

import argparse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from simulators.devices.device import BOOT_SECONDS
from simulators.faults import MEANINGS, Fault, FaultRefused, Faults, parse_fault

HELP: Final = "/fault KIND [CHANCE] begins a fault, /end KIND ends it, /faults lists them, /reboot [SECONDS]"

EXAMPLES: Final = """examples:
  orderlight-sim device scanner ports/scanner-1
      a port for gateway.toml; what you type is scanned
  orderlight-sim device r200 ports/gate-1 --fault noise=0.2 --fault half-frame=0.1 --seed 7
      a UHF module on a bad cable; type an EPC, /faults or /fault wrong-baud
  orderlight-sim device llrp --listen 5084 --antennas 2"""


class Fallible(Protocol):
    """A device that can fail."""

    @property
    def faults(self) -> Faults:
        """What is going wrong with it."""

    def reboot(self, seconds: float = BOOT_SECONDS) -> None:
        """Be away for so long."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong from the start, and the seed by which it does."""

    seed: int = 1
    faults: tuple[tuple[Fault, float], ...] = ()

    def befall(self, device: Fallible) -> None:
        """Begin all of it; raises FaultRefused."""
        for fault, chance in self.faults:
            device.faults.begin(fault, chance)


NO_TROUBLE: Final = Trouble()


def add_trouble(parser: argparse.ArgumentParser) -> None:
    """The options that every device has."""
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND[=CHANCE]",
        help=f"what goes wrong from the start, such as noise=0.2; may be given again. Kinds: {', '.join(Fault)}",
    )
    parser.add_argument("--seed", type=int, default=1, help="equal seeds fail alike (1)")


def trouble_of(arguments: argparse.Namespace) -> Trouble:
    """What was asked for; raises FaultRefused."""
    return Trouble(arguments.seed, tuple(parse_fault(text) for text in arguments.fault))


def obeying(device: Fallible, lines: Iterable[str], say: Callable[[str], None]) -> Iterator[str]:
    """The lines that are none of the commands above; those are done."""
    for line in lines:
        word, *rest = line.split() or [""]
        try:
            if word == "/faults":
                say(_list(device.faults))
            elif word == "/reboot":
                seconds = float(rest[0]) if rest else BOOT_SECONDS
                device.reboot(seconds)
                say(f"rebooted, after {seconds:g} s away")
            elif word in ("/fault", "/end"):
                say(_change(device, word, rest))
            else:
                yield line
        except ValueError as error:
            say(str(error))


def _change(device: Fallible, word: str, rest: list[str]) -> str:
    if not rest:
        raise FaultRefused(f"Name a fault: {', '.join(device.faults.possible())}.")
    fault, chance = parse_fault("=".join(rest))
    if word == "/end":
        device.faults.end(fault)
        return f"ended: {fault}"
    if fault is Fault.REBOOT:
        device.reboot()
        return "rebooted"
    device.faults.begin(fault, chance)
    return f"begun: {fault}" + (f", chance {chance:g}" if chance != 1 else "")


def _list(faults: Faults) -> str:
    active = faults.active()
    lines = [
        f"  {fault:<11} {MEANINGS[fault]}" + (f" (on, chance {active[fault]:g})" if fault in active else "")
        for fault in faults.possible()
    ]
    return "\n".join(["This device can have:", *lines])
