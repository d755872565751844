"""The words of a scenario: what kinds of devices there are, what befalls them, and what each may be shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from simulators.devices.keyboard import typed

#: Of each kind of device: the keys of which exactly one says where it stands, and further keys.
KINDS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = MappingProxyType(
    {
        "scanner": (("port", "listen", "connect"), ("suffix",)),
        "zebra-ssi": (("port",), ()),
        "keyboard": (("pipe",), ()),
        "camera": (("listen",), ("symbology",)),
        "r200": (("port",), ()),
        "chafon": (("port", "listen"), ("antennas",)),
        "llrp": (("listen",), ("antennas",)),
        "r700": (("topic",), ("broker", "antennas")),
        "poster": (("http_port",), ("path", "token_file", "antennas")),
    }
)
SHOWS_CODES: Final = ("scanner", "zebra-ssi", "keyboard", "camera")
#: What a camera's labels may be printed as.
SYMBOLOGIES: Final = ("Code128", "Code39", "EAN13", "QRCode", "DataMatrix")
COUNTS: Final = ("codes", "tags", "reads", "faults")
#: Each step with the keys that it needs and may have. plug and unplug take the device's name alone.
STEPS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = MappingProxyType(
    {
        "plug": ((), ()),
        "unplug": ((), ()),
        "scan": (("device", "code"), ()),
        "enter": (("device", "tag"), ("antenna", "for")),
        "leave": (("device", "tag"), ()),
        "fault": (("device", "kind"), ("chance", "for")),
        "heal": (("device", "kind"), ()),
        "reboot": (("device",), ("seconds",)),
        "repeat": (("times", "every", "steps"), ()),
        "assert-counts": (("device",), COUNTS),
    }
)


@dataclass(frozen=True, slots=True)
class Device:
    """One device and where it stands."""

    name: str
    kind: str
    table: Mapping[str, str]
    antennas: int = 1


def cannot_show(device: Device, code: str) -> str | None:
    """Why this device can be shown no such code; None where it can."""
    try:
        if device.kind == "keyboard":
            typed(code)
        if device.kind == "camera":
            code.encode("ascii")
    except UnicodeEncodeError:
        return f"a label of {device.name} holds ASCII, got {code!r}."
    except ValueError as error:
        return str(error)
    return None
