"""`orderlight-sim`, and `python -m simulators`: the command line, or the words for a library that is missing."""

import sys
from typing import Final

#: What is not found of our own is a fault of ours, and its traceback shows where.
_OURS: Final = ("simulators", "gateway", "server", "orderlight")
#: The demo starts a server and a gateway; a simulated reader alone does with the last of them.
_INSTALL: Final = "pip install 'orderlight[server,gateway,simulators]'"


def main() -> int:
    """Run one command; give its exit code."""
    from simulators.cli import main as run

    try:
        return run()
    except ModuleNotFoundError as missing:
        name = (missing.name or "").partition(".")[0]
        if name in _OURS:
            raise
        print(f"This needs {name}, which is not installed. Type: {_INSTALL}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
