"""Which program is running."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def program_version() -> str:
    """The version of the installed package, or `0` when it runs from a bare folder."""
    try:
        return version("orderlight")
    except PackageNotFoundError:
        return "0"
