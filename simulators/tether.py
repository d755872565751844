"""Runs a program that dies with its parent: `python tether.py PARENT_PID ACCOUNT program arguments...`

ACCOUNT is the account to run it as, or - to stay who we are. A file of its own and not a `preexec_fn`, since that
runs between fork and exec, where a parent with threads may hang. Linux keeps the wish over the exec; elsewhere the
program simply runs.
"""

import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> None:
    """Ask for a SIGTERM at the parent's death, then become the program."""
    parent, account, program = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    libc = ctypes.CDLL(None)
    if account != "-":
        _become(pwd.getpwnam(account))
    if sys.platform == "linux":
        # After the change of account, for the kernel forgets the wish with every such change.
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            # The parent died before the wish was heard.
            raise SystemExit(1)
    os.execvp(program[0], program)  # noqa: S606 - no shell is wanted here


def _become(account: pwd.struct_passwd) -> None:
    os.initgroups(account.pw_name, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


if __name__ == "__main__":
    main()
