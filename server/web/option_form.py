"""Options of a product as rows of a form: groups, choices, what choices do, and rules between choices.

>>> slug("Signal red"), slug("56 cm")
('signal-red', '56-cm')
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from server.catalog.design import EffectKind
from server.errors import FieldError, Invalid
from server.messages import N_
from server.web.entry import compact, count_rows, fault_of, rows_of, typed_rows
from server.web.forms import Form
from server.web.page import Page

#: What an effect has under the name of its column.
_KEPT = ("scrap_percent", "work_center", "setup_minutes", "run_minutes", "transfer_quantity", "instructions")
#: The rows of the form, and the columns of which one at least makes a row.
ROWS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "groups": (("key", "name", "required", "default"), ("name",)),
    "choices": (("key", "group", "name", "surcharge"), ("name",)),
    "effects": (
        ("choice", "kind", "thing", "by", "amount", *_KEPT),
        ("choice", "kind", "thing"),
    ),
    "rules": (("first", "kind", "second"), ("first", "second")),
}
_PARTS = (EffectKind.ADD_PART, EffectKind.REPLACE_PART, EffectKind.REMOVE_PART)
_BETWEEN = ": "


def slug(name: str) -> str:
    """The key of a thing that has a name only."""
    decomposed = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", decomposed).strip("-")[:40].strip("-") or "x"


def compact_options(form: Form) -> Form:
    """The form with its rows numbered anew, the empty ones left out."""
    for prefix, (columns, marks) in ROWS.items():
        form = compact(form, prefix, columns, marks=marks)
    return form


def spare_rows(form: Form, *, spare: int) -> dict[str, int]:
    """How many rows of each kind to show."""
    return {prefix: count_rows(form, prefix, spare=spare) for prefix in ROWS}


# --- from what is stored to what is typed ---


def typed_options(content: Mapping[str, Any]) -> dict[str, str]:
    """Stored options as a form would bring them."""
    groups, choices, effects = [], [], []
    names: dict[tuple[str, str], str] = {}
    for option in content["options"]:
        groups.append(_typed_group(option))
        for choice in option["choices"]:
            label = f"{option['name']}{_BETWEEN}{choice['name']}"
            names[option["key"], choice["key"]] = label
            choices.append(_typed_choice(option["name"], choice))
            effects += [{"choice": label, **_typed_effect(effect)} for effect in choice["effects"]]
    rules = [
        {
            "first": names.get((rule["option"], rule["choice"]), ""),
            "kind": rule["kind"],
            "second": names.get((rule["other_option"], rule["other_choice"]), ""),
        }
        for rule in content["option_rules"]
    ]
    return (
        typed_rows("groups", groups)
        | typed_rows("choices", choices)
        | typed_rows("effects", effects)
        | typed_rows("rules", rules)
    )


def _typed_group(option: Mapping[str, Any]) -> dict[str, str]:
    by_key = {choice["key"]: choice["name"] for choice in option["choices"]}
    need = "1" if option["required"] else "0"
    return {
        "key": option["key"],
        "name": option["name"],
        "required": need,
        "default": by_key.get(option["default"], ""),
    }


def _typed_choice(group: str, choice: Mapping[str, Any]) -> dict[str, str]:
    surcharge = "" if choice["surcharge"] == "0" else choice["surcharge"]
    return {"key": choice["key"], "group": group, "name": choice["name"], "surcharge": surcharge}


def _typed_effect(effect: Mapping[str, Any]) -> dict[str, Any]:
    amount = effect.get("quantity") if effect["kind"] != EffectKind.ALTER_COST else effect.get("amount")
    kept = {name: effect.get(name) for name in _KEPT}
    return {
        "kind": effect["kind"],
        "thing": effect.get("component") or effect.get("step"),
        "by": effect.get("by") or effect.get("name"),
        "amount": amount,
        **kept,
    }


# --- from what is typed to what can be checked ---


def part_fields(form: Form) -> list[str]:
    """The names of the fields of effects in which a product is named, by its number or name."""
    kinds = [form.text(f"effects.{row}.kind") for row in range(count_rows(form, "effects", spare=0))]
    parts = [row for row, kind in enumerate(kinds) if kind in _PARTS]
    return [f"effects.{row}.{column}" for row in parts for column in ("thing", "by")]


def options_of(page: Page, form: Form) -> dict[str, Any]:
    """The options and rules that the rows of a compact form say; raises Fault for a row that names nothing."""
    faults: list[FieldError] = []
    options: dict[str, dict[str, Any]] = {}
    for row in rows_of(form, "groups", ROWS["groups"][0]):
        name = row.get("name", "")
        key = row.get("key") or slug(name)
        options[name] = {"key": key, "name": name, "required": row.get("required") != "0", "choices": []}
    labels: dict[str, tuple[str, dict[str, Any]]] = {}
    for place, row in enumerate(rows_of(form, "choices", ROWS["choices"][0])):
        option = options.get(row.get("group", ""))
        if option is None:
            message = page.say(N_("Write the name of an option from above."))
            faults.append(FieldError(f"choices.{place}.group", message, "unknown"))
            continue
        name = row.get("name", "")
        choice = {"key": row.get("key") or slug(name), "name": name, "effects": []}
        choice |= {"surcharge": row["surcharge"]} if "surcharge" in row else {}
        option["choices"].append(choice)
        labels[f"{option['name']}{_BETWEEN}{name}".casefold()] = option["key"], choice
    for row in rows_of(form, "groups", ROWS["groups"][0]):
        if "default" in row:
            found = labels.get(f"{row.get('name', '')}{_BETWEEN}{row['default']}".casefold())
            options[row.get("name", "")]["default"] = found[1]["key"] if found else slug(row["default"])
    _add_effects(page, form, labels, faults)
    rules = _rules(page, form, labels, faults)
    if faults:
        raise fault_of(form, Invalid(errors=faults))
    return {"options": list(options.values()), "option_rules": rules}


def _add_effects(
    page: Page, form: Form, labels: Mapping[str, tuple[str, dict[str, Any]]], faults: list[FieldError]
) -> None:
    for place, row in enumerate(rows_of(form, "effects", ROWS["effects"][0])):
        found = labels.get(row.get("choice", "").casefold())
        if found is None:
            faults.append(FieldError(f"effects.{place}.choice", _no_choice(page), "unknown"))
            continue
        if "kind" not in row:
            faults.append(FieldError(f"effects.{place}.kind", page.say(N_("Choose one of the list.")), "missing"))
            continue
        found[1]["effects"].append(_effect(row))


def _effect(row: Mapping[str, str]) -> dict[str, Any]:
    kind = row["kind"]
    effect: dict[str, Any] = {"kind": kind}
    if kind == EffectKind.ALTER_COST:
        return effect | ({"amount": row["amount"]} if "amount" in row else {})
    names = ("component", "by") if kind in _PARTS else ("step", "name")
    effect |= {name: row[column] for name, column in zip(names, ("thing", "by"), strict=True) if column in row}
    if "amount" in row:
        effect["quantity"] = row["amount"]
    return effect | {name: row[name] for name in _KEPT if name in row}


def _rules(
    page: Page, form: Form, labels: Mapping[str, tuple[str, dict[str, Any]]], faults: list[FieldError]
) -> list[dict[str, Any]]:
    rules = []
    for place, row in enumerate(rows_of(form, "rules", ROWS["rules"][0])):
        first, second = (labels.get(row.get(column, "").casefold()) for column in ("first", "second"))
        if first is None or second is None:
            column = "first" if first is None else "second"
            faults.append(FieldError(f"rules.{place}.{column}", _no_choice(page), "unknown"))
            continue
        rules.append(
            {
                "kind": row.get("kind", "requires"),
                "option": first[0],
                "choice": first[1]["key"],
                "other_option": second[0],
                "other_choice": second[1]["key"],
            }
        )
    return rules


def _no_choice(page: Page) -> str:
    return page.say(N_("Write a choice from above with its option, such as Colour: Blue."))
