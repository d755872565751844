"""The demo's own door: `orderlight-sim scan CODE` asks it to show a code to a simulated reader."""

import json
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

#: Where demos keep their data unless told otherwise, each in a folder of its own.
HOME = Path("var/demo")
#: In the demo's folder: where the socket is. The socket itself lies in a short path, for the kernel takes 107 bytes.
RECORD = "demo.json"
_SECONDS = 20.0

Answer = Callable[[str, str | None], str]


class NoDemo(Exception):
    """No demo runs here; the message says how to start one."""


class Door:
    """Answers one request after the other, in a thread: {"code", "at"} -> {"said"}."""

    def __init__(self, folder: Path, answer: Answer) -> None:
        self._record, self._answer = folder / RECORD, answer
        self._home = tempfile.TemporaryDirectory(prefix="orderlight-demo-")
        self._path = Path(self._home.name) / "scan.sock"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._thread = threading.Thread(target=self._run, name="demo door", daemon=True)

    def open(self) -> None:
        """Begin to answer."""
        self._listener.bind(str(self._path))
        self._listener.listen(4)
        self._record.write_text(json.dumps({"socket": str(self._path), "pid": os.getpid()}))
        self._thread.start()

    def close(self) -> None:
        """Answer no more."""
        self._record.unlink(missing_ok=True)
        # Closing alone does not wake accept() on Linux; shutting down does.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        self._home.cleanup()

    def _run(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            with connection:
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(_SECONDS)
        try:
            request = json.loads(_line(connection))
            said = self._said(request["code"], request.get("at"))
            connection.sendall(json.dumps({"said": said}).encode() + b"\n")
        except (OSError, ValueError, KeyError, TypeError):
            # Whoever asked hung up or spoke nonsense; the next one may do better.
            return

    def _said(self, code: str, at: str | None) -> str:
        try:
            return self._answer(code, at)
        except (ValueError, LookupError, TypeError) as error:
            # Whoever asks is told what went wrong here; a line that is cut says nothing.
            return f"The demo stumbled over {code}: {error!r}."


def ask(folder: Path, request: Mapping[str, str | None]) -> str:
    """Ask the demo that runs in `folder`; raises NoDemo."""
    try:
        record = json.loads((folder / RECORD).read_text())
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_SECONDS)
            connection.connect(record["socket"])
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer = _line(connection)
    except (OSError, ValueError, KeyError) as error:
        raise NoDemo(f"No demo answers in {folder} ({error}). Start one with: make demo") from error
    if not answer:
        raise NoDemo(f"The demo in {folder} hung up without an answer.")
    return str(json.loads(answer)["said"])


def newest_demo(home: Path = HOME) -> Path:
    """The folder of the running demo that was started last."""
    found = sorted(path.parent for path in home.glob(f"*/{RECORD}"))
    return found[-1] if found else home


def _line(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n"):
        more = connection.recv(4096)
        if not more:
            break
        data += more
    return data
