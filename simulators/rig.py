"""A server and a gateway as real processes with simulated devices: what the demo and the tests stand on."""

import os
import socket
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gateway.pipeline import ask
from simulators.api import Api
from simulators.day.floor import ApiFloor
from simulators.day.line import Broker, Line
from simulators.devices.scanner import ScannerSettings
from simulators.processes import Child, Children, program

FIRST_PORT = 8000
_PORTS_TRIED = 100


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


class Rig:
    """Server, gateway and devices in one folder. Each part may be started, stopped, killed and started again."""

    def __init__(self, folder: Path, *, database_url: str, port: int) -> None:
        self.folder, self.url = folder, f"http://127.0.0.1:{port}"
        self.children = Children(folder / "logs")
        self.line: Line | None = None
        self._database_url, self._port = database_url, port

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop everything; the devices go last, so that the gateway does not report them lost."""
        self.children.stop()
        if self.line is not None:
            self.line.close()

    def start_server(self, env: Mapping[str, str] | None = None, *, wait: bool = True) -> Child:
        """Start the server, and wait until it answers."""
        command = [program("orderlight-server"), "serve"]
        child = self.children.start("server", command, {**self.server_env, **(env or {})})
        if wait:
            self.children.wait_until(Api(self.url).is_ready, "The server")
        return child

    @property
    def server_env(self) -> dict[str, str]:
        """The server's settings."""
        return {
            "ORDERLIGHT_DATA_DIR": str(self.folder),
            "ORDERLIGHT_DATABASE_URL": self._database_url,
            "ORDERLIGHT_HOST": "127.0.0.1",
            "ORDERLIGHT_PORT": str(self._port),
            "ORDERLIGHT_LOG_FORMAT": "text",
        }

    def set_up_line(
        self,
        api: Api,
        *,
        broker: Broker | None,
        seed: int,
        only: Collection[str] | None = None,
        scanners: ScannerSettings | None = None,
    ) -> Line:
        """Put a device at every read point of the server, or at those in `only`."""
        posts = [post for post in ApiFloor(api).posts() if only is None or post.read_point in only]
        self.line = Line(posts, folder=self.folder / "ports", broker=broker, seed=seed, scanners=scanners)
        return self.line

    def write_gateway_config(self, name: str, key: str, *, page_port: int | None = None) -> Path:
        """gateway.toml for the line, and the gateway's key beside it; its own page where there is a port for it."""
        assert self.line is not None, "set_up_line() comes first"
        key_file, config = self.folder / "gateway.key", self.folder / "gateway.toml"
        write_secret(key_file, key)
        text = self.line.gateway_toml(name=name, data_dir=self.gateway_dir, url=self.url, key_file=key_file)
        if page_port is not None:
            text += f"\n[local_page]\nport = {page_port}\n"
        config.write_text(text, encoding="utf-8")
        return config

    @property
    def gateway_dir(self) -> Path:
        """Where the gateway keeps its outbox."""
        return self.folder / "gateway"

    def start_gateway(self, env: Mapping[str, str] | None = None, *, wait: bool = True) -> Child:
        """Start the gateway, and wait until it has opened every device."""
        command = [program("orderlight-gateway"), "run", "--config", str(self.folder / "gateway.toml")]
        child = self.children.start("gateway", command, env)
        if wait:
            self.children.wait_until(self.devices_are_ready, "The gateway")
        return child

    def devices_are_ready(self) -> bool:
        """Whether the gateway runs and has opened all devices."""
        assert self.line is not None, "set_up_line() comes first"
        devices = self.gateway_status().get("devices", [])
        return len([device for device in devices if device["state"] == "ready"]) == len(self.line.devices)

    def gateway_status(self) -> dict[str, Any]:
        """What the gateway says of itself; empty while it does not run."""
        try:
            return next(ask(self.gateway_dir, "status"), {})
        except (OSError, ValueError):
            return {}


def write_secret(path: Path, text: str) -> None:
    """Write a file that its owner alone may read from its first moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
