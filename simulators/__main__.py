"""`orderlight-sim`, and `python -m simulators`: the command line, or the words for a library that is missing."""

import sys
from typing import Final

from orderlight.libraries import run_or_name_library
from simulators.cli import main as run

#: The demo starts a server and a gateway; a simulated reader alone does with the last of them.
_EXTRAS: Final = "server,gateway,simulators"


def main() -> int:
    """Run one command; give its exit code."""
    return run_or_name_library(run, lambda _library: _EXTRAS)


if __name__ == "__main__":
    sys.exit(main())
