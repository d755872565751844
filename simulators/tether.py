"""Runs a program that dies with its parent: `python tether.py PARENT_PID program arguments...`

A file of its own and not a `preexec_fn`, since that runs between fork and exec, where a parent with threads may
hang. Linux keeps the wish over the exec; elsewhere the program simply runs.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> None:
    """Ask for a SIGTERM at the parent's death, then become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            # The parent died before the wish was heard.
            raise SystemExit(1)
    os.execvp(program[0], program)  # noqa: S606 - no shell is wanted here


if __name__ == "__main__":
    main()
