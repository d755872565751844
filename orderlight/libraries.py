"""What a program says where a library is missing: extras are installed one by one."""

import sys
from collections.abc import Callable
from typing import Final

#: What is not found of our own is a fault of ours, and its traceback shows where.
_OURS: Final = ("orderlight", "gateway", "server", "simulators")


def run_or_name_library(run: Callable[[], int], extras_for: Callable[[str], str]) -> int:
    """Run a command line and give its exit code; where a library is missing, tell which extras bring it, and give 1.

    `run` imports what it needs by itself, else the library would be missed before anybody could say so.
    """
    try:
        return run()
    except ModuleNotFoundError as missing:
        name = (missing.name or "").partition(".")[0]
        if name in _OURS:
            raise
        extras = extras_for(name)
        sys.stderr.write(f"This needs {name}, which is not installed. Type: pip install 'orderlight[{extras}]'\n")
        return 1
