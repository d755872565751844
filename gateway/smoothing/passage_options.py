"""When a door's reads are one passage, and which way it went: the [device.passage] table in gateway.toml."""

from collections.abc import Mapping
from dataclasses import dataclass
from gettext import gettext as _

from gateway.protocols.options import option, parse_table


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageOptions:
    """Options of a door. Its tags are told once, at the end of each passage, instead of one by one."""

    trigger: str = option(
        "reads",
        "What begins a passage. reads: the first tag; input: an input of the reader, such as a light barrier.",
        choices=("reads", "input"),
    )
    direction: str = option(
        "none",
        "How the direction is known. antennas: which side hears a tag first; beams: which input is broken first.",
        choices=("none", "antennas", "beams"),
    )
    side_a: str = option("", "Read point of the antennas on one side of the door.")
    side_b: str = option("", "Read point of the antennas on the other side.")
    input_a: int | None = option(None, "Number of the reader's input on side a.", low=0, high=64)
    input_b: int | None = option(None, "Number of the reader's input on side b.", low=0, high=64)
    input_active: str = option("high", "Level of an input while something stands there.", choices=("high", "low"))
    a_to_b: str = option("", "Read point told for tags that went from a to b.")
    b_to_a: str = option("", "Read point told for tags that went from b to a.")
    unsure: str = option("", "Read point told for tags whose direction is not clear; empty: they are only counted.")
    quiet_ms: int = option(
        1000,
        "A passage ends when nothing was read for so long; begun by an input, when all inputs are free and no new "
        "tag came for so long.",
        low=50,
        high=60_000,
    )
    longest_ms: int = option(30_000, "A passage ends after this at the latest.", low=100, high=600_000)
    before_ms: int = option(
        1000, "Tags read so long before the input began a passage belong to it.", low=0, high=10_000
    )
    gap_ms: int = option(
        100, "By how much one side must hear a tag earlier for its direction to be clear.", low=1, high=10_000
    )
    again_after: float = option(
        5.0,
        "Begun by reads: a tag is told again only after so many seconds without a read, so that one parked at the "
        "door is told once.",
        low=0,
        high=3600,
    )

    @classmethod
    def parse(cls, table: Mapping[str, object]) -> "PassageOptions":
        """The options of a [device.passage] table; raises OptionsError."""
        return parse_table(cls, table, common=frozenset())

    def check(self) -> list[str]:
        """The mistakes that only show in several values together."""
        needed = []
        if self.direction == "antennas":
            needed += ["side_a", "side_b"]
        if self.direction == "beams":
            needed += ["input_a", "input_b"]
        elif self.trigger == "input":
            needed.append("input_a")
        if self.direction != "none":
            needed += ["a_to_b", "b_to_a"]
        missing = [key for key in needed if getattr(self, key) in ("", None)]
        return [*map(self._missing, missing), *self._contradictions()]

    def _missing(self, key: str) -> str:
        example = 1 if key.startswith("input") else '"dock-in"'
        return _(
            '{key}: missing. trigger = "{trigger}", direction = "{direction}" need it; add {key} = {example}.'
        ).format(key=key, trigger=self.trigger, direction=self.direction, example=example)

    def _contradictions(self) -> list[str]:
        found = []
        if self.direction == "beams" and self.trigger != "input":
            found.append(_('trigger: beams begin a passage themselves. Write trigger = "input".'))
        for one, other in (("side_a", "side_b"), ("input_a", "input_b")):
            if getattr(self, one) not in ("", None) and getattr(self, one) == getattr(self, other):
                found.append(_("{other}: the same as {one}. Name the other side.").format(other=other, one=one))
        return found

    @property
    def inputs(self) -> tuple[int, ...]:
        """The inputs that it listens to, that of side a first."""
        return tuple(pin for pin in (self.input_a, self.input_b) if pin is not None)

    def told_at(self, direction: str, zone: str) -> str:
        """The read point that a tag is told at; empty where it is only counted."""
        if self.direction == "none":
            return zone
        return {"a_to_b": self.a_to_b, "b_to_a": self.b_to_a}.get(direction, self.unsure)
