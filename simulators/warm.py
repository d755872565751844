"""A server that starts fast: forked from a process that has the libraries loaded, for tests that kill it often.

Each life is a process of its own, as with `orderlight-server serve`; only loading the libraries is spared.
"""

import ctypes
import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import server.app
import server.cli.running
from server.ingest import crash
from simulators.tether import PR_SET_PDEATHSIG


def start_warm_server(env: Mapping[str, str], log: Path) -> ForkServerProcess:
    """Start it with these settings added to the environment; it writes to `log`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_serve, args=(dict(env), str(log)), daemon=True)
    process.start()
    return process


def _serve(env: Mapping[str, str], log: str) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.environ.update(env)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    # It reads the environment when it is loaded, which was before this life began.
    importlib.reload(crash)
    sys.exit(server.cli.main(["serve"]))
