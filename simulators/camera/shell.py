"""A simulated camera by hand, and the degraded set as picture files."""

import sys
from collections.abc import Iterable
from pathlib import Path

import cv2

from simulators.camera.degraded import samples
from simulators.camera.device import Camera
from simulators.camera.labels import Code
from simulators.camera.scenes import View
from simulators.devices.transport import NotPlugged
from simulators.devices.trouble import HELP, NO_TROUBLE, Trouble, obeying
from simulators.shell import Say, typed_code

CAMERA_HELP = (
    "Type a code and press Enter: its label crosses the belt as Code 128.\n"
    "/qr TEXT  /matrix (01)...(21)...  /gs1 (01)...(21)...  /ean DIGITS  /code39 TEXT  /quit"
)
_KINDS = {
    "/qr": ("QRCode", False),
    "/matrix": ("DataMatrix", True),
    "/gs1": ("Code128", True),
    "/ean": ("EAN13", False),
    "/code39": ("Code39", False),
}


def run_camera(
    address: tuple[str, int],
    view: View,
    lines: Iterable[str] = sys.stdin,
    say: Say = print,
    *,
    trouble: Trouble = NO_TROUBLE,
) -> None:
    """Offer a stream at this host and port until the input ends."""
    camera = Camera(address, view=view, seed=trouble.seed)
    trouble.befall(camera)
    camera.plug()
    say(f'Camera: driver = "camera", device = "{camera.stream}".\n{CAMERA_HELP}\n{HELP}')
    try:
        for line in obeying(camera, lines, say):
            if line.strip() == "/quit":
                return
            if line.strip():
                _lay(camera, line.strip(), say)
    finally:
        camera.unplug()


def _lay(camera: Camera, line: str, say: Say) -> None:
    word, _space, rest = line.partition(" ")
    symbology, gs1 = _KINDS.get(word, ("Code128", False))
    text = rest if word in _KINDS else line
    if word.startswith("/") and word not in _KINDS:
        say(f"{CAMERA_HELP}\n{HELP}")
        return
    try:
        camera.lay(Code(symbology, typed_code(text), gs1))
    except (NotPlugged, ValueError, RuntimeError) as error:
        say(f"That cannot be printed: {error}")


def write_set(folder: Path, seed: int, each: int) -> int:
    """The degraded set as PNG files with their texts beside them; gives how many."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for count, sample in enumerate(samples(seed, each), start=1):
        name = f"{count:04}-{sample.kind}-{sample.symbology}".replace(" ", "_").lower()
        cv2.imwrite(str(folder / f"{name}.png"), sample.frame)
        (folder / f"{name}.txt").write_text(sample.expected.replace("\x1d", "{GS}") + "\n", encoding="ascii")
    return count
