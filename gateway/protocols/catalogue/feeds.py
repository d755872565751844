"""What several drivers make of a recording."""

from gateway.protocols.driver import Feed, Machine
from gateway.protocols.reads import CodeRead


def told(machine: Machine) -> Feed:
    """A recording hears no questions, and all of its moments are one."""
    machine.open(0.0)
    return lambda data: machine.feed(data, 0.0)


def codes(name: str, _options: object) -> Feed:
    """What a camera or a folder hands on is the code itself."""
    return lambda data: [CodeRead(name, data)]
