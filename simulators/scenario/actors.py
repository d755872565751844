"""The devices of a scenario, each with the gateway's end of it and what was counted there."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from simulators.devices.chafon import Chafon
from simulators.devices.device import Wired
from simulators.devices.keyboard import Keyboard
from simulators.devices.llrp import LlrpReader, LlrpSettings
from simulators.devices.poster import Poster
from simulators.devices.r200 import R200
from simulators.devices.r700 import R700, MqttPublisher, R700Settings
from simulators.devices.scanner import Scanner, ScannerSettings
from simulators.devices.tcp import MemoryNetwork, TcpClientTransport, TcpTransport
from simulators.devices.transport import MemoryTransport, NotPlugged, PipeTransport, PtyTransport
from simulators.devices.zebra_ssi import ZebraSsi
from simulators.radio import RadioField, RadioSettings
from simulators.recording.format import Recorder
from simulators.scenario.clock import Clock
from simulators.scenario.hosts import Partner, Tally, make_host
from simulators.scenario.kinds import Device
from simulators.scenario.plan import Scenario

if TYPE_CHECKING:
    from simulators.camera.device import Camera

#: Where a tag stays until it is told to leave.
_STAYS: Final = 1e9
_HOST_SECONDS: Final = 10.0
MEDIA: Final = {
    "port": "serial",
    "pipe": "keys",
    "listen": "tcp",
    "connect": "tcp",
    "topic": "mqtt",
    "http_port": "http",
}


@runtime_checkable
class _Scanning(Protocol):
    """A device that is shown codes."""

    def scan(self, code: str) -> bool:
        """Whether somebody took it; raises NotPlugged."""


class Actor:
    """One device at work. `live` puts it on its own port or network, else it converses in memory with a driver."""

    def __init__(self, device: Device, seed: int, clock: Clock, *, live: bool, round_seconds: float) -> None:
        self.device, self.tally = device, Tally()
        self.recorder: Recorder | None = None
        #: Codes that nobody was there to take.
        self.unsent = 0
        self.field = RadioField(RadioSettings(antennas=device.antennas), seed)
        self._clock, self._live, self._seed, self._round = clock, live, seed, round_seconds
        self._plugged = False
        self._cable = None if live else _cable(device)
        self._host = make_host(device, self._cable)
        self._body = self._make()
        self.faults = self._body.faults

    @property
    def medium(self) -> str:
        """serial, keys, tcp, mqtt or http."""
        return next(MEDIA[key] for key in MEDIA if key in self.device.table)

    # --- what befalls it ---

    def plug(self) -> None:
        """Put the cable in; does nothing where it is in."""
        if self._plugged:
            return
        self._plugged = True
        self._host.begin(self._clock.now())
        if isinstance(self._body, R700):
            if isinstance(self._publisher, MqttPublisher):
                self._publisher.start()
        elif self._live or not isinstance(self._body, Poster):
            self._body.plug()

    def unplug(self) -> None:
        """Pull it; does nothing where it is out."""
        if not self._plugged:
            return
        self._plugged = False
        if isinstance(self._body, R700):
            if isinstance(self._publisher, MqttPublisher):
                self._publisher.stop()
        elif self._live or not isinstance(self._body, Poster):
            self._body.unplug()

    def scan(self, code: str) -> None:
        """Be shown a code; where nobody is at the other end it is lost, and counted as unsent."""
        assert isinstance(self._body, _Scanning)
        try:
            if self._live and self._plugged and isinstance(self._body, Wired):
                self._body.wait_for_host(_HOST_SECONDS)
            self.unsent += not self._body.scan(code)
        except NotPlugged:
            self.unsent += 1

    def enter(self, epc: str, antenna: int) -> None:
        """A tag comes before an antenna and stays."""
        self.field.enter(epc, antenna=antenna, now=self._clock.now(), dwell=_STAYS)

    def turn(self) -> None:
        """One round: it reads what is in its field, where its host or a thread of its own does not say when."""
        if not self._plugged:
            return
        now = self._clock.now()
        if isinstance(self._body, Poster):
            self._post(now)
        elif isinstance(self._body, R700):
            self._body.do_round()
        elif not self._live:
            self._converse(now)

    def _converse(self, now: float) -> None:
        host, cable = self._host, self._cable
        if isinstance(host, Partner) and isinstance(cable, MemoryNetwork) and (cable.take_broken() or host.gave_up):
            host.begin(now)
            cable.on_host()
        self.tally.count(self._host.step(now))
        if not isinstance(self._body, Wired | Poster) or isinstance(self._body, LlrpReader):
            self._body.do_round()

    def _post(self, now: float) -> None:
        assert isinstance(self._body, Poster)
        seen = self.field.round(now)
        for body in self._body.spoiled(*seen) if seen else ():
            if self._live:
                self._body.send(body)
            if isinstance(body, bytes):
                self._heard(body, True)

    # --- how it is made ---

    def _heard(self, data: bytes, to_host: bool) -> None:
        """Bytes go over the wire."""
        if self.recorder is not None:
            self.recorder.note(data, to_host=to_host, place=self._place())
        if self._cable is not None:
            # What was heard need not be kept.
            self._cable.take()
        if to_host:
            self.tally.count(self._host.hear(data, self._clock.now()))

    def _place(self) -> str:
        table = self.device.table
        return {"mqtt": table.get("topic", ""), "http": table.get("path", "/")}.get(self.medium, "")

    def _make(self) -> "Wired | R700 | Poster | Camera":
        if self.device.kind == "r700":
            return self._make_r700()
        if self.device.kind == "poster":
            return self._make_poster()
        if self.device.kind == "camera":
            return self._make_camera()
        body = self._make_wired()
        body.still = not self._live
        body.watch(self._heard)
        return body

    def _make_camera(self) -> "Camera":
        from simulators.camera.device import Camera

        place = ("127.0.0.1", int(self.device.table["listen"])) if self._live else None
        camera = Camera(place, symbology=self.device.table.get("symbology", "Code128"), seed=self._seed)
        camera.watch(self._heard)
        return camera

    def _make_wired(self) -> Wired:
        cable = self._cable if self._cable is not None else _wire(self.device)
        field, seed, clock = self.field, self._seed, self._clock
        if self.device.kind == "scanner":
            return Scanner(cable, ScannerSettings(suffix=self.device.table.get("suffix", "crlf")), seed=seed)
        if self.device.kind == "keyboard":
            assert isinstance(cable, PipeTransport | MemoryTransport)
            return Keyboard(cable, seed=seed, wall_clock=clock.wall)
        if self.device.kind == "zebra-ssi":
            # Without a clock of its own, an answer is there at once or not at all.
            return ZebraSsi(cable, patience=2.0 if self._live else 0.0, seed=seed)
        if self.device.kind == "r200":
            return R200(cable, field, seed=seed, clock=clock.now)
        if self.device.kind == "chafon":
            return Chafon(cable, field, seed=seed, clock=clock.now)
        assert isinstance(cable, TcpTransport | MemoryNetwork)
        settings = LlrpSettings(round_seconds=self._round)
        return LlrpReader(cable, field, settings, seed=seed, clock=clock.now, wall_clock=clock.wall)

    def _make_r700(self) -> R700:
        self._publisher = self._make_publisher() if self._live else None
        settings = R700Settings(round_seconds=self._round)
        publisher = _Published(self._publisher, lambda data: self._heard(data, True))
        return R700(
            publisher, self.field, settings, seed=self._seed, clock=self._clock.now, wall_clock=self._clock.wall
        )

    def _make_publisher(self) -> MqttPublisher:
        host, _colon, port = self.device.table.get("broker", "127.0.0.1:1883").rpartition(":")
        name = f"orderlight-sim-{self.device.name}"
        return MqttPublisher(int(port), self.device.table["topic"], host=host, client_id=name)

    def _make_poster(self) -> Poster:
        table = self.device.table
        token = Path(table["token_file"]).read_text(encoding="utf-8").strip() if "token_file" in table else ""
        port = int(table["http_port"])
        return Poster(port, path=table.get("path", "/"), token=token, wall_clock=self._clock.wall, seed=self._seed)


class _Published:
    """Where an R700 publishes: a broker or nobody, and in any case to us."""

    def __init__(self, publisher: MqttPublisher | None, heard: Callable[[bytes], None]) -> None:
        self._publisher, self._heard = publisher, heard

    def publish(self, payload: bytes) -> None:
        if self._publisher is not None:
            self._publisher.publish(payload)
        self._heard(payload)


def _cable(device: Device) -> MemoryTransport:
    return MemoryTransport() if {"port", "pipe"} & set(device.table) else MemoryNetwork()


def _wire(device: Device) -> PtyTransport | PipeTransport | TcpTransport:
    table = device.table
    if "pipe" in table:
        return PipeTransport(Path(table["pipe"]))
    if "port" in table:
        return PtyTransport(Path(table["port"]))
    return TcpTransport(int(table["listen"])) if "listen" in table else TcpClientTransport(int(table["connect"]))


def make_actors(scenario: Scenario, clock: Clock, *, live: bool) -> dict[str, Actor]:
    """All devices by name, each with a seed of its own that follows from the scenario's."""
    return {
        device.name: Actor(
            device, scenario.seed * 1000 + number, clock, live=live, round_seconds=scenario.round_seconds
        )
        for number, device in enumerate(scenario.devices, 1)
    }
