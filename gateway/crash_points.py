"""Test only: kills this very process at a named point, as a power cut would.

Set ORDERLIGHT_CRASH_AT to one of POINTS; without it nothing ever happens here. The crash tests use it to
prove that no event is lost whatever the moment. ORDERLIGHT_CRASH_AFTER lets that many passes go first.
"""

import itertools
import os
import signal

POINTS = ("before_outbox_commit", "after_outbox_commit", "after_send", "before_delete")

_chosen = os.environ.get("ORDERLIGHT_CRASH_AT", "")
_passes_left = itertools.count(int(os.environ.get("ORDERLIGHT_CRASH_AFTER", "0") or 0), -1)


def reached(point: str) -> None:
    """Kill the process when `point` is the one chosen by the environment."""
    if point == _chosen and next(_passes_left) <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
