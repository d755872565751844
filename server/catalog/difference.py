"""What differs between two states of one thing, one change a line, for people and programs. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs, such as bom TUBE-34 quantity: 4, then 5. None stands for nothing there."""

    area: str
    what: str
    before: str | None
    after: str | None

    def as_json(self) -> dict[str, Any]:
        """The change for programs."""
        return {"area": self.area, "what": self.what, "before": self.before, "after": self.after}


def of_contents(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """What differs between the contents of two revisions."""
    return [
        *of_rows("bom", before["bom"], after["bom"], key="component"),
        *of_rows("routing", before["routing"], after["routing"], key="step"),
        *of_rows("options", list(_flat(before["options"])), list(_flat(after["options"])), key="what"),
        *of_rows("option_rules", _rules(before["option_rules"]), _rules(after["option_rules"]), key="what"),
    ]


def _flat(options: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Options and choices as rows of one table."""
    for option in options:
        own = {name: option[name] for name in ("name", "required", "default")}
        yield {"what": option["key"], **own}
        for choice in option["choices"]:
            effects = "; ".join(effect_in_short(effect) for effect in choice["effects"])
            yield {
                "what": f"{option['key']}: {choice['key']}",
                "name": choice["name"],
                "surcharge": choice["surcharge"],
                "effects": effects,
            }


def effect_in_short(effect: Mapping[str, Any]) -> str:
    """An effect on one line: replace_part TUBE-34 TUBE-40."""
    return " ".join(str(value) for value in effect.values() if value is not None)


def _rules(rules: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"what": f"{rule['option']} {rule['choice']} {rule['kind']} {rule['other_option']} {rule['other_choice']}"}
        for rule in rules
    ]


def of_fields(
    area: str, before: Mapping[str, Any], after: Mapping[str, Any], names: Sequence[str] | None = None
) -> list[Change]:
    """What differs field by field."""
    wanted = names if names is not None else list(dict.fromkeys((*before, *after)))
    return [
        Change(area, name, _text(before.get(name)), _text(after.get(name)))
        for name in wanted
        if _text(before.get(name)) != _text(after.get(name))
    ]


def of_rows(
    area: str, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], *, key: str
) -> list[Change]:
    """What differs between two tables whose rows have one name each."""
    old, new = ({row[key]: row for row in rows} for rows in (before, after))
    found = []
    for name in dict.fromkeys((*old, *new)):
        was, is_now = old.get(name), new.get(name)
        if was is None or is_now is None:
            found.append(Change(area, str(name), _row(was, key), _row(is_now, key)))
            continue
        found += [
            Change(area, f"{name} {change.what}", change.before, change.after)
            for change in of_fields(area, was, is_now)
        ]
    return found


def _row(row: Mapping[str, Any] | None, key: str) -> str | None:
    if row is None:
        return None
    told = ", ".join(str(value) for name, value in row.items() if name != key and value not in (None, "", "0"))
    return told or str(row[key])


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)
