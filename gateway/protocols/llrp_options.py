"""What is set of a UHF reader that speaks LLRP."""

from dataclasses import dataclass
from gettext import gettext as _

from gateway.protocols.options import DeviceOptions, option, required


@dataclass(frozen=True, slots=True, kw_only=True)
class LlrpOptions(DeviceOptions):
    """Options of a fixed UHF reader that speaks LLRP."""

    host: str = required("The reader's address.", example='"10.0.0.40"')
    tcp_port: int = option(5084, "Its LLRP port.", low=1, high=65_535)
    antennas: int = option(0, "How many antennas read, counted from the first; 0: all.", low=0, high=64)
    power_dbm: float | None = option(
        None, "Transmit power at all antennas; empty leaves the reader's own.", low=0, high=36
    )
    keepalive_s: int = option(4, "How often the reader shows that it lives.", low=1, high=60)
    trigger: str = option(
        "always", "always: it reads all the time; gpi: while an input is on.", choices=("always", "gpi")
    )
    gpi_port: int = option(1, "The input that starts reading.", low=1, high=16)
    gpi_level: str = option("high", "The level at which it reads.", choices=("high", "low"))
    gpi_max_ms: int = option(
        0, "It stops reading after so long, even if the input stays on; 0: never.", low=0, high=3_600_000
    )
    inputs: int = option(
        0, "How many inputs are switched on, counted from the first; 0: as the reader has them.", low=0, high=16
    )

    def check(self) -> list[str]:
        """The mistakes that only show when options are seen together."""
        return [] if self.host else [_('host: empty. Write the reader\'s address, such as host = "10.0.0.40".')]
