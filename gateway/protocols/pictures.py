"""Options of what reads codes from pictures: a camera, and a folder into which others put pictures."""

from dataclasses import dataclass
from gettext import gettext as _
from typing import ClassVar, Final

from gateway.protocols.options import EpcOptions, option, required, toml

#: Linear symbologies first. UPC-A comes out as EAN-13 with a leading zero.
LINEAR: Final = (
    "Code128", "Code39", "Code93", "ITF", "Codabar", "EAN13", "EAN8", "UPCA", "UPCE", "DataBar", "DataBarExp",
)  # fmt: skip
FORMATS: Final = (*LINEAR, "QRCode", "MicroQRCode", "DataMatrix", "Aztec", "PDF417")
#: What a factory prints; naming fewer makes every frame cheaper.
USUAL: Final = ("Code128", "Code39", "ITF", "EAN13", "EAN8", "QRCode", "DataMatrix")

_WHOLE: Final = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraOptions(EpcOptions):
    """Options of a camera on USB or in the network."""

    #: Pictures are read with libraries that a gateway may lack.
    needs_vision: ClassVar[bool] = True

    device: str = required(
        "Number or path of a USB camera, or an rtsp:// or http:// address; {password} stands for the password.",
        example='"/dev/video0"',
    )
    password_file: str = option(
        "", "File that holds the password of the address; a relative path starts at gateway.toml.", path=True
    )
    width: int | None = option(None, "Width to ask the camera for; empty leaves its own.", low=160, high=8192)
    height: int | None = option(None, "Height to ask the camera for; empty leaves its own.", low=120, high=8192)
    formats: tuple[str, ...] = option(USUAL, "Symbologies to look for.")
    region: str = option("", "Part to look at: left, top, width and height as shares, such as `0.2,0.3,0.6,0.4`.")
    frames_per_second: float = option(8.0, "Frames looked at in a second; those between are dropped.", low=0.1, high=60)
    motion_share: float = option(
        0.003, "Share of the frame that must change before it is searched; 0 searches every frame.", low=0, high=1
    )
    budget_ms: int = option(400, "Time after which a frame without a code is given up.", low=10, high=10_000)
    patience_s: float = option(10.0, "Silence after which the camera counts as lost.", low=1, high=300)
    evidence: str = option("reads", "reads: keep the picture of each read; none: keep none.", choices=("reads", "none"))
    evidence_days: float = option(7.0, "Days after which a kept picture is deleted.", low=0.01, high=3650)
    evidence_bytes: int = option(
        200_000_000, "Bytes that kept pictures may take; the oldest go first.", low=0, high=10**12
    )

    def check(self) -> list[str]:
        """The mistakes that only show in the values themselves."""
        mistakes = [] if self.device else [_('device: empty. Write the camera\'s path, such as "/dev/video0".')]
        if "{password}" in self.device and not self.password_file:
            mistakes.append(_("password_file: missing, but device asks for {{password}}. Name the file.").format())
        return mistakes + _format_mistakes(self.formats) + _region_mistakes(self.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class DropFolderOptions(EpcOptions):
    """Options of a folder into which pictures are put."""

    #: Pictures are read with libraries that a gateway may lack.
    needs_vision: ClassVar[bool] = True

    folder: str = required(
        "Folder to watch; read pictures go to done in it, the others to failed.", example='"/srv/in"', path=True
    )
    formats: tuple[str, ...] = option(USUAL, "Symbologies to look for.")
    region: str = option("", "Part to look at: left, top, width and height as shares, such as `0.2,0.3,0.6,0.4`.")
    poll_ms: int = option(500, "Pause between two looks into the folder.", low=20, high=60_000)
    stable_ms: int = option(1000, "A file is whole once its size and time stay for so long.", low=0, high=600_000)
    patience_s: float = option(20.0, "Time after which a picture that is not read yet is given up.", low=1, high=600)
    max_pixels: int = option(50_000_000, "Larger pictures are refused unread.", low=10_000, high=400_000_000)
    keep_days: float = option(30.0, "Days after which pictures in done and failed are deleted.", low=0.01, high=3650)
    keep_bytes: int = option(
        1_000_000_000, "Bytes that each of done and failed may take; the oldest go first.", low=0, high=10**13
    )

    def check(self) -> list[str]:
        """The mistakes that only show in the values themselves."""
        mistakes = [] if self.folder else [_('folder: empty. Write its path, such as "/srv/pictures".')]
        return mistakes + _format_mistakes(self.formats) + _region_mistakes(self.region)


def region_of(text: str) -> tuple[float, float, float, float]:
    """Left, top, width and height as shares of the frame; the whole for an empty text. Raises ValueError.

    >>> region_of("0.25,0,0.5,1")
    (0.25, 0.0, 0.5, 1.0)
    """
    if not text:
        return _WHOLE
    left, top, width, height = (float(part) for part in text.split(","))
    inside = left >= 0 and top >= 0 and width > 0 and height > 0 and left + width <= 1 and top + height <= 1
    if not inside:
        raise ValueError(text)
    return left, top, width, height


def _region_mistakes(text: str) -> list[str]:
    try:
        region_of(text)
    except ValueError:
        sentence = _("region: expected four shares that lie within the frame, such as {example}, got {got}.")
        return [sentence.format(example='"0.2,0.3,0.6,0.4"', got=toml(text))]
    return []


def _format_mistakes(formats: tuple[str, ...]) -> list[str]:
    unknown = [name for name in formats if name not in FORMATS]
    if formats and not unknown:
        return []
    sentence = _("formats: expected some of {known}, got {got}.")
    return [sentence.format(known=", ".join(FORMATS), got=", ".join(unknown) or "[]")]
