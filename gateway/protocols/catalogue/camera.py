"""Cameras."""

from typing import Final

from gateway.protocols.catalogue.feeds import codes
from gateway.protocols.driver import Driver
from gateway.protocols.pictures import CameraOptions

DRIVER: Final = Driver(
    "camera",
    "Camera on USB or in the network (RTSP, MJPEG) that watches for printed codes.",
    CameraOptions,
    ("code",),
    (
        "A camera shows no verdicts; use a station screen beside it.",
        "Where one attempt reads some labels of a frame, no further attempt is made at its others.",
        "Code 128 and QR Code read by pyzbar alone have no AIM identifier: GS1 is not told from plain.",
        "A module must be at least 2 pixels wide; heavy blur and small print stay unread.",
    ),
    "gateway.sources.camera:make",
    codes,
    {"device": "/dev/video0"},
)
