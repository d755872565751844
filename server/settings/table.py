"""The settings as data: name, default, help. The command line, docs/reference and `Settings` all come from here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; in the environment its name is `ORDERLIGHT_` + the name in capitals."""

    name: str
    default: str | int
    help: str
    #: Where a wrong value would be dangerous or useless.
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    secret: bool = False

    @property
    def environment(self) -> str:
        """Its name in the environment; with `_FILE` behind it, the path of a file that holds the value."""
        return f"ORDERLIGHT_{self.name.upper()}"


SETTINGS: tuple[Setting, ...] = (
    Setting("data_dir", "var", "The folder for the SQLite database and other files of this server."),
    Setting(
        "database_url",
        "",
        "`sqlite:///file.db` or `postgresql://user:password@host/name`; empty is `orderlight.db` in the data folder.",
        secret=True,
    ),
    Setting("host", "127.0.0.1", "The address to listen on; `0.0.0.0` is every network card."),
    Setting("port", 8000, "The TCP port to listen on.", minimum=0, maximum=65535),
    Setting(
        "public_url",
        "",
        "How people reach this server, such as `https://orders.example.com`; printed in links, and the only origin "
        "that may send forms. Empty takes the address of the request.",
    ),
    Setting("workers", 1, "Server processes; this version runs with exactly one.", minimum=1),
    Setting("log_format", "auto", "`json` lines, `text` for people, or `auto`: text on a terminal, else JSON.",
            choices=("auto", "json", "text")),
    Setting("log_level", "info", "The least important message that is written.",
            choices=("debug", "info", "warning", "error")),
    Setting(
        "trusted_proxies",
        "127.0.0.1",
        "Addresses, separated by commas, whose X-Forwarded-For and X-Forwarded-Proto are believed.",
    ),
    Setting("max_body_bytes", 1_048_576, "The largest request body, imports apart.", minimum=65_536),
    Setting("max_import_bytes", 16_777_216, "The largest file of an import.", minimum=65_536),
    Setting("session_idle_hours", 12, "A signed-in browser is signed out after so many idle hours.", minimum=1),
    Setting("session_days", 7, "A signed-in browser is signed out after so many days, idle or not.", minimum=1),
    Setting("live_max_viewers", 5000, "Live streams this server keeps open at once.", minimum=1),
    Setting(
        "broker_url",
        "",
        "`mqtt://host:1883` or `mqtts://host:8883`: a broker at which gateways may speak, too. Empty is none.",
    ),
    Setting("broker_user", "", "The server's name at the broker."),
    Setting("broker_password", "", "Its password there.", secret=True),
    Setting("broker_ca_file", "", "Certificate authority to trust beside the usual ones, for `mqtts`."),
    Setting("min_free_disk_mb", 200, "Less free disk than this and the server calls itself not ready.", minimum=0),
)  # fmt: skip

#: Removed settings keep a message, so that an old file tells its owner what to do.
OBSOLETE: dict[str, str] = {}
