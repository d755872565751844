"""Every setting of gateway.toml as data, so that the reference page and the parser cannot drift apart."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: `section.key`, its default (None: required), what it means, and its overriding variable."""

    name: str
    default: str | int | float | None
    help: str
    variable: str | None = None

    @property
    def section(self) -> str:
        """The table it stands in."""
        return self.name.split(".")[0]

    @property
    def key(self) -> str:
        """Its key in that table."""
        return self.name.split(".")[1]


SETTINGS: tuple[Setting, ...] = (
    Setting("gateway.name", None, "The gateway's own name, as the server knows it."),
    Setting(
        "gateway.data_dir",
        "/var/lib/orderlight-gateway",
        "Directory of the outbox and the status socket; one for each gateway process.",
        "ORDERLIGHT_GATEWAY_DATA_DIR",
    ),
    Setting(
        "server.url",
        None,
        "Address of the server, such as https://orderlight.example; or of the broker between, such as "
        "mqtts://broker.example:8883.",
        "ORDERLIGHT_SERVER_URL",
    ),
    Setting(
        "server.key_file",
        None,
        "File that holds the gateway key; a relative path starts at gateway.toml. "
        "ORDERLIGHT_GATEWAY_KEY gives the key itself instead.",
        "ORDERLIGHT_GATEWAY_KEY_FILE",
    ),
    Setting(
        "server.key_days",
        90,
        "After so many days the gateway brings the server a new key and writes it to key_file by itself.",
    ),
    Setting(
        "server.ca_file",
        "",
        "Certificate authority to trust beside the usual ones, for an https server or an mqtts broker.",
    ),
    Setting(
        "server.broker_user",
        "",
        "Name at the broker; by default the gateway's own name, where there is a password.",
    ),
    Setting(
        "server.broker_password_file",
        "",
        "File that holds the password at the broker; a relative path starts at gateway.toml.",
        "ORDERLIGHT_GATEWAY_BROKER_PASSWORD_FILE",
    ),
    Setting(
        "outbox.max_bytes",
        500_000_000,
        "The outbox holds at most this. Above nine tenths of it tag events give way to scans; at the limit "
        "scans are refused at the scanner.",
    ),
    Setting(
        "outbox.max_age_days",
        30,
        "Tag events that wait longer are given up and recorded; scans are kept whatever their age.",
    ),
    Setting("outbox.min_free_bytes", 50_000_000, "Nothing is stored while the disk has less free than this."),
    Setting(
        "outbox.ballast_bytes", 5_000_000, "Room held back, and given up when the disk is full so that it can drain."
    ),
)
LOCAL_PAGE_SETTINGS = (
    Setting("local_page.port", 8737, "Port of the local page; the page is there where [local_page] stands."),
    Setting("local_page.host", "127.0.0.1", "Address of this machine to listen at; any but loopback needs a token."),
    Setting(
        "local_page.token_file",
        "",
        "File that holds the password of the page, at least 16 characters; a relative path starts at gateway.toml.",
    ),
    Setting(
        "local_page.names",
        "",
        "Names by which browsers may call the page, beside this machine's own name; several with spaces between.",
    ),
    Setting("local_page.cert_file", "", "Certificate for https, as PEM; a relative path starts at gateway.toml."),
    Setting("local_page.cert_key_file", "", "Private key of the certificate, as PEM."),
)
SETTINGS += LOCAL_PAGE_SETTINGS
DEVICE_SETTINGS = (
    Setting("device.name", None, "The device's own name; events carry it as reader."),
    Setting("device.driver", None, "How it speaks; `orderlight-gateway drivers` lists them with their options."),
    Setting("device.read_point", "", "Key of the read point that all its reads belong to."),
    Setting("device.antenna", "", "[[device.antenna]] tables with number and read_point, where antennas differ."),
    Setting("device.smoothing", "", "[device.smoothing] table: when a read repeats, when a tag has left."),
    Setting("device.passage", "", "[device.passage] table: the reader stands at a door, and tells who went which way."),
)
