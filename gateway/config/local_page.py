"""[local_page]: where the gateway's own page is, and who may see it."""

from collections.abc import Mapping
from gettext import gettext as _
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from gateway.config.devices import Note
from gateway.config.values import LocalPageConfig

#: A shorter token could be guessed by trying.
SHORTEST_TOKEN: Final = 16
_LARGEST_PORT: Final = 65535


class LocalPageReader:
    """Reads the section from its values; mistakes go to `note`."""

    def __init__(self, note: Note, folder: Path) -> None:
        self._note, self._folder = note, folder

    def read(self, values: Mapping[str, Any]) -> LocalPageConfig | None:
        """The page; None where a value of it is of the wrong kind, which is noted already."""
        host, port, names = (values[f"local_page.{key}"] for key in ("host", "port", "names"))
        if host is None or port is None or names is None:
            return None
        if port > _LARGEST_PORT:
            self._say("port", _("port is {port}: expected 1 to 65535.").format(port=port))
        token = self._token(values["local_page.token_file"] or "")
        if not self._is_loopback(host) and not values["local_page.token_file"]:
            sentence = _(
                'host is "{host}": others in the network could see the page. Add token_file = "page.token" with a '
                'long password in that file, or write host = "127.0.0.1".'
            )
            self._say("host", sentence.format(host=host))
        cert, key = self._certificate(values["local_page.cert_file"] or "", values["local_page.cert_key_file"] or "")
        return LocalPageConfig(host, port, token, tuple(names.lower().split()), cert, key)

    def _say(self, key: str, sentence: str) -> None:
        self._note("local_page", key, sentence)

    def _is_loopback(self, host: str) -> bool:
        try:
            return ip_address(host).is_loopback
        except ValueError:
            sentence = _('host is "{host}": expected an address of this machine, such as "127.0.0.1" or "0.0.0.0".')
            self._say("host", sentence.format(host=host))
            return True

    def _token(self, name: str) -> str:
        if not name:
            return ""
        try:
            token = (self._folder / name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            sentence = _("token_file {path} cannot be read ({reason}). Save the page's password there.")
            self._say("token_file", sentence.format(path=self._folder / name, reason=reason))
            return ""
        if len(token) < SHORTEST_TOKEN or not token.isprintable():
            sentence = _("token_file {path} holds {count} characters: expected one line of at least {least}.")
            self._say("token_file", sentence.format(path=self._folder / name, count=len(token), least=SHORTEST_TOKEN))
        return token

    def _certificate(self, cert: str, key: str) -> tuple[str, str]:
        if bool(cert) != bool(key):
            given, missing = ("cert_file", "cert_key_file") if cert else ("cert_key_file", "cert_file")
            sentence = _("{given} needs {missing} beside it; for plain http remove {given}.")
            self._say(given, sentence.format(given=given, missing=missing))
        return (str(self._folder / cert), str(self._folder / key)) if cert and key else ("", "")
