"""PNG and JPEG pictures as they are sent to us: decoded, and written anew from what is seen. Pure.

A file's name and declared type prove nothing, so the whole picture is decoded. What is kept was written here: it holds
pixels and colours, and nothing of what a camera or a hand put beside or behind them, such as the place where it was
taken. A picture that lies on its side is turned upright.
"""

import hashlib
import io
import struct
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from server.errors import FieldError, Invalid
from server.messages import translate as _

if TYPE_CHECKING:
    from PIL.Image import Image

#: Bytes of a picture as it is sent.
MAX_BYTES: Final = 2 * 1024 * 1024
#: Pixels of either side.
MAX_SIDE: Final = 4000

#: No other of the library's decoders is tried on a stranger's bytes.
_FORMATS: Final = ("PNG", "JPEG")
#: What the library raises about bytes that are no whole picture; OSError is for both what it does not know and what
#: ends too soon, the others come from its readers of chunks and of notes.
_BROKEN: Final = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, KeyError, IndexError, TypeError)
#: Colours that a JPEG is kept in; others, such as printers' four inks, become red, green and blue.
_JPEG_MODES: Final = ("L", "RGB")
#: What is kept beside the pixels, for it decides what is seen.
_SEEN: Final = ("transparency", "icc_profile")


@dataclass(frozen=True)
class Picture:
    """A picture that was checked."""

    #: Its media type.
    kind: str
    #: In pixels, as it is seen.
    width: int
    height: int
    content: bytes

    @cached_property
    def hash(self) -> str:
        """SHA-256 over what is kept, in hex: its name."""
        return hashlib.sha256(self.content).hexdigest()


def read_picture(data: bytes, *, field: str = "picture") -> Picture:
    """The picture in these bytes; raises Invalid about `field` for another file, a broken one, and one too large."""
    # Only who sends or draws a picture needs the library; a start need not wait for it.
    from PIL import Image, ImageFile

    if len(data) > MAX_BYTES:
        raise _invalid(field, _("A picture may have 2 MB at most; make it smaller first."), "too_large")
    # What draws PDFs tells the library, for the whole process and once it is loaded, to let cut and damaged files pass.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        # Reading the head costs nothing, so a small file that claims to be enormous is not unpacked.
        with Image.open(io.BytesIO(data), formats=_FORMATS) as head:
            size = head.size
            if max(size) <= MAX_SIDE:
                head.verify()
                return _written_anew(data)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(field) from None
    except _BROKEN as broken:
        message = _("Choose a PNG or JPEG picture; this file is neither, or it is damaged.")
        raise _invalid(field, message, "no_picture") from broken
    raise _too_many_pixels(field)


def _written_anew(data: bytes) -> Picture:
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data), formats=_FORMATS) as sent:
        upright = ImageOps.exif_transpose(sent)
        kind, options = ("PNG", {}) if sent.format == "PNG" else ("JPEG", _as_it_was_pressed(sent))
    if kind == "JPEG" and upright.mode not in _JPEG_MODES:
        upright = upright.convert("RGB")
        options.pop("icc_profile")
    # The library writes some of these by itself: a comment, for one.
    upright.info = {name: value for name, value in upright.info.items() if name in _SEEN}
    written = io.BytesIO()
    upright.save(written, kind, **options)
    return Picture(Image.MIME[kind], upright.width, upright.height, written.getvalue())


def _as_it_was_pressed(sent: "Image") -> dict[str, Any]:
    """How a JPEG is written with about the size and the fineness that it came with."""
    from PIL.JpegImagePlugin import JpegImageFile, get_sampling

    assert isinstance(sent, JpegImageFile)
    profile = sent.info.get("icc_profile")
    return {
        "qtables": sent.quantization, "subsampling": get_sampling(sent), "optimize": True, "icc_profile": profile,
    }  # fmt: skip


def _too_many_pixels(field: str) -> Invalid:
    message = _("This picture has more than {most} pixels each way. Make it smaller first.").format(most=MAX_SIDE)
    return _invalid(field, message, "too_many_pixels")


def _invalid(field: str, message: str, reason: str) -> Invalid:
    return Invalid(errors=[FieldError(field, message, reason)])
