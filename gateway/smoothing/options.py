"""How eagerly a device's reads become sightings: its [device.smoothing] table in gateway.toml."""

from collections.abc import Mapping
from dataclasses import dataclass
from gettext import gettext as _
from typing import Final

from gateway.protocols.options import option, parse_table, toml


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothingOptions:
    """Options of smoothing. Scans use the first two, tags the others."""

    repeat: str = option(
        "drop",
        "keep: the same code again is a new event (lots, cards, counts); drop: it is one scan.",
        choices=("drop", "keep"),
    )
    repeat_seconds: float = option(
        1.0, "The same code on the same scanner within this time after its last read is a repeat.", low=0, high=3600
    )
    min_reads: int = option(2, "Reads in one zone before a tag counts as there.", low=1, high=50)
    window_ms: int = option(500, "Time within which these reads must come.", low=1, high=60_000)
    rssi_min_dbm: float | None = option(None, "Weaker reads are left out.", low=-120, high=0)
    epc_include: tuple[str, ...] = option((), "Only EPCs that begin with one of these hex digits; empty: all.")
    epc_exclude: tuple[str, ...] = option((), "EPCs that begin with one of these are left out: fixtures, badges.")
    move_threshold_db: float = option(6.0, "A tag moves to a zone that hears it so much louder.", low=0, high=60)
    move_holdoff_ms: int = option(
        500, "Silence in the old zone before the threshold begins to fall.", low=0, high=60_000
    )
    move_slope_db_per_s: float = option(8.0, "How fast the threshold falls after that.", low=0, high=1000)
    departed_after: float = option(30.0, "Seconds without a read after which a tag has left.", low=0.1, high=604_800)

    @classmethod
    def parse(cls, table: Mapping[str, object]) -> "SmoothingOptions":
        """The options of a [device.smoothing] table, EPC prefixes in upper case; raises OptionsError."""
        prefixes = {key: _upper(table[key]) for key in ("epc_include", "epc_exclude") if key in table}
        return parse_table(cls, {**table, **prefixes}, common=frozenset())

    def check(self) -> list[str]:
        """The mistakes that only show in the values themselves."""
        return [
            _('{key}: expected the first hex digits of an EPC such as "3034", got {got}.').format(
                key=key, got=toml(prefix)
            )
            for key in ("epc_include", "epc_exclude")
            for prefix in getattr(self, key)
            if not prefix or set(prefix) - set("0123456789ABCDEF")
        ]


def _upper(value: object) -> object:
    if isinstance(value, str):
        return value.upper()
    if isinstance(value, list):
        return [item.upper() if isinstance(item, str) else item for item in value]
    return value


DEFAULTS: Final = SmoothingOptions()
