"""Where reads come from: one source per device, each run by a thread of its own."""

from importlib import import_module
from pathlib import Path
from typing import cast

from gateway.protocols import Options, driver_of
from gateway.sources.base import Emit, Refuses, Report, Source, SourceLost, Surroundings

__all__ = ["Emit", "Refuses", "Report", "Source", "SourceLost", "Surroundings", "make_source"]


def make_source(name: str, options: Options, *, gateway: str, evidence: Path = Path("evidence")) -> Source:
    """The source for a device's options; the gateway's name makes its name at a broker unique.

    Cameras keep their pictures in a folder of their own under `evidence`.
    """
    # Each driver's library is imported when a device needs it: a gateway of scanners alone starts without MQTT.
    module, _colon, function = driver_of(options).source.partition(":")
    make = getattr(import_module(module), function)
    return cast(Source, make(name, options, Surroundings(gateway, evidence)))
