"""The drivers that come with the gateway, as data."""

from typing import Final

from gateway.protocols.chafon import ChafonMachine, ChafonOptions
from gateway.protocols.driver import Driver, Feed, Machine
from gateway.protocols.hid import HidMachine, HidOptions
from gateway.protocols.http_push import HttpPushOptions
from gateway.protocols.line import LineFormat, LineFramer, LineOptions, TcpLineOptions
from gateway.protocols.llrp import LlrpMachine, LlrpOptions
from gateway.protocols.mqtt_json import JsonFormat, JsonReader, MqttOptions
from gateway.protocols.pictures import CameraOptions, DropFolderOptions
from gateway.protocols.r200 import R200Options, R200Parser
from gateway.protocols.reads import CodeRead
from gateway.protocols.zebra_ssi import ZebraSsiMachine, ZebraSsiOptions


def _lines(name: str, options: LineFormat) -> Feed:
    framer = LineFramer(name, options)
    # A recorded piece ends in silence: a code without its line ending is whole there.
    return lambda data: [*framer.feed(data), *framer.idle()]


def _r200(name: str, options: R200Options) -> Feed:
    return R200Parser(name, options).feed


def _chafon(name: str, options: ChafonOptions) -> Feed:
    return _told(ChafonMachine(name, options))


def _llrp(name: str, options: LlrpOptions) -> Feed:
    return _told(LlrpMachine(name, options))


def _hid(name: str, options: HidOptions) -> Feed:
    return _told(HidMachine(name, options))


def _zebra_ssi(name: str, options: ZebraSsiOptions) -> Feed:
    return _told(ZebraSsiMachine(name, options))


def _told(machine: Machine) -> Feed:
    """A recording hears no questions, and all of its moments are one."""
    machine.open(0.0)
    return lambda data: machine.feed(data, 0.0)


def _messages(name: str, options: JsonFormat) -> Feed:
    return JsonReader(name, options).feed


def _codes(name: str, _options: object) -> Feed:
    # What a camera or a folder hands on is the code itself.
    return lambda data: [CodeRead(name, data)]


DRIVERS: Final = (
    Driver(
        "serial_line",
        "Barcode scanner on RS-232 or USB-COM that sends a line per code.",
        LineOptions,
        ("code",),
        (
            "A checksum byte (LRC) after ETX is not verified.",
            "Zebra SSI packets are read by the driver zebra_ssi.",
            "A plain line has no heartbeat: the port can be open while the scanner is switched off.",
            "A GS substitute is a single character.",
            "Newland's beep command (BEEPON) is not confirmed on a device, only the frame around it.",
        ),
        "gateway.sources.serial_line:make",
        _lines,
        {"port": "/dev/ttyS0"},
    ),
    Driver(
        "tcp_line",
        "Network scanner, controller or serial device server that sends a line per code over TCP.",
        TcpLineOptions,
        ("code",),
        (
            "The connection is not encrypted; keep such devices in a network of their own.",
            "In mode server one device has one port, and its newest connection counts.",
            "A code that was on its way when the network broke is lost unless ack is on.",
        ),
        "gateway.sources.tcp_line:make",
        _lines,
        {"host": "10.0.0.20", "tcp_port": 2001},
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
        "gateway.sources.r200:make",
        _r200,
        {"port": "/dev/ttyS1"},
    ),
    Driver(
        "llrp",
        "Fixed UHF reader that speaks LLRP: Impinj, Zebra FX, Alien, ThingMagic and others.",
        LlrpOptions,
        ("tag",),
        (
            "A reader serves one LLRP client: no other program may be connected to it.",
            "The connection is not encrypted (port 5084); keep readers in a network of their own.",
            "Vendor extensions, tag memory beyond the EPC, and search modes are left as the reader has them.",
            "Transmit power is set for all antennas alike.",
        ),
        "gateway.sources.llrp:make",
        _llrp,
        {"host": "10.0.0.40"},
    ),
    Driver(
        "chafon",
        "Chafon UHF reader (UHFReader18, UHFReader288M and relatives) on a serial line or over TCP.",
        ChafonOptions,
        ("tag",),
        (
            "The reader must be in answer mode, in which it reads when it is asked.",
            "Signal strength is the reader's own number less 129: good to compare, no dBm.",
            "Model 18 reports neither antenna nor strength.",
            "The newer frames that begin with CF are not read.",
        ),
        "gateway.sources.chafon:make",
        _chafon,
        {"port": "/dev/ttyS2"},
    ),
    Driver(
        "zebra_ssi",
        "Zebra or Symbol barcode scanner in Simple Serial Interface, with a checksum and an answer to each packet.",
        ZebraSsiOptions,
        ("code",),
        (
            "Decode data must be sent as packets: parameter Decode Data Packet Format (0xEE) is 1.",
            "An AIM identifier is added for Code 39, Code 128, GS1-128, EAN-8 and EAN-13; for others switch on AIM.",
            "What a scanner keeps while the gateway is away is up to the scanner.",
        ),
        "gateway.sources.zebra_ssi:make",
        _zebra_ssi,
        {"port": "/dev/ttyS3"},
    ),
    Driver(
        "hid",
        "Barcode scanner that types like a keyboard, on USB or Bluetooth, taken for the gateway alone (Linux).",
        HidOptions,
        ("code",),
        (
            "A scanner that types shows no verdicts; use a station screen beside it, or set it to USB-COM.",
            "Layouts are us and de; with the scanner's ALT mode the layout does not matter.",
            "What is scanned while the gateway is away goes to whatever window is open.",
            "Tried with a simulated input device; taking a real one needs Linux and the group input.",
        ),
        "gateway.sources.hid:make",
        _hid,
        {"port": "/dev/input/by-id/usb-scanner-event-kbd"},
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
        "gateway.sources.mqtt:make",
        _messages,
        {"topics": ["readers/#"]},
    ),
    Driver(
        "http_push",
        "Readers that post JSON or plain text to the gateway: Impinj webhooks, Zebra IoT Connector, anything else.",
        HttpPushOptions,
        ("tag", "code"),
        (
            "Each device has a port of its own.",
            "Compressed bodies are refused.",
            "The gateway cannot know that a reader is away that posts only what it reads.",
            "The signals ok, warn, stop and stored cannot be shown at the reader.",
        ),
        "gateway.sources.http_push:make",
        _messages,
        {"http_port": 8085},
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
        "gateway.sources.camera:make",
        _codes,
        {"device": "/dev/video0"},
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
        "gateway.sources.drop_folder:make",
        _codes,
        {"folder": "/srv/pictures"},
    ),
)
