"""The devices along the line, a fitting one for every post, and the gateway.toml that goes with them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulators.day.floor import Post
from simulators.day.hands import GateHand, Hand, ScannerHand, WirelessHand
from simulators.devices.r200 import R200
from simulators.devices.r700 import R700, MqttPublisher
from simulators.devices.scanner import Scanner, ScannerSettings
from simulators.devices.transport import PtyTransport
from simulators.radio import RadioField, RadioSettings

GATES = ("gate", "ship")
_TOPICS = "readers"


@dataclass(frozen=True, slots=True)
class Broker:
    """Where readers publish; the composed system's broker asks for user and password."""

    host: str
    port: int
    username: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """One device at a post, and its [[device]] table."""

    name: str
    post: Post
    hand: Hand
    table: Mapping[str, str | int | list[str]]


class Line:
    """All devices of the line. Wired: scanners and R200 gates on ptys, an R700 at the ship gate where a broker is.

    Wireless (no folder): everything publishes to the broker, as in the composed system, whose gateway lives in
    another container and cannot open our ptys.
    """

    def __init__(
        self,
        posts: Sequence[Post],
        *,
        folder: Path | None,
        broker: Broker | None,
        seed: int,
        scanners: ScannerSettings | None = None,
    ) -> None:
        if folder is None and broker is None:
            raise ValueError("Failed to set up the line: expected a folder for serial ports, a broker, or both.")
        self._folder, self._broker, self._seed = folder, broker, seed
        self._scanners = scanners or ScannerSettings()
        self.devices = [self._device(number, post) for number, post in enumerate(posts, start=1)]
        self.hands: dict[str, Hand] = {device.post.read_point: device.hand for device in self.devices}

    def _device(self, number: int, post: Post) -> Device:
        seed = self._seed * 1000 + number
        if self._broker is not None and (self._folder is None or post.context == "ship"):
            name = f"{'reader' if post.context in GATES else 'scanner'}-{post.read_point}"
            return self._published(name, post, self._broker, seed)
        assert self._folder is not None
        if post.context == "gate":
            return _r200(self._folder / f"reader-{post.read_point}", post, seed)
        return self._scanner(self._folder / f"scanner-{post.read_point}", post, seed)

    def _scanner(self, port: Path, post: Post, seed: int) -> Device:
        settings = self._scanners
        scanner = Scanner(PtyTransport(port), settings, seed=seed)
        scanner.plug()
        table: dict[str, str | int | list[str]] = {
            "driver": "serial_line", "port": str(port), "suffix": settings.suffix, "feedback": settings.vendor,
            "ack": "ack" if settings.ack else "none",
        }  # fmt: skip
        return Device(port.name, post, ScannerHand(scanner), table)

    def _published(self, name: str, post: Post, broker: Broker, seed: int) -> Device:
        topic = f"{_TOPICS}/{post.read_point}"
        publisher = MqttPublisher(broker.port, topic, host=broker.host, client_id=f"orderlight-sim-{name}")
        if broker.username:
            publisher.sign_in(broker.username, broker.password)
        publisher.start()
        table: dict[str, str | int | list[str]] = {
            "driver": "mqtt", "host": broker.host, "port": broker.port, "topics": [topic],
        }  # fmt: skip
        if post.context not in GATES:
            return Device(name, post, WirelessHand(publisher), {**table, "preset": "plain"})
        reader = R700(publisher, RadioField(RadioSettings(antennas=2, cross_probability=0.02), seed), seed=seed)
        reader.plug()
        return Device(name, post, GateHand(reader, publisher=publisher), {**table, "preset": "impinj_r700"})

    def gateway_toml(self, *, name: str, data_dir: Path, url: str, key_file: Path) -> str:
        """The configuration of a gateway that serves this line."""
        parts = [
            f"[gateway]\nname = {_text(name)}\ndata_dir = {_text(str(data_dir))}\n",
            f"[server]\nurl = {_text(url)}\nkey_file = {_text(str(key_file))}\n",
            *(_table(device) for device in self.devices),
        ]
        return "\n".join(parts)

    def close(self) -> None:
        """Put every device away."""
        for device in self.devices:
            device.hand.close()

    def describe(self) -> str:
        """What stands on the line, in words: 4 scanners, 2 RFID gates."""
        gates = sum(isinstance(device.hand, GateHand) for device in self.devices)
        scanners = len(self.devices) - gates
        return f"{scanners} scanner{'s' * (scanners != 1)}, {gates} RFID gate{'s' * (gates != 1)}"


def _r200(port: Path, post: Post, seed: int) -> Device:
    module = R200(PtyTransport(port), RadioField(RadioSettings(), seed), seed=seed)
    module.plug()
    return Device(port.name, post, GateHand(module), {"driver": "r200", "port": str(port)})


def _table(device: Device) -> str:
    lines = [f"[[device]]\nname = {_text(device.name)}"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in device.table.items()]
    lines += list(_places(device))
    return "\n".join(lines) + "\n"


def _places(device: Device) -> Iterator[str]:
    """Where the device's reads belong; at a gate a tag has left soon, so that it can come again."""
    yield f"read_point = {_text(device.post.read_point)}"
    if isinstance(device.hand, GateHand):
        yield "[device.smoothing]\ndeparted_after = 5.0"


def _text(value: str) -> str:
    # A JSON string is a TOML basic string as long as it holds no lone surrogates, which paths here do not.
    return json.dumps(value, ensure_ascii=False)
