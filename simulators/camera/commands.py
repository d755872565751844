"""`orderlight-sim device camera` and `device pictures`; what draws is imported when a command runs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulators.devices.trouble import add_trouble, trouble_of

if TYPE_CHECKING:
    from simulators.cli import Commands

#: How a simulated camera sees labels: option, default, meaning.
VIEW: Final = (
    ("angle", 0.0, "degrees by which labels are turned"),
    ("tilt", 0.0, "share by which their far end shrinks"),
    ("blur", 0.5, "blur in pixels"),
    ("noise", 4.0, "noise in grey levels"),
    ("contrast", 0.9, "share of the contrast that is left"),
    ("shade", 0.1, "how much darker one side is"),
)


def add_camera(kinds: "Commands") -> None:
    """Both commands with their help."""
    camera = kinds.add_parser("camera", help="a network camera over a belt; needs the vision extra")
    camera.add_argument("--host", default="127.0.0.1", help="address it listens on; 0.0.0.0 for others (127.0.0.1)")
    camera.add_argument("--port", type=int, default=0, help="port of its stream on this machine (a free one)")
    for name, default, of in VIEW:
        camera.add_argument(f"--{name}", type=float, default=default, help=f"{of} ({default:g})")
    add_trouble(camera)
    camera.set_defaults(command=_camera)
    pictures = kinds.add_parser("pictures", help="the degraded set as files; needs the vision extra")
    pictures.add_argument("folder", type=Path, help="where to put them")
    pictures.add_argument("--seed", type=int, default=7, help="equal seeds give equal pictures (7)")
    pictures.add_argument("--each", type=int, default=1, help="pictures of each kind and symbology (1)")
    pictures.set_defaults(command=_pictures)


def _camera(arguments: argparse.Namespace) -> int:
    _need_vision()
    from simulators.camera.scenes import View
    from simulators.camera.shell import run_camera

    view = View(**{name: getattr(arguments, name) for name, _default, _of in VIEW})
    run_camera((arguments.host, arguments.port), view, trouble=trouble_of(arguments))
    return 0


def _pictures(arguments: argparse.Namespace) -> int:
    _need_vision()
    from simulators.camera.shell import write_set

    print(f"{write_set(arguments.folder, arguments.seed, arguments.each)} pictures are in {arguments.folder}.")
    return 0


def _need_vision() -> None:
    from gateway.vision import missing

    if (sentence := missing()) is not None:
        raise ValueError(sentence)
