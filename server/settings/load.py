"""Reading and checking settings; every mistake is told at once, each with what was expected."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from server.settings.table import OBSOLETE, SETTINGS, Setting


class SettingsError(Exception):
    """The settings cannot be used; `mistakes` has a sentence for each."""

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(mistakes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Checked settings; server/settings/table.py says what each means."""

    data_dir: Path
    database_url: str
    host: str
    port: int
    public_url: str
    workers: int
    log_format: str
    log_level: str
    trusted_proxies: str
    max_body_bytes: int
    max_import_bytes: int
    session_idle_hours: int
    session_days: int
    live_max_viewers: int
    broker_url: str
    broker_user: str
    broker_password: str
    broker_ca_file: str
    min_free_disk_mb: int

    @classmethod
    def load(cls, env: Mapping[str, str], path: Path | None = None) -> "Settings":
        """Settings from `env`, then the TOML file, then the defaults. Raises SettingsError with every mistake."""
        mistakes: list[str] = []
        table = _read_table(path, mistakes)
        values = {setting.name: _value(setting, env, table, mistakes) for setting in SETTINGS}
        _check_together(values, mistakes)
        if mistakes:
            raise SettingsError(mistakes)
        values["data_dir"] = Path(values["data_dir"])
        values["database_url"] = _database_url(values)
        return cls(**values)

    @property
    def base_url(self) -> str:
        """Where links lead: `public_url`, or this machine's own address."""
        if self.public_url:
            return self.public_url
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def https(self) -> bool:
        """Whether browsers come by https; cookies are then Secure and carry the `__Host-` prefix."""
        return self.public_url.startswith("https://")

    def cookie(self, name: str) -> str:
        """The full name of a cookie; browsers drop `__Host-` cookies on plain http."""
        return f"__Host-{name}" if self.https else name


def _read_table(path: Path | None, mistakes: list[str]) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        mistakes.append(f"Failed to read the settings file {path}: {error.strerror}.")
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        mistakes.append(f"Failed to read the settings file {path} as TOML: {error}.")
        return {}
    known = {setting.name for setting in SETTINGS}
    for name in table:
        if name in OBSOLETE:
            mistakes.append(f"{path}: `{name}` is gone: {OBSOLETE[name]}")
        elif name not in known:
            mistakes.append(f"{path}: unknown setting `{name}`. Known are: {', '.join(sorted(known))}.")
    return table


def _value(setting: Setting, env: Mapping[str, str], table: Mapping[str, Any], mistakes: list[str]) -> Any:
    given, source = _given(setting, env, table, mistakes)
    if isinstance(setting.default, int):
        return _number(setting, given, source, mistakes)
    if not isinstance(given, str):
        mistakes.append(f"{source}: expected text, got {given!r}.")
        return setting.default
    if setting.choices and given not in setting.choices:
        mistakes.append(f"{source}: expected one of {', '.join(setting.choices)}, got {given!r}.")
    return given.strip()


def _given(setting: Setting, env: Mapping[str, str], table: Mapping[str, Any], mistakes: list[str]) -> tuple[Any, str]:
    file_name = f"{setting.environment}_FILE"
    if env.get(setting.environment):
        return env[setting.environment], setting.environment
    if env.get(file_name):
        try:
            return Path(env[file_name]).read_text(encoding="utf-8").strip(), file_name
        except (OSError, UnicodeDecodeError) as error:
            mistakes.append(f"{file_name}: failed to read the file {env[file_name]}: {error}.")
            return setting.default, file_name
    return table.get(setting.name, setting.default), setting.name


def _number(setting: Setting, given: Any, source: str, mistakes: list[str]) -> int:
    try:
        number = int(given) if isinstance(given, str | int) and not isinstance(given, bool) else None
    except ValueError:
        number = None
    if number is None:
        mistakes.append(f"{source}: expected a whole number, got {given!r}.")
        return int(setting.default)
    if setting.minimum is not None and number < setting.minimum:
        mistakes.append(f"{source}: expected at least {setting.minimum}, got {number}.")
    if setting.maximum is not None and number > setting.maximum:
        mistakes.append(f"{source}: expected at most {setting.maximum}, got {number}.")
    return number


def _check_together(values: dict[str, Any], mistakes: list[str]) -> None:
    if values["workers"] > 1:
        mistakes.append(
            f"workers: this version runs with one server process, got {values['workers']}. Leave the setting out; "
            "pages of another process would not come alive."
        )
    values["public_url"] = public_url = values["public_url"].rstrip("/")
    if public_url:
        parts = urlsplit(public_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
            mistakes.append(
                f"public_url: expected http(s)://host without a path, such as https://orders.example.com, "
                f"got {public_url!r}."
            )
    _check_broker(values["broker_url"], mistakes)
    url = values["database_url"]
    if url and not url.startswith(("sqlite:///", "postgresql://", "postgres://", "postgresql+psycopg://")):
        scheme = url.split(":", 1)[0]
        mistakes.append(f"database_url: expected sqlite:///... or postgresql://..., got {scheme!r}.")


def _check_broker(url: str, mistakes: list[str]) -> None:
    if not url:
        return
    try:
        parts = urlsplit(url)
        is_sound = parts.scheme in {"mqtt", "mqtts"} and parts.hostname and parts.port != 0
    except ValueError:
        is_sound = False
    # A password in the address would stand in every log line that names it.
    if not is_sound or parts.username is not None or parts.path.strip("/"):
        mistakes.append(
            "broker_url: expected mqtt://host:1883 or mqtts://host:8883 without a path and without a name, which "
            "has settings of its own."
        )


def _database_url(values: Mapping[str, Any]) -> str:
    url: str = values["database_url"]
    if not url:
        return f"sqlite:///{Path(values['data_dir']) / 'orderlight.db'}"
    for short in ("postgresql://", "postgres://"):
        if url.startswith(short):
            return f"postgresql+psycopg://{url.removeprefix(short)}"
    return url
