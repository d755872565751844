"""Between a real device and its gateway: everything goes on unchanged, and is written down."""

import contextlib
import fcntl
import os
import select
import socket
import termios
import threading
import tty
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from gateway.sources.base import SourceLost
from gateway.sources.hid import InputLink
from simulators.devices.transport import NotPlugged, PipeTransport, PtyTransport
from simulators.recording.format import Recorder

Say = Callable[[str], None]
_WAIT: Final = 0.2
_AGAIN: Final = 0.5
_WRITE_SECONDS: Final = 1.0
_CHUNK: Final = 65_536


# --- serial ---


def tap_serial(device: Path, link: Path, recorder: Recorder, stop: threading.Event, *, baud: int, say: Say) -> None:
    """Stand between a serial device and a gateway that opens `link`, until `stop`; the device may go and come."""
    missing = False
    while not stop.is_set():
        try:
            port = _open_port(device, baud)
        except OSError as error:
            if not missing:
                say(f"{device} cannot be opened: {error.strerror}. It is tried again.")
            missing = True
            stop.wait(_AGAIN)
            continue
        missing = False
        say(f'{device} is recorded. Have the gateway open it here: port = "{link}".')
        try:
            _pump_serial(port, PtyTransport(link), recorder, stop, say)
        finally:
            os.close(port)


def _open_port(path: Path, baud: int) -> int:
    rate = getattr(termios, f"B{baud}", None)
    if rate is None:
        raise ValueError(f"--baud: this machine knows no {baud}; usual are 9600, 19200, 38400, 57600 and 115200.")
    port = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        fcntl.ioctl(port, termios.TIOCEXCL)
        tty.setraw(port)
        settings = termios.tcgetattr(port)
        settings[4] = settings[5] = rate
        termios.tcsetattr(port, termios.TCSAFLUSH, settings)
    except termios.error as error:
        os.close(port)
        raise OSError(error.args[0], f"it is no serial port ({error.args[1]})") from error
    return port


def _pump_serial(port: int, gateway: PtyTransport, recorder: Recorder, stop: threading.Event, say: Say) -> None:
    def to_device(data: bytes) -> None:
        recorder.note(data, to_host=False)
        _write(port, data, say)

    gateway.plug(to_device)
    try:
        while not stop.is_set():
            if not select.select([port], [], [], _WAIT)[0]:
                continue
            if not (data := _read(port)):
                # Unplugged: the gateway's end goes with it.
                return
            _pass_on(data, gateway, recorder)
    finally:
        gateway.unplug()


def _pass_on(data: bytes, gateway: PtyTransport | PipeTransport, recorder: Recorder) -> None:
    """Write down what the device says, and let the gateway have it, if it listens yet."""
    recorder.note(data, to_host=True)
    with contextlib.suppress(NotPlugged):
        gateway.write(data)


def _write(port: int, data: bytes, say: Say) -> None:
    try:
        while data and select.select([], [port], [], _WRITE_SECONDS)[1]:
            data = data[os.write(port, data) :]
    except OSError as error:
        # It was unplugged in this moment; the reading side notices, too.
        say(f"{len(data)} bytes of the gateway did not reach the device: {error.strerror}.")
    else:
        if data:
            say(f"{len(data)} bytes of the gateway did not reach the device: it does not take them.")


def _read(port: int) -> bytes:
    try:
        return os.read(port, _CHUNK)
    except OSError:
        return b""


# --- keys ---


def tap_keys(device: Path, link: Path, recorder: Recorder, stop: threading.Event, *, say: Say) -> None:
    """Take a scanner that types for us alone, and type what it types into a pipe at `link`, until `stop`."""
    missing = False
    while not stop.is_set():
        try:
            with InputLink(str(device)) as keys:
                missing = False
                say(f'{device} is recorded. Have the gateway open it here: port = "{link}".')
                _pump_keys(keys, PipeTransport(link), recorder, stop)
        except SourceLost as error:
            if not missing:
                say(f"{error} It is tried again.")
            missing = True
            stop.wait(_AGAIN)


def _pump_keys(keys: InputLink, gateway: PipeTransport, recorder: Recorder, stop: threading.Event) -> None:
    gateway.plug(lambda _data: None)
    try:
        while not stop.is_set():
            if not (data := keys.read(_WAIT)):
                continue
            _pass_on(data, gateway, recorder)
    finally:
        gateway.unplug()


# --- TCP ---


def tap_tcp(listener: socket.socket, device: tuple[str, int], recorder: Recorder, stop: threading.Event) -> None:
    """Take the gateway's connections at `listener`, one at a time, and connect each to the device, until `stop`."""
    listener.settimeout(_WAIT)
    while not stop.is_set():
        try:
            gateway, _peer = listener.accept()
        except TimeoutError:
            continue
        with gateway:
            try:
                with socket.create_connection(device, 5.0) as connection:
                    _relay(gateway, connection, recorder, stop)
            except OSError:
                # The device is away, or either end broke off: the gateway sees its connection end, and comes again.
                continue


def _relay(gateway: socket.socket, device: socket.socket, recorder: Recorder, stop: threading.Event) -> None:
    gateway.settimeout(5.0)
    while not stop.is_set():
        for ready in select.select([gateway, device], [], [], _WAIT)[0]:
            data = ready.recv(_CHUNK)
            if not data:
                return
            recorder.note(data, to_host=ready is device)
            (gateway if ready is device else device).sendall(data)


# --- HTTP ---


class HttpTap(ThreadingHTTPServer):
    """Takes the reader's posts at a port of its own and posts them on to the gateway, whose answer goes back.

    Neither tokens nor other headers are written down.
    """

    daemon_threads = True

    def __init__(self, address: tuple[str, int], gateway: tuple[str, int], recorder: Recorder) -> None:
        super().__init__(address, _Forwarding)
        self.gateway, self.recorder = gateway, recorder


class _Forwarding(BaseHTTPRequestHandler):
    server: HttpTap
    timeout = 30

    def do_POST(self) -> None:
        """One post of the reader."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self.send_error(411, "Content-Length is missing")
            return
        body = self.rfile.read(int(length))
        self.server.recorder.note(body, to_host=True, place=self.path)
        status, answer = self._forward(body)
        self.server.recorder.note(str(status).encode(), to_host=False, place=self.path)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_PUT(self) -> None:
        """The gateway reads both alike."""
        self.do_POST()

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        connection = HTTPConnection(*self.server.gateway, timeout=20)
        passed = ("Authorization", "Content-Type")
        try:
            headers = {name: self.headers[name] for name in passed if name in self.headers}
            connection.request("POST", self.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException) as error:
            # The reader keeps what the gateway did not take.
            return 502, str(error).encode()
        finally:
            connection.close()

    def log_message(self, format: str, *_arguments: object) -> None:
        """Nothing: the recording says it."""
