"""The process that touches pictures: `python -m gateway.vision.worker camera|pictures SETTINGS`.

It is a process of its own because a decoder may hang or crash on a hostile picture, and a camera's library may block
for ever on a dead network: its parent kills it and starts another. It answers in lines of JSON on standard output and
ends when its standard input does, so that it never outlives the gateway.
"""

import base64
import json
import os
import sys
import threading
from collections.abc import Mapping
from gettext import gettext as _
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from gateway.protocols.pictures import region_of
from gateway.vision.files import PictureRefused, check_picture
from gateway.vision.picture import Grey
from gateway.vision.reader import PictureReader
from gateway.vision.symbols import Found


def main(arguments: list[str]) -> int:
    """Run one job until standard input ends."""
    job, settings = arguments[0], json.loads(arguments[1])
    # One core for one camera: the other readers of this gateway need the rest.
    cv2.setNumThreads(1)
    if job == "camera":
        from gateway.vision.watch import watch

        threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
        watch(settings, say)
    else:
        _read_pictures(settings)
    return 0


def say(line: Mapping[str, object]) -> None:
    """One line to the parent."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def told(found: list[Found]) -> list[dict[str, object]]:
    """Symbols as JSON."""
    return [{"symbology": each.symbology, "raw": base64.b64encode(each.raw).decode("ascii")} for each in found]


def part_of(frame: Grey, region: str) -> Grey:
    """The region of interest, as a copy without gaps between its rows."""
    left, top, width, height = region_of(region)
    rows, columns = frame.shape
    first, last = int(top * rows), max(int(top * rows) + 1, round((top + height) * rows))
    begin, end = int(left * columns), max(int(left * columns) + 1, round((left + width) * columns))
    return np.ascontiguousarray(frame[first:last, begin:end])


def read_file(path: Path, reader: PictureReader, settings: Mapping[str, Any]) -> list[Found]:
    """The codes of one picture file; raises PictureRefused, or OSError where it cannot be read."""
    data = path.read_bytes()
    size = check_picture(data, max_pixels=settings["max_pixels"])
    frame = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if frame is None:
        raise PictureRefused(_("The {kind} picture is damaged or ends too early.").format(kind=size.kind))
    return reader.read_surely(part_of(np.asarray(frame, np.uint8), settings["region"]))


def _read_pictures(settings: Mapping[str, Any]) -> None:
    reader = PictureReader(tuple(settings["formats"]))
    say({"ready": True})
    for line in sys.stdin:
        try:
            say({"found": told(read_file(Path(json.loads(line)["path"]), reader, settings))})
        except (PictureRefused, OSError, cv2.error) as error:
            say({"error": str(error)})


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
