"""`orderlight-server`, and `python -m server`: the command line, or the words for a library that is missing."""

import sys
from typing import Final

from orderlight.libraries import run_or_name_library

#: Libraries of extras that a server may do without; all others are in the extra `server`.
_EXTRAS: Final = {"psycopg": "postgres"}


def main() -> int:
    """Run one command; give its exit code."""
    return run_or_name_library(_run, lambda library: _EXTRAS.get(library, "server"))


def _run() -> int:
    # All that the command line imports needs the extra.
    from server.cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
