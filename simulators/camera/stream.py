"""A network camera: an MJPEG stream over HTTP on this machine, as OpenCV and browsers open it."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import cv2
import numpy as np

from simulators.camera.labels import Code, Picture, draw_label
from simulators.camera.scenes import View, take

FRAMES_PER_SECOND: Final = 10.0
#: How long a label takes to cross what the camera sees, in frames.
CROSSING: Final = 15
BOUNDARY: Final = "frame"
MODULE: Final = 3
#: How a viewer asks and what comes before the first frame, where both are in memory.
REQUEST: Final = b"GET /camera.mjpg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
HEAD: Final = f"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary={BOUNDARY}\r\n\r\n".encode("ascii")


class Belt:
    """What lies before the camera: labels cross it one after another, and between them it is empty. Thread-safe."""

    def __init__(self, view: View, seed: int = 1) -> None:
        self._view = view
        self._random = np.random.default_rng(seed)
        self._waiting: list[Picture] = []
        self._label: Picture | None = None
        self._step = 0
        self._lock = threading.Lock()

    def put(self, code: Code) -> None:
        """Lay a label at the beginning of the belt; raises ValueError where the symbol cannot hold the text."""
        label = draw_label(code, MODULE)
        with self._lock:
            self._waiting.append(label)

    def frame(self) -> Picture:
        """What the camera sees now; each call moves the belt one step."""
        with self._lock:
            if self._label is None and self._waiting:
                self._label, self._step = self._waiting.pop(0), 0
            if self._label is None:
                return take(None, self._view, self._random)
            at = (0.25 + 0.5 * self._step / (CROSSING - 1), self._view.at[1])
            label, self._step = self._label, self._step + 1
            if self._step == CROSSING:
                self._label = None
            return take(label, replace(self._view, at=at), self._random)


class CameraServer:
    """Serves frames to whoever asks at this host and port, until stop(); port 0 takes a free one.

    `pieces` gives what is left of a frame, with None where the connection breaks; `heard` is told what goes over it.
    """

    def __init__(
        self,
        frame: Callable[[], Picture],
        address: tuple[str, int] = ("127.0.0.1", 0),
        pieces: Callable[[bytes], Iterable[bytes | None]] = lambda frame: (frame,),
        heard: Callable[[bytes, bool], None] = lambda _data, _to_host: None,
    ) -> None:
        self._stop = threading.Event()
        self._frame, self._pieces, self._heard = frame, pieces, heard
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.serve(self)

            def log_message(self, format: str, *args: Any) -> None:
                """The simulator's output is for the person at it."""

        self._http = ThreadingHTTPServer(address, Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, name="camera", daemon=True)

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        host, port = self._http.server_address[:2]
        return str(host), int(port)

    @property
    def address(self) -> str:
        """Where the stream is."""
        host, port = self.place
        return f"http://{host}:{port}/camera.mjpg"

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Cut all streams off, as a pulled network cable does."""
        self._stop.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        """One viewer's stream, in the thread of its connection."""
        self._heard(f"{request.requestline}\r\n{request.headers}".encode("latin-1", "replace"), False)
        try:
            self._write(request, HEAD)
            while not self._stop.is_set() and self._show(request):
                self._stop.wait(1 / FRAMES_PER_SECOND)
        except OSError:
            # The viewer went away; the next one is served anew.
            request.close_connection = True

    def _show(self, request: BaseHTTPRequestHandler) -> bool:
        """The next frame; whether the connection holds."""
        for piece in self._pieces(part(self._frame())):
            if piece is None:
                return False
            self._write(request, piece)
        return True

    def _write(self, request: BaseHTTPRequestHandler, data: bytes) -> None:
        request.wfile.write(data)
        self._heard(data, True)


def part(frame: Picture) -> bytes:
    """One frame as a part of the stream."""
    _done, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 85])
    body = data.tobytes()
    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode("ascii") + body + b"\r\n"
