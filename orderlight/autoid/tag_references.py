"""Tags whose reference has no fixed width and no check digit: assets and parts."""

from __future__ import annotations

from binascii import unhexlify

from orderlight.autoid.characters import reader_of
from orderlight.autoid.identification import Identification
from orderlight.autoid.tag_layouts import Layout, Plan, to_number


def numbered(layout: Layout, prefix: int) -> Plan:
    """The plan of references that are numbers."""
    front, shift, lead, told = layout.front(prefix), layout.tail_bits, str(prefix).zfill(layout.width), layout.told
    # A tag of another length has another front, and no reference here.
    end = min(1 << layout.reference_bits, 10 ** (layout.scheme.characters - layout.width))
    name, second, tail_mask = layout.name, layout.second, (1 << shift) - 1

    def plan(text: str) -> Identification:
        value = to_number(unhexlify(text))
        reference = (value >> shift) - front
        if not 0 <= reference < end:
            raise ValueError("expected a shorter reference")
        made = Identification()
        made.input, made.told = text, told
        if second:
            made.keys = {name: f"{lead}{reference}", second: f"{value & tail_mask}"}
        else:
            made.keys = {name: f"{lead}{reference}"}
        return made

    return plan


def lettered(layout: Layout, prefix: int) -> Plan:
    """The plan of references that are characters, with nothing behind them."""
    # 7 bits do not always divide the field; what is left over stands behind the characters, and is not looked at.
    count, rest = divmod(layout.reference_bits, 7)
    front, shift, end = layout.front(prefix) >> rest, layout.tail_bits + rest, 1 << 7 * count
    lead, told, name, longest = str(prefix).zfill(layout.width), layout.told, layout.name, layout.scheme.characters
    tail_mask, read_reference = (1 << layout.tail_bits) - 1, reader_of(count, 0)

    def plan(text: str) -> Identification:
        value = to_number(unhexlify(text))
        reference = (value >> shift) - front
        if value & tail_mask or not 0 <= reference < end:
            raise ValueError("expected zeros behind the reference")
        digits = lead + read_reference(reference)
        if len(digits) > longest:
            raise ValueError("expected a shorter reference")
        made = Identification()
        made.input, made.keys, made.told = text, {name: digits}, told
        return made

    return plan
