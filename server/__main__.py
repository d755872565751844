"""`orderlight-server`, and `python -m server`: the command line, or the words for a library that is missing."""

import sys
from typing import Final

#: Libraries of extras that a server may do without; all others are in the extra `server`.
_EXTRAS: Final = {"psycopg": "postgres"}
#: What is not found of our own is a fault of ours, and its traceback shows where.
_OURS: Final = ("server", "orderlight")


def main() -> int:
    """Run one command; give its exit code."""
    try:
        # All that the command line imports needs the extra.
        from server.cli import main as run

        return run()
    except ModuleNotFoundError as missing:
        name = (missing.name or "").partition(".")[0]
        if name in _OURS:
            raise
        extra = _EXTRAS.get(name, "server")
        print(f"This needs {name}, which is not installed. Type: pip install 'orderlight[{extra}]'", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
