"""The demo's processes: broker, server, gateway and devices, started in order and stopped in reverse."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from simulators.api import Api
from simulators.day.line import Broker, Line
from simulators.demo.prepare import GATEWAY, Access
from simulators.rig import Rig
from simulators.services import ServiceMissing, free_port, private_mosquitto


@dataclass(frozen=True, slots=True)
class Factory:
    """A running demo."""

    rig: Rig
    line: Line
    #: Why the MQTT reader was left out.
    note: str | None
    #: Where the gateway's own page is.
    page_url: str


@contextmanager
def running_factory(folder: Path, access: Access, *, port: int, seed: int) -> Iterator[Factory]:
    """Start everything and wait until it works; stop it at the end."""
    with contextlib.ExitStack() as stack:
        broker, note = _broker(stack)
        rig = stack.enter_context(Rig(folder, database_url=access.database_url, port=port))
        rig.start_server()
        line = rig.set_up_line(Api(rig.url, access.api_key), broker=broker, seed=seed)
        page_port = free_port()
        rig.write_gateway_config(GATEWAY, access.gateway_key, page_port=page_port)
        rig.start_gateway()
        yield Factory(rig, line, note, f"http://127.0.0.1:{page_port}")


def _broker(stack: contextlib.ExitStack) -> tuple[Broker | None, str | None]:
    try:
        return Broker("127.0.0.1", stack.enter_context(private_mosquitto())), None
    except ServiceMissing as missing:
        return None, f"The ship gate is a scanner this time, for the MQTT reader needs a broker: {missing}"
