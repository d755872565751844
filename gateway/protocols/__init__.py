"""What each kind of device says, as pure machines: bytes in, reads out. One registry of drivers, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from gettext import gettext as _
from types import MappingProxyType
from typing import Final

from gateway.protocols.line import LineOptions
from gateway.protocols.mqtt_json import MqttOptions
from gateway.protocols.options import OptionsError, describe_options, toml
from gateway.protocols.pictures import CameraOptions, DropFolderOptions
from gateway.protocols.r200 import R200Options

Options = LineOptions | R200Options | MqttOptions | CameraOptions | DropFolderOptions


@dataclass(frozen=True, slots=True)
class Driver:
    """One driver: its name in gateway.toml, its options and what it cannot do."""

    name: str
    summary: str
    options: type[LineOptions | R200Options | MqttOptions | CameraOptions | DropFolderOptions]
    reads: tuple[str, ...]
    limitations: tuple[str, ...]


DRIVERS: Final[Mapping[str, Driver]] = MappingProxyType(
    {
        driver.name: driver
        for driver in (
            Driver(
                "serial_line",
                "Barcode scanner on RS-232 or USB-COM that sends a line per code.",
                LineOptions,
                ("code",),
                (
                    "A checksum byte (LRC) after ETX is not verified.",
                    "Zebra SSI packets are not understood; set the scanner to plain text with a suffix.",
                    "A plain line has no heartbeat: the port can be open while the scanner is switched off.",
                    "A GS substitute is a single character.",
                    "Newland's beep command (BEEPON) is not confirmed on a device, only the frame around it.",
                ),
            ),
            Driver(
                "r200",
                "Serial UHF RFID module of the R200 family (R200, M100, YRM100, JRD-4035).",
                R200Options,
                ("tag",),
                (
                    "The module reports neither antenna nor time; the gateway's clock is used.",
                    "Signal strength is relative: some boards scale it differently.",
                    "Tags are read, never written, locked or killed.",
                ),
            ),
            Driver(
                "mqtt",
                "Readers that publish JSON or plain text to an MQTT 5 broker.",
                MqttOptions,
                ("tag", "code"),
                (
                    "Brokers without MQTT 5 refuse the connection.",
                    "Messages published with quality of service 0 are lost while the gateway is away.",
                    "Retained messages are not taken as reads.",
                    "The signals ok, warn, stop and stored cannot be shown at the reader.",
                ),
            ),
            Driver(
                "camera",
                "Camera on USB or in the network (RTSP, MJPEG) that watches for printed codes.",
                CameraOptions,
                ("code",),
                (
                    "A camera shows no verdicts; use a station screen beside it.",
                    "Where one attempt reads some labels of a frame, no further attempt is made at its others.",
                    "Code 128 and QR Code read by pyzbar alone have no AIM identifier: GS1 is not told from plain.",
                    "A module must be at least 2 pixels wide; heavy blur and small print stay unread.",
                ),
            ),
            Driver(
                "drop_folder",
                "Folder into which another program or a person puts pictures of codes.",
                DropFolderOptions,
                ("code",),
                (
                    "PNG, JPEG, BMP and WebP are read; of an animation the first picture.",
                    "A power cut between storing the codes of a picture and noting it makes it be read again.",
                    "The same picture put there again, byte for byte, is not read again.",
                ),
            ),
        )
    }
)


def parse_options(driver: str, table: Mapping[str, object]) -> Options:
    """The driver's options from its [[device]] table; raises OptionsError with every mistake."""
    if driver not in DRIVERS:
        raise OptionsError(
            [_("driver: expected one of {known}, got {got}.").format(known=", ".join(DRIVERS), got=toml(driver))]
        )
    return DRIVERS[driver].options.parse(table)


def describe() -> list[dict[str, object]]:
    """Every driver with its options and limitations as plain data, for `drivers --json` and the reference."""
    return [
        {
            "driver": driver.name,
            "summary": driver.summary,
            "reads": list(driver.reads),
            "options": describe_options(driver.options),
            "limitations": list(driver.limitations),
        }
        for driver in DRIVERS.values()
    ]
