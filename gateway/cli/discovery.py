"""What is plugged in: serial ports and keyboards, each under the name that gateway.toml should use."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from gettext import gettext as _
from pathlib import Path

#: Serial ports that mean a device; the many ttyS of a board without a plug do not.
_PORTS = ("ttyUSB*", "ttyACM*", "ttyAMA*")


@dataclass(frozen=True, slots=True)
class Found:
    """One device: `path` is the name to write down, `drivers` those that could read it.

    `twins` tells how many others give the same vendor, product and serial number.
    """

    path: str
    port: str
    by_id: str | None
    by_path: str | None
    vendor: str | None
    product: str | None
    serial: str | None
    words: str | None
    drivers: tuple[str, ...]
    twins: int = 0


def discover(root: Path = Path("/")) -> list[Found]:
    """Every serial port and every keyboard-like device below `root`'s dev and sys folders, nothing opened."""
    ports = sorted({port for pattern in _PORTS for port in (root / "dev").glob(pattern)})
    serial = [_found(root, port, "serial", "tty", _SERIAL_DRIVERS) for port in ports]
    # Of the input devices only those that type are of use; udev marks them by their names.
    typing = {link.resolve() for kind in ("by-id", "by-path") for link in (root / "dev/input" / kind).glob("*-kbd")}
    inputs = [_found(root, port, "input", "input", ("hid",)) for port in sorted(typing) if port.exists()]
    return [*_named(serial), *_named(inputs)]


_SERIAL_DRIVERS = ("serial_line", "zebra_ssi", "r200", "chafon")


def _found(root: Path, port: Path, folder: str, kind: str, drivers: tuple[str, ...]) -> Found:
    usb = _usb(root / "sys/class" / kind / port.name / "device")
    by_id, by_path = (_link(root, folder, way, port) for way in ("by-id", "by-path"))
    path = by_id or by_path or _outside(root, port)
    ids = [_text(usb / name) if usb else None for name in ("idVendor", "idProduct", "serial", "product")]
    return Found(path, _outside(root, port), by_id, by_path, ids[0], ids[1], ids[2], ids[3], drivers)


def _usb(device: Path) -> Path | None:
    """The USB device that a port belongs to, some folders above it."""
    if not device.exists():
        return None
    at = device.resolve()
    return next((folder for folder in (at, *at.parents) if (folder / "idVendor").exists()), None)


def _link(root: Path, folder: str, way: str, port: Path) -> str | None:
    links = sorted((root / "dev" / folder / way).glob("*"))
    return next((_outside(root, link) for link in links if link.resolve() == port.resolve()), None)


def _outside(root: Path, path: Path) -> str:
    return "/" + str(path.relative_to(root))


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        # Many cheap devices have no serial number.
        return None


def _named(found: Sequence[Found]) -> list[Found]:
    """Two devices that say the same of themselves share one name by id: only their plugs tell them apart."""
    counts = Counter(_identity(each) for each in found)
    return [_by_plug(each, counts[_identity(each)] - 1) for each in found]


def _identity(each: Found) -> tuple[str | None, ...]:
    # A device that says nothing of itself is nobody's twin.
    return (each.vendor, each.product, each.serial) if each.vendor else (each.port,)


def _by_plug(each: Found, twins: int) -> Found:
    if not twins:
        return each
    return Found(
        each.by_path or each.port, each.port, each.by_id, each.by_path, each.vendor, each.product, each.serial,
        each.words, each.drivers, twins,
    )  # fmt: skip


def describe(found: Sequence[Found]) -> str:
    """The same for a person: what it is, and the line for gateway.toml."""
    if not found:
        return _("No serial port and no scanner that types was found. Is it plugged in, and seen by `dmesg`?")
    return "\n".join(_line(each) for each in found)


def _line(each: Found) -> str:
    who = each.words or _("a device that gives no name")
    line = f'{who} ({each.port}; {", ".join(each.drivers)})\n  port = "{each.path}"'
    if each.twins:
        line += "\n  " + _(
            "{count} more give the same name and number, so this one is named by its plug: keep it in that plug."
        ).format(count=each.twins)
    return line
