"""The drivers that come with the gateway, as data: a module for each, imported when it is asked for.

A gateway holds the machines of the readers it has; those of all others would take two megabytes, and OpenSSL four more.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final, cast

from gateway.protocols.driver import Driver

#: In the order in which they are listed.
NAMES: Final = (
    "serial_line",
    "tcp_line",
    "r200",
    "llrp",
    "chafon",
    "zebra_ssi",
    "hid",
    "mqtt",
    "http_push",
    "camera",
    "drop_folder",
)


class Catalogue(Mapping[str, Driver]):
    """Our drivers by name."""

    def __init__(self) -> None:
        #: Those that were asked for.
        self.loaded: dict[str, Driver] = {}

    def __getitem__(self, name: str) -> Driver:
        if name not in self.loaded:
            if name not in NAMES:
                raise KeyError(name)
            self.loaded[name] = cast(Driver, import_module(f"{__name__}.{name}").DRIVER)
        return self.loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)
