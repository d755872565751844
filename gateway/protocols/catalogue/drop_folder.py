"""Folders of pictures."""

from typing import Final

from gateway.protocols.catalogue.feeds import codes
from gateway.protocols.driver import Driver
from gateway.protocols.pictures import DropFolderOptions

DRIVER: Final = Driver(
    "drop_folder",
    "Folder into which another program or a person puts pictures of codes.",
    DropFolderOptions,
    ("code",),
    (
        "PNG, JPEG, BMP and WebP are read; of an animation the first picture.",
        "A power cut between storing the codes of a picture and noting it makes it be read again.",
        "The same picture put there again, byte for byte, is not read again.",
    ),
    "gateway.sources.drop_folder:make",
    codes,
    {"folder": "/srv/pictures"},
)
