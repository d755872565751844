"""Which program is running: its version, and an id that is equal on every worker of one build."""

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

#: What a browser could hold an old copy of.
SHOWN = (".html", ".css", ".js", ".svg", ".py")


@cache
def program_version() -> str:
    """The version of the installed package, or `0` when it runs from a bare folder."""
    try:
        return version("orderlight")
    except PackageNotFoundError:
        return "0"


@cache
def build_id() -> str:
    """Twelve hex digits over the version and every file a page is made of."""
    digest = hashlib.sha256(program_version().encode())
    root = Path(__file__).parent.parent
    for path in sorted(root.rglob("*")):
        if path.suffix in SHOWN and path.is_file():
            digest.update(str(path.relative_to(root)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
