"""A picture for the demo, drawn here: two frames in a carton with foam between them, seen from above."""

import io

from server.catalog.picture_bytes import Picture, read_picture

_WIDTH, _HEIGHT = 480, 300
_PAPER, _CARTON, _EDGE, _FOAM, _STEEL = (0, 1, 2, 3, 4)
_PALETTE = bytes((247, 243, 233, 201, 160, 106, 138, 100, 54, 226, 229, 232, 61, 74, 92))
#: Left, top, right, bottom, colour; what comes later lies above.
_SHAPES = (
    (20, 20, 460, 280, _EDGE),
    (28, 28, 452, 272, _CARTON),
    (40, 40, 440, 260, _PAPER),
    (40, 138, 440, 162, _FOAM),
    (70, 62, 410, 72, _STEEL),
    (70, 62, 80, 122, _STEEL),
    (240, 62, 250, 122, _STEEL),
    (400, 62, 410, 122, _STEEL),
    (70, 112, 410, 122, _STEEL),
    (70, 178, 410, 188, _STEEL),
    (70, 178, 80, 238, _STEEL),
    (240, 178, 250, 238, _STEEL),
    (400, 178, 410, 238, _STEEL),
    (70, 228, 410, 238, _STEEL),
)


def packed_frames() -> Picture:
    """The picture, checked as everybody's is."""
    from PIL import Image, ImageDraw

    picture = Image.new("P", (_WIDTH, _HEIGHT))
    picture.putpalette(_PALETTE)
    drawing = ImageDraw.Draw(picture)
    for left, top, right, bottom, colour in _SHAPES:
        drawing.rectangle((left, top, right - 1, bottom - 1), fill=colour)
    written = io.BytesIO()
    picture.save(written, "PNG")
    return read_picture(written.getvalue())
