"""The unit of latency: what two durable writes and one trip over loopback take on this machine, in this run."""

import os
import socket
import statistics
import threading
import time
from dataclasses import astuple, dataclass
from pathlib import Path

from figures import Figure, percentile

PAYLOAD = b"x" * 200


@dataclass(frozen=True, slots=True)
class Yardstick:
    """U and its parts, in milliseconds: the median and the 99th percentile."""

    u: float
    u99: float
    fsync: float
    round_trip: float
    #: How far two measurements lay apart, as a share of their mean.
    drift: float = 0.0

    def and_then(self, later: "Yardstick") -> "Yardstick":
        """The mean of two measurements."""
        pairs = zip(astuple(self)[:4], astuple(later)[:4], strict=True)
        u, u99, fsync, round_trip = (statistics.mean(pair) for pair in pairs)
        return Yardstick(u, u99, fsync, round_trip, abs(self.u - later.u) / u)

    def figures(self) -> list[Figure]:
        """U and its parts for the table."""
        return [
            Figure(name="U: two fsyncs and a round trip", value=self.u, unit="ms", more={"p99": self.u99}),
            Figure(name="fsync of 200 bytes", value=self.fsync, unit="ms"),
            Figure(name="bare loopback round trip", value=self.round_trip, unit="ms"),
        ]


def measure_unit(folder: Path) -> Yardstick:
    """U now, on the disk of this folder."""
    fsyncs, trips = _fsyncs(folder / "fsync"), _round_trips()
    return Yardstick(
        u=2 * statistics.median(fsyncs) + statistics.median(trips),
        u99=2 * percentile(fsyncs, 0.99) + percentile(trips, 0.99),
        fsync=statistics.median(fsyncs),
        round_trip=statistics.median(trips),
    )


def _fsyncs(path: Path, count: int = 300) -> list[float]:
    found = []
    with path.open("wb", buffering=0) as file:
        for _ in range(count):
            began = time.perf_counter()
            file.write(PAYLOAD)
            os.fsync(file.fileno())
            found.append((time.perf_counter() - began) * 1000)
    return found


def _round_trips(count: int = 1000) -> list[float]:
    """A byte string there and back between two threads over TCP on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_echo, args=(listener,), daemon=True)
        thread.start()
        found = []
        with socket.create_connection(listener.getsockname()) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(count):
                began = time.perf_counter()
                client.sendall(PAYLOAD)
                _receive(client, len(PAYLOAD))
                found.append((time.perf_counter() - began) * 1000)
        thread.join()
    return found


def _echo(listener: socket.socket) -> None:
    peer, _ = listener.accept()
    with peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := peer.recv(4096):
            peer.sendall(data)


def _receive(client: socket.socket, size: int) -> None:
    while size:
        size -= len(client.recv(size))
