"""Reads gateway.toml and the environment, noting every mistake on the way."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from gettext import gettext as _
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.config.broken import explained, likely_data_dir
from gateway.config.devices import DeviceReader
from gateway.config.lines import lines_of
from gateway.config.local_page import LocalPageReader
from gateway.config.near import near_match
from gateway.config.settings import SETTINGS, Setting
from gateway.config.values import ConfigError, DeviceTable, Draft, GatewayConfig, Mistake, OutboxConfig, ServerConfig
from orderlight.events import EventError, fields

#: Where gateway.toml is looked for when no --config is given.
DEFAULT_PATHS = (Path("gateway.toml"), Path("/etc/orderlight/gateway.toml"))

_TYPE_WORDS = {str: _("a text in quotes"), int: _("a whole number"), float: _("a number")}


def load(path: Path | None, environ: Mapping[str, str] = os.environ) -> GatewayConfig:
    """Read gateway.toml; ConfigError with all mistakes."""
    draft = survey(path, environ)
    if draft.config is None:
        raise ConfigError(draft.mistakes)
    return draft.config


def survey(path: Path | None, environ: Mapping[str, str] = os.environ) -> Draft:
    """Read as much as can be read, so that `check` can name the mistakes of every device too."""
    candidates = DEFAULT_PATHS if path is None else (path,)
    found = next((candidate for candidate in candidates if candidate.exists()), None)
    if found is None:
        sentence = _(
            "{path} is not there. Write one, as docs/reference/gateway-settings.md shows, or name it with --config."
        )
        return _hopeless(sentence.format(path=candidates[0]))
    draft = _read(found, environ)
    draft.path = found
    return draft


def _read(path: Path, environ: Mapping[str, str]) -> Draft:
    try:
        # Some editors begin a file with a mark of its encoding, which no TOML may hold.
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        return _hopeless(_("{path} cannot be read as UTF-8: {error}. Save it as UTF-8.").format(path=path, error=error))
    except OSError as error:
        return _hopeless(_("{path} cannot be read: {error}.").format(path=path, error=error))
    try:
        return _Reader(tomllib.loads(text), text, path.parent, environ).draft()
    except tomllib.TOMLDecodeError as error:
        draft = _hopeless(*explained(str(error)))
        draft.data_dir = path.parent / (environ.get("ORDERLIGHT_GATEWAY_DATA_DIR") or likely_data_dir(text))
        return draft


def _hopeless(sentence: str, line: int | None = None) -> Draft:
    return Draft(None, (), [Mistake("gateway.toml", sentence, line)])


class _Reader:
    """Walks through the parsed tables and notes mistakes as it goes."""

    def __init__(self, root: dict[str, Any], text: str, folder: Path, environ: Mapping[str, str]) -> None:
        self._root, self._folder, self._environ = root, folder, environ
        self._lines = lines_of(text)
        self._mistakes: list[Mistake] = []

    def draft(self) -> Draft:
        values = {setting.name: self._value(setting) for setting in SETTINGS}
        self._note_unknown()
        key, password = self._key(values), self._broker_password(values["server.broker_password_file"])
        self._check_values(values)
        devices = DeviceReader(self._note, self._lines).read(self._root.get("device", []))
        local_page = None
        if isinstance(self._root.get("local_page"), dict):
            local_page = LocalPageReader(self._note, self._folder).read(values)
        data_dir = self._folder / values["gateway.data_dir"] if isinstance(values["gateway.data_dir"], str) else None
        if any(not mistake.warning for mistake in self._mistakes):
            return Draft(None, devices, self._mistakes, data_dir=data_dir)
        config = self._config(values, key, password, devices)
        return Draft(replace(config, local_page=local_page), devices, self._mistakes, data_dir=data_dir)

    def _config(
        self, values: Mapping[str, Any], key: str, password: str | None, devices: tuple[DeviceTable, ...]
    ) -> GatewayConfig:
        ca_file = values["server.ca_file"]
        return GatewayConfig(
            name=values["gateway.name"],
            data_dir=self._folder / values["gateway.data_dir"],
            server=ServerConfig(
                values["server.url"].rstrip("/"),
                key,
                str(self._folder / ca_file) if ca_file else None,
                None if self._environ.get("ORDERLIGHT_GATEWAY_KEY") else self._folder / values["server.key_file"],
                values["server.key_days"],
                values["server.broker_user"],
                password,
            ),
            outbox=OutboxConfig(**{s.key: values[s.name] for s in SETTINGS if s.section == "outbox"}),
            devices=devices,
        )

    def _note(self, section: str, key: str | None, sentence: str, index: int = 0) -> None:
        line = self._lines.get((section, index, key)) or self._lines.get((section, index, None))
        self._mistakes.append(Mistake(f"[{section}]", sentence, line))

    # -- plain settings

    def _value(self, setting: Setting) -> str | int | float | None:
        if setting.variable and (given := self._environ.get(setting.variable)):
            return given
        section = self._root.get(setting.section, {})
        if not isinstance(section, dict):
            return None
        if setting.key not in section:
            if setting.default is None and setting.name != "server.key_file":
                self._note(setting.section, None, _missing(setting))
            return setting.default
        return self._typed(setting, section[setting.key])

    def _typed(self, setting: Setting, value: object) -> str | int | float | None:
        wanted: type = str if setting.default is None else type(setting.default)
        if wanted is int and type(value) is float and setting.key.endswith("_days"):
            wanted = float
        if type(value) is wanted and (wanted is str or value > 0):  # type: ignore[operator]
            return value  # type: ignore[return-value]
        sentence = _("{key} is {value!r}: expected {expected}{positive}.").format(
            key=setting.key,
            value=value,
            expected=_TYPE_WORDS[wanted],
            positive="" if wanted is str else _(" above 0"),
        )
        self._note(setting.section, setting.key, sentence)
        return None

    def _note_unknown(self) -> None:
        sections = sorted({setting.section for setting in SETTINGS})
        for name, table in self._root.items():
            if name in sections and isinstance(table, dict):
                known = [setting.key for setting in SETTINGS if setting.section == name]
                for key in table:
                    if key not in known:
                        self._note(name, key, _no_such(key, known))
            elif name != "device":
                self._note(name, None, _no_such(f"[{name}]", [*sections, "device"]))

    def _check_values(self, values: Mapping[str, Any]) -> None:
        name, url = values["gateway.name"], values["server.url"]
        if isinstance(name, str):
            self._check_name(name)
        if isinstance(url, str) and not _is_address(url):
            sentence = _(
                'url is "{url}": expected http:// or https:// and a host, such as "http://127.0.0.1:8000", '
                'or mqtt:// or mqtts:// and a broker, such as "mqtts://broker.example:8883".'
            )
            self._note("server", "url", sentence.format(url=url))

        if isinstance(ca_file := values["server.ca_file"], str) and ca_file:
            self._check_authority(self._folder / ca_file)

    def _check_authority(self, path: Path) -> None:
        # Where no authority is named, nothing may be encrypted either: that would be five megabytes for nothing.
        import ssl

        try:
            ssl.create_default_context(cafile=str(path))
        except OSError as error:
            # What is no certificate at all is an OSError of ssl's own.
            reason = (error.strerror or str(error)).rstrip(".")
            sentence = _("ca_file {path} cannot be used ({reason}). Save the authority's certificate there, as PEM.")
            self._note("server", "ca_file", sentence.format(path=path, reason=reason))

    def _check_name(self, name: str) -> None:
        try:
            fields.gateway("name", name)
        except EventError as error:
            self._note("gateway", "name", f"{error} " + _('Write a short one such as "gw-hall-1".'))

    # -- the key

    def _key(self, values: Mapping[str, Any]) -> str:
        if given := self._environ.get("ORDERLIGHT_GATEWAY_KEY"):
            return self._sound_key(given, "ORDERLIGHT_GATEWAY_KEY")
        name = values["server.key_file"]
        if not isinstance(name, str):
            self._note("server", "key_file", _KEY_MISSING)
            return ""
        path = self._folder / name
        try:
            return self._sound_key(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            sentence = _("key_file {path} cannot be read ({reason}). Save the gateway key there.")
            self._note("server", "key_file", sentence.format(path=path, reason=reason))
            return ""

    def _sound_key(self, text: str, origin: str) -> str:
        key = text.strip()
        # The key travels in an HTTP header, where a control character would end it.
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            sentence = _("The gateway key in {origin} is not a key: expected one word of plain characters.")
            self._note("server", "key_file", sentence.format(origin=origin))
        return key

    def _broker_password(self, name: object) -> str | None:
        if not isinstance(name, str) or not name:
            return None
        try:
            return (self._folder / name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            sentence = _("broker_password_file {path} cannot be read ({reason}). Save the broker's password there.")
            self._note("server", "broker_password_file", sentence.format(path=self._folder / name, reason=reason))
            return None


_KEY_MISSING = _(
    "The gateway key is missing. Make one at the server (Admin, Gateways), save it in a file, "
    'and write key_file = "gateway.key".'
)


def _missing(setting: Setting) -> str:
    example = {"gateway.name": '"gw-hall-1"', "server.url": '"http://127.0.0.1:8000"'}[setting.name]
    return _("{key} is missing. Add {key} = {example}.").format(key=setting.key, example=example)


def _no_such(key: str, known: list[str]) -> str:
    near = near_match(key.strip("[]"), known)
    if near:
        return _('There is no setting "{key}". Did you mean "{near}"?').format(key=key, near=near[0])
    return _('There is no setting "{key}". Remove it; known are {known}.').format(key=key, known=", ".join(known))


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_broker = parts.scheme in ("mqtt", "mqtts")
        # A broker has topics, no paths; what stands there would be passed over in silence.
        return (
            (parts.scheme in ("http", "https") or (is_broker and not parts.path.strip("/") and not parts.username))
            and bool(parts.hostname)
            and parts.port != 0
        )
    except ValueError:
        return False
