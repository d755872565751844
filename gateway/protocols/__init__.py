"""What each kind of device says, as pure machines: bytes in, reads out. One registry of drivers, as data."""

import dataclasses
from collections.abc import Mapping
from functools import cache
from gettext import gettext as _
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from gateway.protocols.catalogue import Catalogue
from gateway.protocols.driver import Driver, Feed, Machine
from gateway.protocols.options import OptionsError, describe_options, paths_of, toml

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "DRIVERS",
    "ENTRY_POINTS",
    "Driver",
    "Feed",
    "Machine",
    "Options",
    "OptionsError",
    "describe",
    "driver_of",
    "find_driver",
    "known_drivers",
    "parse_options",
]

#: An installed package adds a driver under this group; see docs/howto/drivers.md.
ENTRY_POINTS: Final = "orderlight.drivers"
#: A frozen dataclass of the driver's own; see protocols.options.
Options = Any

#: The drivers that come with the gateway.
DRIVERS: Final = Catalogue()


def find_driver(name: str) -> Driver | None:
    """The driver of this name; what is installed beside the gateway is looked at only for a name that is not ours."""
    return DRIVERS.get(name) or known_drivers().get(name)


@cache
def known_drivers() -> Mapping[str, Driver]:
    """Our drivers and those of installed packages; OptionsError names a package that does not give one.

    A package cannot take the place of one of our drivers.
    """
    # A gateway of our own drivers does without it: it takes a megabyte.
    from importlib.metadata import entry_points

    found = {point.name: _load(point) for point in entry_points(group=ENTRY_POINTS) if point.name not in DRIVERS}
    return MappingProxyType({**DRIVERS, **found})


def _load(point: "EntryPoint") -> Driver:
    try:
        driver = point.load()
    except (ImportError, AttributeError) as error:
        sentence = _("driver: {name} from {value} cannot be loaded: {error}. Install its package anew, or remove it.")
        raise OptionsError([sentence.format(name=point.name, value=point.value, error=error)]) from error
    if not isinstance(driver, Driver) or driver.name != point.name:
        sentence = _("driver: {name} from {value}: expected a Driver of that name, got {got}.")
        raise OptionsError([sentence.format(name=point.name, value=point.value, got=driver)])
    return driver


def driver_of(options: Options) -> Driver:
    """The driver whose options these are."""
    # Options that a gateway has parsed are those of a driver that it has loaded.
    found = _of(DRIVERS.loaded, options) or _of(DRIVERS, options) or _of(known_drivers(), options)
    if found is not None:
        return found
    raise TypeError(f"Failed to find a driver for {options!r}: expected the options of one.")


def _of(drivers: Mapping[str, Driver], options: Options) -> Driver | None:
    return next((driver for driver in drivers.values() if driver.options is type(options)), None)


def parse_options(driver: str, table: Mapping[str, object], folder: Path = Path()) -> Options:
    """The driver's options from its [[device]] table; relative paths start at `folder`.

    Raises OptionsError with every mistake.
    """
    found = find_driver(driver)
    if found is None:
        known = ", ".join(known_drivers())
        raise OptionsError([_("driver: expected one of {known}, got {got}.").format(known=known, got=toml(driver))])
    options = found.options.parse(table)
    paths = {name: str(folder / path) for name, path in paths_of(options).items()}
    return dataclasses.replace(options, **paths) if paths else options


def describe() -> list[dict[str, object]]:
    """Every driver with its options and limitations as plain data, for `drivers --json` and the reference."""
    return [
        {
            "driver": driver.name,
            "summary": driver.summary,
            "reads": list(driver.reads),
            "options": describe_options(driver.options),
            "limitations": list(driver.limitations),
        }
        for driver in known_drivers().values()
    ]
