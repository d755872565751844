"""The two libraries that decode symbols, behind one shape."""

from functools import lru_cache
from typing import Any, Final

import zxingcpp

from gateway.vision.picture import Grey
from gateway.vision.symbols import UNCHECKED, Found, base_of


@lru_cache(maxsize=16)
def zxing_formats(names: tuple[str, ...]) -> Any:
    """The library's own set of formats."""
    return zxingcpp.barcode_formats_from_str(",".join(names))


def read_fast(picture: Grey, names: tuple[str, ...]) -> list[Found]:
    """zxing-cpp, for symbols that stand upright and dark on light: a third of the time of a thorough search."""
    return _read(picture, names, thorough=False)


def read_thoroughly(picture: Grey, names: tuple[str, ...]) -> list[Found]:
    """zxing-cpp, for symbols in any quarter turn, inverted, or larger than they need be."""
    return _read(picture, names, thorough=True)


def _read(picture: Grey, names: tuple[str, ...], *, thorough: bool) -> list[Found]:
    symbols = zxingcpp.read_barcodes(
        picture, zxing_formats(names), try_rotate=thorough, try_downscale=thorough, try_invert=thorough
    )
    # `bytes`, not `text`: the text is meant for people, with brackets around application identifiers.
    return [_found(symbol) for symbol in symbols if symbol.valid]


def _found(symbol: Any) -> Found:
    name = base_of(symbol.format.name)
    place = symbol.position
    corners = (place.top_left, place.top_right, place.bottom_left, place.bottom_right)
    columns, rows = [corner.x for corner in corners], [corner.y for corner in corners]
    box = (min(columns), min(rows), max(columns), max(rows))
    return Found(name, symbol.symbology_identifier or None, bytes(symbol.bytes), name not in UNCHECKED, box)


# --- the second opinion ---

#: What zbar reads of our formats, by its names. DataBar stays out: zbar 0.23 fails an assertion of its own there.
_ZBAR: Final = {
    "Code128": "CODE128",
    "Code39": "CODE39",
    "Code93": "CODE93",
    "ITF": "I25",
    "Codabar": "CODABAR",
    "EAN13": "EAN13",
    "EAN8": "EAN8",
    "UPCA": "EAN13",
    "QRCode": "QRCODE",
}
#: AIM identifiers that follow from the symbology alone (ISO/IEC 15424). Code 128 and QR Code are not among them: zbar
#: drops the FNC1 that makes them GS1, and a guess would turn plain text into identifiers or the other way round.
_CERTAIN_AIM: Final = {"EAN13": "]E0", "EAN8": "]E4", "Code39": "]A0", "ITF": "]I0", "Codabar": "]F0", "Code93": "]G0"}


def read_again(picture: Grey, names: tuple[str, ...]) -> list[Found]:
    """pyzbar; empty where it, or the system's libzbar0, is not installed."""
    pyzbar = _pyzbar()
    if pyzbar is None:
        return []
    wanted = {getattr(pyzbar.ZBarSymbol, _ZBAR[name]) for name in names if name in _ZBAR}
    if not wanted:
        return []
    symbols = pyzbar.decode(picture, symbols=sorted(wanted, key=lambda symbol: symbol.value))
    return [_from_zbar(symbol.type, bytes(symbol.data)) for symbol in symbols]


def _from_zbar(kind: str, data: bytes) -> Found:
    name = base_of(kind)
    return Found(name, _CERTAIN_AIM.get(name), data, name not in UNCHECKED)


@lru_cache(maxsize=1)
def _pyzbar() -> Any:
    try:
        from pyzbar import pyzbar
    except ImportError:
        # pyzbar says this as well when the shared library libzbar0 is not there; zxing-cpp reads on alone.
        return None
    return pyzbar
