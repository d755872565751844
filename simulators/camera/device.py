"""A network camera before a belt as a device with faults: at a port of this machine, or in memory frame by frame."""

import time
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from simulators.camera.labels import Code
from simulators.camera.scenes import View
from simulators.camera.stream import HEAD, REQUEST, Belt, CameraServer, part
from simulators.devices.device import BOOT_SECONDS
from simulators.devices.transport import NotPlugged
from simulators.faults import Fault, Faults

#: What cannot befall a stream of pictures.
CANNOT_SHOW: Final[Mapping[Fault, str]] = MappingProxyType(
    {
        Fault.LOST_BYTE: "TCP brings every byte or none.",
        Fault.NOISE: "TCP brings what was sent and nothing else; a poor picture is a matter of the view.",
        Fault.WRONG_BAUD: "A connection over TCP has no baud rate.",
        Fault.CLOCK_2000: "This camera tells no times.",
    }
)
#: In focus as good as a cheap lens is, without noise, which would make every frame a large one.
VIEW: Final = View(blur=0.5)


class Camera:
    """One camera. With an address it serves frames to all who ask; without one do_round() shows the next to `watch`."""

    def __init__(
        self,
        address: tuple[str, int] | None = None,
        *,
        view: View = VIEW,
        symbology: str = "Code128",
        seed: int = 0,
    ) -> None:
        self.faults = Faults(seed, cannot=CANNOT_SHOW)
        self._address, self._symbology = address, symbology
        self._belt = Belt(view, seed)
        self._server: CameraServer | None = None
        self._plugged = False
        self._streams = False
        self._watch: Callable[[bytes, bool], None] = lambda _data, _to_host: None

    def watch(self, heard: Callable[[bytes, bool], None]) -> None:
        """Tell what goes over the wire from now on, and whether it goes to the host."""
        self._watch = heard

    def plug(self) -> None:
        """Be in the network."""
        self._plugged = True
        if self._address is not None:
            self._server = CameraServer(self._belt.frame, self._address, self.pieces, self._watch)
            # It comes back where it was.
            self._address = self._server.place
            self._server.start()

    def unplug(self) -> None:
        """Leave it."""
        self._plugged = self._streams = False
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def reboot(self, seconds: float = BOOT_SECONDS) -> None:
        """Be away for so long; who looked on has to ask again."""
        self.unplug()
        time.sleep(seconds)
        self.plug()

    @property
    def stream(self) -> str:
        """Where the stream is, for gateway.toml; empty while the camera is off or in memory."""
        return self._server.address if self._server is not None else ""

    def scan(self, code: str) -> bool:
        """Lay a label on the belt, to be seen in a moment; raises NotPlugged, or ValueError for what it cannot hold."""
        return self.lay(Code(self._symbology, code))

    def lay(self, code: Code) -> bool:
        """The same for a label of any kind."""
        if not self._plugged:
            raise NotPlugged("Nothing was shown: the camera is off.")
        self._belt.put(code)
        return True

    def do_round(self) -> None:
        """The next frame, in memory; a stream that broke off is asked for again."""
        if not self._streams:
            self._streams = True
            self._watch(REQUEST, False)
            self._watch(HEAD, True)
        for piece in self.pieces(part(self._belt.frame())):
            if piece is None:
                self._streams = False
            else:
                self._watch(piece, True)

    def pieces(self, frame: bytes) -> Iterator[bytes | None]:
        """What is left of a frame; None where the connection breaks."""
        spoiled = self.faults.spoil(frame)
        yield from spoiled.pieces
        if spoiled.broken:
            yield None
