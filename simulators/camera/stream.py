"""A network camera: an MJPEG stream over HTTP on this machine, as OpenCV and browsers open it."""

import threading
from collections.abc import Callable
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
    """Serves frames to whoever asks at this host and port, until stop(); port 0 takes a free one."""

    def __init__(self, frame: Callable[[], Picture], address: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self._stop = threading.Event()
        self._frame = frame
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
    def address(self) -> str:
        """Where the stream is."""
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}/camera.mjpg"

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
        request.send_response(200)
        request.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        request.end_headers()
        try:
            while not self._stop.is_set():
                request.wfile.write(_part(self._frame()))
                self._stop.wait(1 / FRAMES_PER_SECOND)
        except OSError:
            # The viewer went away; the next one is served anew.
            request.close_connection = True


def _part(frame: Picture) -> bytes:
    _done, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 85])
    body = data.tobytes()
    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode("ascii") + body + b"\r\n"
