"""What of this machine does not fit gateway.toml: warnings, for it may be right when the gateway is started."""

import os
import stat
from gettext import gettext as _
from pathlib import Path

from gateway.config import GatewayConfig, Mistake


def config_warnings(config: GatewayConfig) -> list[Mistake]:
    """A key that others can read, and a data directory that cannot be used."""
    found = [("server", _open_key(config.server.key_file)), ("gateway", _closed_folder(config.data_dir))]
    return [Mistake(section, sentence, warning=True) for section, sentence in found if sentence]


def port_warning(port: str) -> str:
    """Why a device cannot be opened at this path now; empty where nothing speaks against it."""
    path = Path(port)
    if not path.exists():
        sentence = _("port {port} is not there now. Plug the device in, or correct the path; see {folder}.")
    elif path.is_file() or path.is_dir():
        sentence = _("port {port} is no device but a file or folder. Correct the path; see {folder}.")
    elif not os.access(path, os.R_OK | os.W_OK):
        sentence = _(
            "port {port} may not be opened by this user. Put the gateway's user into the group dialout (serial ports) "
            "or input (scanners that type)."
        )
    else:
        return ""
    return sentence.format(port=port, folder="/dev/serial/by-id")


def file_warning(option: str, path: str) -> str:
    """Why the file that an option names cannot be read now; empty where it can."""
    try:
        with open(path, "rb"):
            return ""
    except OSError as error:
        sentence = _("{option} {path} cannot be read ({reason}). Save it there, for the gateway's user to read.")
        return sentence.format(option=option, path=path, reason=error.strerror)


def _open_key(key_file: Path | None) -> str:
    try:
        mode = key_file.stat().st_mode if key_file is not None else 0
    except OSError:
        # That it cannot be read is a mistake which the settings tell.
        return ""
    if not mode & (stat.S_IRWXG | stat.S_IRWXO):
        return ""
    return _("key_file {file} can be read by others on this machine. Type: chmod 600 {file}").format(file=key_file)


def _closed_folder(folder: Path) -> str:
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if place.is_dir() and os.access(place, os.W_OK | os.X_OK):
        return ""
    return _("data_dir {folder} cannot be written by this user. Create it for the gateway's user.").format(
        folder=folder
    )
