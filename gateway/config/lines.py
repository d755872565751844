"""Where sections and keys stand in gateway.toml; tomllib itself tells no positions."""

import re

_HEADER = re.compile(r"^\s*\[\[?\s*([\w.\"'-]+)\s*\]\]?")
_KEY = re.compile(r"^\s*([\w\"'-]+)\s*=")


def lines_of(text: str) -> dict[tuple[str, int, str | None], int]:
    """Where each section and key stands: (section, index among equals, key or None) -> line from 1.

    tomllib tells no positions; headers and keys at line starts are all that people need to find their way.
    """
    found: dict[tuple[str, int, str | None], int] = {}
    counts: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            section = header[1]
            counts[section] = counts.get(section, -1) + 1
            found.setdefault((section, counts[section], None), number)
            parent, _dot, child = section.partition(".")
            if child and parent in counts:
                found.setdefault((parent, counts[parent], child), number)
        elif key := _KEY.match(line):
            found.setdefault((section, counts.get(section, 0), key[1].strip("\"'")), number)
    return found
