"""Child processes: watched, told about, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simulators.processes import ChildEnded, Children, tethered

SLEEPER = [sys.executable, "-c", "print('awake', flush=True); import time; time.sleep(60)"]


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    with Children(tmp_path / "logs") as group:
        yield group


def until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_a_child_runs_with_its_own_log(children: Children) -> None:
    child = children.start("sleeper", SLEEPER)

    assert until(lambda: child.tail() == "awake")
    children.check()


def test_a_child_that_ended_is_told_with_the_end_of_its_log(children: Children) -> None:
    child = children.start("failing", [sys.executable, "-c", "print('the reason'); raise SystemExit(3)"])
    child.process.wait(10)

    with pytest.raises(ChildEnded, match=r"failing ended with code 3\. Its log, .*ends with:\nthe reason"):
        children.check()


def test_a_killed_child_is_told_by_its_signal(children: Children) -> None:
    child = children.start("sleeper", SLEEPER)
    os.kill(child.process.pid, signal.SIGKILL)
    child.process.wait(10)

    with pytest.raises(ChildEnded, match="sleeper was killed by SIGKILL"):
        children.check()


def test_waiting_ends_early_when_a_child_dies(children: Children) -> None:
    children.start("failing", [sys.executable, "-c", "raise SystemExit(3)"])

    with pytest.raises(ChildEnded):
        children.wait_until(lambda: False, "Nothing", seconds=10)


def test_waiting_in_vain_says_for_what(children: Children) -> None:
    with pytest.raises(TimeoutError, match="The moon was not ready within 0 s"):
        children.wait_until(lambda: False, "The moon", seconds=0.05)


def test_a_child_ended_by_us_is_watched_no_more(children: Children) -> None:
    child = children.start("sleeper", SLEEPER)

    children.end(child, by_force=True)

    assert child.process.returncode == -signal.SIGKILL
    assert children.running() == ()
    children.check()


def test_leaving_the_group_stops_grandchildren_too(tmp_path: Path) -> None:
    script = (
        f"import subprocess, sys; print(subprocess.Popen({SLEEPER!r}).pid, flush=True); import time; time.sleep(60)"
    )
    with Children(tmp_path / "logs") as group:
        child = group.start("parent", [sys.executable, "-c", script])
        assert until(lambda: child.tail().splitlines()[:1] != [])
        grandchild = int(child.tail().splitlines()[0])

    assert until(lambda: not Path(f"/proc/{grandchild}").exists() or " Z " in _stat(grandchild))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_child_dies_when_its_parent_is_killed() -> None:
    start = (
        "import subprocess, sys, time; from simulators.processes import tethered\n"
        f"child = subprocess.Popen(tethered({SLEEPER!r}), stdout=subprocess.DEVNULL, start_new_session=True)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", start], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        # While one program replaces the other, the command line is empty for a moment.
        assert until(lambda: b"time.sleep" in b"".join(Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[2:3]))
        parent.kill()

    assert until(lambda: not Path(f"/proc/{child}").exists() or " Z " in _stat(child))


def test_a_tethered_command_keeps_its_arguments() -> None:
    found = subprocess.run(tethered([sys.executable, "-c", "import sys; print(sys.argv[1:])", "a b", "c"]),
                           capture_output=True, text=True, check=True)  # fmt: skip

    assert found.stdout == "['a b', 'c']\n"


def _stat(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return " Z "
