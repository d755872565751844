"""A signal may come at any moment of a wait, and none of them may hold the program up."""

import os
import signal
import subprocess
import sys
import threading
import time

from gateway.bell import Bell

#: One ring for each wait, a little later each time, so that it meets every moment of a wait in turn.
MANY_MOMENTS = """
import signal
from gateway.bell import Bell

for turn in range(4_000):
    bell = Bell()
    bell.hear(signal.SIGALRM)
    signal.setitimer(signal.ITIMER_REAL, 1e-6 + turn % 200 * 1e-6)
    while not bell.wait(1e-5):
        pass
"""


def test_a_ring_in_the_middle_of_a_wait_never_hangs() -> None:
    subprocess.run([sys.executable, "-c", MANY_MOMENTS], timeout=60, check=True)


def test_a_ring_ends_the_wait_of_another_thread() -> None:
    bell = Bell()
    ringer = threading.Timer(0.01, bell.ring)
    ringer.start()

    assert bell.wait(30)
    ringer.join()


def test_what_rang_once_has_rung_for_good() -> None:
    bell = Bell()
    assert not bell.wait(0)
    assert not bell.rung

    bell.ring()

    assert [bell.wait(30), bell.wait(30), bell.rung] == [True, True, True]


def test_a_signal_ends_a_wait_at_once() -> None:
    bell, before = Bell(), signal.getsignal(signal.SIGUSR1)
    bell.hear(signal.SIGUSR1)
    try:
        sender = threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGUSR1])
        sender.start()
        started = time.monotonic()

        assert bell.wait(30)
        assert time.monotonic() - started < 20
        sender.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
        signal.set_wakeup_fd(-1)
