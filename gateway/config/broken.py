"""A gateway.toml that is no TOML: where it breaks, and what to write there instead."""

import re
from gettext import gettext as _
from typing import Final

from gateway.config.settings import SETTINGS

#: What tomllib says, and what is mostly meant by it; the first that fits counts.
_CURES: Final = (
    (
        "Invalid value",
        _('Texts stand in straight quotes, such as name = "gw-hall-1"; true and false in small letters.'),
    ),
    ("Expected newline", _("A line holds one key = value; texts stand in quotes, and numbers do not begin with 0.")),
    ("Unescaped", _("In double quotes a backslash is written twice; in single quotes it is written once.")),
    ("Expected '='|Invalid statement", _("A line is key = value, or [section], or # and a remark.")),
    ("Cannot overwrite", _("This name stands there twice: remove one; [[device]] is in two brackets each time.")),
    ("Cannot declare", _("This section stands there twice: put both together, or remove one.")),
    ("Unclosed array", _("A list does not end: its parts are separated by commas, and ] closes it.")),
    (r"Expected '\]", _("The brackets of this section do not close: write [server], or [[device]].")),
    ("Unterminated|Illegal character|Expected", _("A text does not end: close its quote on the same line.")),
)
_PLACE: Final = re.compile(r"at line (\d+)")
_DATA_DIR: Final = re.compile(r"""^\s*data_dir\s*=\s*(["'])(.+?)\1""", re.MULTILINE)


def explained(error: str) -> tuple[str, int | None]:
    """The sentence with its cure, and the line."""
    place = _PLACE.search(error)
    cure = next((cure for words, cure in _CURES if re.search(words, error)), "")
    return _("This is not TOML: {error}.").format(error=error) + f" {cure}".rstrip(), int(place[1]) if place else None


def likely_data_dir(text: str) -> str:
    """The data directory that the file seems to name: whom to ask how the gateway is that runs with an earlier one."""
    named = _DATA_DIR.search(text)
    return named[2] if named else str(next(s.default for s in SETTINGS if s.name == "gateway.data_dir"))
