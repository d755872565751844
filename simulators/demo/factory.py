"""The demo's processes: broker, server, gateway and devices, started in order and stopped in reverse."""

import contextlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.pipeline import ask
from simulators.api import Api
from simulators.day.floor import ApiFloor
from simulators.day.line import Broker, Line
from simulators.demo.prepare import GATEWAY, Access
from simulators.processes import Children, program
from simulators.services import ServiceMissing, private_mosquitto

FIRST_PORT = 8000
_PORTS_TRIED = 100


@dataclass(frozen=True, slots=True)
class Factory:
    """A running demo."""

    url: str
    folder: Path
    line: Line
    children: Children
    #: Why the MQTT reader was left out.
    note: str | None


def choose_port(first: int = FIRST_PORT) -> int:
    """`first`, or the next port on loopback that nobody holds."""
    for port in range(first, first + _PORTS_TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"No free port between {first} and {first + _PORTS_TRIED - 1}. Name one with --port.")


@contextmanager
def running_factory(folder: Path, access: Access, *, port: int, seed: int) -> Iterator[Factory]:
    """Start everything and wait until it works; stop it at the end."""
    url = f"http://127.0.0.1:{port}"
    with contextlib.ExitStack() as stack:
        broker, note = _broker(stack)
        children = stack.enter_context(Children(folder / "logs"))
        children.start("server", [program("orderlight-server"), "serve"], _server_env(folder, port))
        api = Api(url, access.api_key)
        children.wait_until(api.is_ready, "The server")
        line = Line(ApiFloor(api).posts(), folder=folder / "ports", broker=broker, seed=seed)
        stack.callback(line.close)
        config = _write_config(folder, line, url, access.gateway_key)
        children.start("gateway", [program("orderlight-gateway"), "run", "--config", str(config)])
        # The devices outlive the gateway at the end, so that it does not report them lost.
        stack.callback(children.stop)
        children.wait_until(lambda: devices_ready(folder, len(line.devices)), "The gateway")
        yield Factory(url, folder, line, children, note)


def _broker(stack: contextlib.ExitStack) -> tuple[Broker | None, str | None]:
    try:
        return Broker("127.0.0.1", stack.enter_context(private_mosquitto())), None
    except ServiceMissing as missing:
        return None, f"The ship gate is a scanner this time, for the MQTT reader needs a broker: {missing}"


def _server_env(folder: Path, port: int) -> dict[str, str]:
    return {
        "ORDERLIGHT_DATA_DIR": str(folder),
        "ORDERLIGHT_DATABASE_URL": f"sqlite:///{folder / 'orderlight.db'}",
        "ORDERLIGHT_HOST": "127.0.0.1",
        "ORDERLIGHT_PORT": str(port),
        "ORDERLIGHT_LOG_FORMAT": "text",
    }


def _write_config(folder: Path, line: Line, url: str, key: str) -> Path:
    key_file, config = folder / "gateway.key", folder / "gateway.toml"
    key_file.touch(mode=0o600)
    key_file.write_text(key)
    config.write_text(
        line.gateway_toml(name=GATEWAY, data_dir=folder / "gateway", url=url, key_file=key_file), encoding="utf-8"
    )
    return config


def gateway_status(folder: Path) -> dict[str, Any]:
    """What the gateway says of itself; empty while it does not run."""
    try:
        return next(ask(folder / "gateway", "status"), {})
    except (OSError, ValueError):
        return {}


def devices_ready(folder: Path, count: int) -> bool:
    """Whether the gateway runs and has opened all its devices."""
    devices = gateway_status(folder).get("devices", [])
    ready = [device for device in devices if device["state"] == "ready"]
    return len(ready) >= count
