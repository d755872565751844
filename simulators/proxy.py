"""A wire that fails on demand: a TCP proxy to stand between a gateway and its server, broker or device.

Bytes go on unchanged and in order, as TCP promises; what fails is whether and when they do. A black hole that ends
lets go what it held, as a network does that sends again: the server may then take a request whose sender gave up.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Final, Self

#: Read from one side while the other has not taken what came before; more waits in the sender's own buffers.
_CHUNK: Final = 65_536
#: close() then says RST instead of FIN (socket(7), SO_LINGER with a time of zero).
_LINGER_ZERO: Final = struct.pack("ii", 1, 0)
_START_SECONDS: Final = 10.0


class Fault(StrEnum):
    """What is wrong with the wire."""

    NONE = "none"
    #: Connections are taken, and nothing goes on.
    BLACK_HOLE = "black-hole"
    #: Connections are reset, those that are there and those that come, whichever way fails.
    RESET = "reset"
    #: One byte goes on, then the next after `seconds`.
    DRIP = "drip"
    #: Everything goes on `seconds` late.
    DELAY = "delay"
    #: `after` bytes go on, then the connection is reset.
    CUT = "cut"


class Towards(StrEnum):
    """Which way it fails; the other way stays sound."""

    BOTH = "both"
    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Wire:
    """How the wire is now."""

    fault: Fault = Fault.NONE
    #: Between two bytes of DRIP, or before each piece of DELAY.
    seconds: float = 1.0
    #: Bytes that CUT lets through on each connection, counted from the moment that the wire became so.
    after: int = 0
    towards: Towards = Towards.BOTH


@dataclass(slots=True, eq=False)
class _Way:
    """One direction of one connection."""

    towards: Towards
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    #: Bytes that went on under the wire as it is now.
    passed: int = 0


class Broken(Exception):
    """The wire broke this connection."""


class Proxy:
    """A context manager: listens on `port` of `host`, and connects to `target` for each who comes.

    be() and the counters may be used from any thread; the connections live in a thread of their own.
    """

    def __init__(self, target: tuple[str, int], *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._target, self._address = target, (host, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._wire = Wire()
        self._changed = asyncio.Event()
        self._ways: set[_Way] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        #: Connections so far, those that the wire broke, and bytes towards the server and towards the client.
        self.connections = 0
        self.broken = 0
        self.sent: dict[Towards, int] = {Towards.SERVER: 0, Towards.CLIENT: 0}

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._address[1]

    @property
    def url(self) -> str:
        """The same for a gateway whose server is behind it."""
        return f"http://{self._address[0]}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def be(self, fault: Fault, *, seconds: float = 1.0, after: int = 0, towards: Towards = Towards.BOTH) -> None:
        """Be such a wire from now on, for the connections that are there too; returns when it is."""
        self._do(self._become(Wire(fault, seconds, after, towards)))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_START_SECONDS)

    # -- the thread

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connect, *self._address)
        self._address = (self._address[0], self._server.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _become(self, wire: Wire) -> None:
        self._wire = wire
        for way in self._ways:
            way.passed = 0
            if wire.fault is Fault.RESET:
                _reset(way.writer)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._join(reader, writer)
            await _close(writer)
        except Broken:
            self.broken += 1
        except OSError:
            # One of the two sides broke it, or there is nobody where the wire leads; the other is told by a reset.
            pass
        finally:
            self._tasks.discard(task)
            _reset(writer)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._wire.fault is Fault.RESET:
            raise Broken
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        ways = (_Way(Towards.SERVER, reader, far_writer), _Way(Towards.CLIENT, far_reader, writer))
        self._ways.update(ways)
        try:
            async with asyncio.TaskGroup() as group:
                for way in ways:
                    group.create_task(self._pump(way))
            await _close(far_writer)
        except ExceptionGroup as ended:
            if ended.split((Broken, OSError))[1] is not None:
                raise
            raise (Broken if ended.subgroup(Broken) else ConnectionError) from None
        finally:
            self._ways.difference_update(ways)
            _reset(far_writer)

    async def _pump(self, way: _Way) -> None:
        while data := await way.reader.read(_CHUNK):
            await self._pass_on(way, data)
        if self._wire.fault is Fault.RESET:
            raise Broken
        way.writer.write_eof()

    async def _pass_on(self, way: _Way, data: bytes) -> None:
        while data:
            piece = await self._let_through(way, data)
            way.passed += len(piece)
            self.sent[way.towards] += len(piece)
            way.writer.write(piece)
            await way.writer.drain()
            data = data[len(piece) :]

    async def _let_through(self, way: _Way, data: bytes) -> bytes:
        """What of `data` goes on now; waits until something does, and raises Broken where nothing ever will."""
        while self._fails(way) and self._wire.fault is Fault.BLACK_HOLE:
            await self._changed.wait()
        wire = self._wire if self._fails(way) else Wire()
        if wire.fault is Fault.RESET or (wire.fault is Fault.CUT and way.passed >= wire.after):
            raise Broken
        if wire.fault is Fault.CUT:
            return data[: wire.after - way.passed]
        if wire.fault in (Fault.DRIP, Fault.DELAY):
            # Whoever repairs the wire need not wait for the end of this pause.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), wire.seconds)
        return data[:1] if wire.fault is Fault.DRIP else data

    def _fails(self, way: _Way) -> bool:
        return self._wire.towards in (Towards.BOTH, way.towards)


async def _close(writer: asyncio.StreamWriter) -> None:
    """Close in good order, once everything is sent."""
    writer.close()
    await writer.wait_closed()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST what is not closed yet."""
    with contextlib.suppress(OSError):
        raw = writer.get_extra_info("socket")
        if raw is not None and raw.fileno() >= 0 and not writer.is_closing():
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    writer.transport.abort()
