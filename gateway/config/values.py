"""The values that gateway.toml gives, and the mistakes it may hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong with gateway.toml: where it stands, and a sentence with its cure."""

    section: str
    sentence: str
    line: int | None = None
    warning: bool = False

    def __str__(self) -> str:
        place = f"line {self.line}, {self.section}" if self.line else self.section
        return f"{place}: {self.sentence}"


class ConfigError(Exception):
    """gateway.toml cannot be used; `mistakes` holds all of them."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Where to deliver, and with which key."""

    url: str
    key: str = field(repr=False)
    ca_file: str | None = None
    #: None where the key came by the environment.
    key_file: Path | None = None
    key_days: float = 90
    broker_user: str = ""
    broker_password: str | None = field(default=None, repr=False)

    @property
    def is_broker(self) -> bool:
        """Whether the server is reached through an MQTT broker."""
        return self.url.startswith(("mqtt://", "mqtts://"))


@dataclass(frozen=True, slots=True)
class OutboxConfig:
    """The limits of the outbox."""

    max_bytes: int
    max_age_days: float
    min_free_bytes: int
    ballast_bytes: int


@dataclass(frozen=True, slots=True)
class LocalPageConfig:
    """Where the gateway's own page is, and for whom. An empty token means: for everybody on this machine."""

    host: str
    port: int
    token: str = field(default="", repr=False)
    names: tuple[str, ...] = ()
    cert_file: str = ""
    cert_key_file: str = ""

    @property
    def url(self) -> str:
        """The address to open."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.cert_file else 'http'}://{host}:{self.port}/"


@dataclass(frozen=True, slots=True)
class DeviceTable:
    """One [[device]] as it stands in the file; `table` goes to the driver's own options."""

    name: str
    driver: str
    read_point: str | None
    antennas: Mapping[int, str]
    smoothing: Mapping[str, object]
    table: Mapping[str, object]
    line: int | None = None
    passage: Mapping[str, object] | None = None

    @property
    def section(self) -> str:
        """How sentences call it."""
        return f"[[device]] {self.name}"


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """A gateway.toml without mistakes of its own."""

    name: str
    data_dir: Path
    server: ServerConfig
    outbox: OutboxConfig
    devices: tuple[DeviceTable, ...]
    #: None: there is no page.
    local_page: LocalPageConfig | None = None


@dataclass(slots=True)
class Draft:
    """What could be read so far: `config` is None when it has mistakes of its own."""

    config: GatewayConfig | None
    devices: tuple[DeviceTable, ...]
    mistakes: list[Mistake]
    #: The file that was found.
    path: Path | None = None
    #: Where the gateway of this file keeps its outbox and its socket, as far as the file tells.
    data_dir: Path | None = None
