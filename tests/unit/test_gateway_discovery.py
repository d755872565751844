"""What is plugged in, told from a made-up /dev and /sys."""

from pathlib import Path

import pytest

from gateway.cli.discovery import describe, discover


class Machine:
    """A folder that looks like the root of a small computer."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def plug(self, port: str, plug: str, *, kind: str = "tty", serial: str | None = None, typing: bool = False) -> None:
        node = self.root / "dev" / ("input" if kind == "input" else "") / port
        usb = self.root / "sys/devices/usb1" / plug
        (usb / "1.0" / port).mkdir(parents=True)
        for name, text in {"idVendor": "05f9", "idProduct": "4204", "product": "Gryphon", "serial": serial}.items():
            if text is not None:
                (usb / name).write_text(f"{text}\n")
        node.parent.mkdir(parents=True, exist_ok=True)
        node.touch()
        entry = self.root / "sys/class" / kind / port
        entry.mkdir(parents=True)
        (entry / "device").symlink_to(usb / "1.0")
        end = "-event-kbd" if typing else "-if00"
        folder = self.root / "dev" / ("input" if kind == "input" else "serial")
        for way, name in (("by-id", f"usb-Gryphon_{serial or 'x'}{end}"), ("by-path", f"usb-{plug}{end}")):
            (folder / way).mkdir(parents=True, exist_ok=True)
            link = folder / way / name
            # Of two equal devices the later one takes the name by id, as udev does it.
            link.unlink(missing_ok=True)
            link.symlink_to(node)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_scanner_is_named_by_what_it_says_of_itself(machine: Machine) -> None:
    machine.plug("ttyACM0", "1-1", serial="S1")

    (found,) = discover(machine.root)

    assert (found.path, found.port) == ("/dev/serial/by-id/usb-Gryphon_S1-if00", "/dev/ttyACM0")
    assert (found.vendor, found.product, found.serial, found.words) == ("05f9", "4204", "S1", "Gryphon")
    assert "serial_line" in found.drivers


def test_two_that_say_the_same_are_named_by_their_plugs(machine: Machine) -> None:
    machine.plug("ttyACM0", "1-1")
    machine.plug("ttyACM1", "1-2")

    found = discover(machine.root)

    assert [each.path for each in found] == ["/dev/serial/by-path/usb-1-1-if00", "/dev/serial/by-path/usb-1-2-if00"]
    assert [each.twins for each in found] == [1, 1]
    assert "keep it in that plug" in describe(found)


def test_two_with_numbers_of_their_own_are_not_twins(machine: Machine) -> None:
    machine.plug("ttyACM0", "1-1", serial="S1")
    machine.plug("ttyACM1", "1-2", serial="S2")

    assert [each.twins for each in discover(machine.root)] == [0, 0]


def test_a_scanner_that_types_is_found_among_the_input_devices(machine: Machine) -> None:
    machine.plug("event3", "1-3", kind="input", typing=True)
    machine.plug("event4", "1-4", kind="input")

    (found,) = discover(machine.root)

    assert (found.drivers, found.path) == (("hid",), "/dev/input/by-id/usb-Gryphon_x-event-kbd")


def test_a_port_of_the_board_has_its_own_name(machine: Machine) -> None:
    (machine.root / "dev").mkdir()
    (machine.root / "dev/ttyAMA0").touch()

    (found,) = discover(machine.root)

    assert (found.path, found.vendor, found.twins) == ("/dev/ttyAMA0", None, 0)


def test_nothing_plugged_in_is_said_in_words(machine: Machine) -> None:
    assert discover(machine.root) == []
    assert "plugged in" in describe([])
