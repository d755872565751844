"""How a driver's options are declared once, and read from a table of gateway.toml with every mistake at once."""

import dataclasses
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from gettext import gettext as _
from typing import Any, Self, TypeVar

from gateway.config.near import near_match
from gateway.protocols.reads import CodeRules

# Keys of a [[device]] table that belong to the gateway, not to the driver.
COMMON_KEYS = frozenset({"name", "driver", "read_point", "antenna", "smoothing", "passage"})

_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text in quotes"}
#: How a value looks that only has to lose its quotes.
_BARE = {bool: "true|false", int: r"-?\d+", float: r"-?\d+(\.\d+)?"}
_Options = TypeVar("_Options")


class OptionsError(ValueError):
    """A device's options are wrong; `mistakes` holds one sentence each, with its cure."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class Spec:
    """What one option takes: its sentence for people, its allowed words or its bounds."""

    help: str
    choices: tuple[str | int, ...] = ()
    low: float | None = None
    high: float | None = None
    example: str | None = None
    #: Whether it is a path of a file or a folder; a relative one starts at gateway.toml.
    path: bool = False


def option(default: Any, summary: str, *, choices: tuple[str | int, ...] = (), **limits: Any) -> Any:
    """Declare an optional field of an Options dataclass; `limits` are low, high, example and path of its Spec."""
    metadata = {"spec": Spec(summary, choices, **limits)}
    if isinstance(default, Mapping):
        return dataclasses.field(default_factory=lambda: default, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def required(summary: str, *, example: str, **limits: Any) -> Any:
    """Declare a field that gateway.toml must give; the example shows in the mistake and in the reference."""
    return dataclasses.field(metadata={"spec": Spec(summary, example=example, **limits)})


def paths_of(options: object) -> dict[str, str]:
    """Which of these options name a file or a folder, and which one."""
    fields = dataclasses.fields(options) if dataclasses.is_dataclass(options) else ()
    named = {field.name: getattr(options, field.name) for field in fields if _is_path(field)}
    return {name: value for name, value in named.items() if value}


def _is_path(field: dataclasses.Field[Any]) -> bool:
    return "spec" in field.metadata and field.metadata["spec"].path


def parse_table(cls: type[_Options], table: Mapping[str, object], *, common: frozenset[str] = COMMON_KEYS) -> _Options:
    """Build `cls` from a table; raises OptionsError naming every mistake. `cls.check(options)` adds its own.

    `common` are keys of the same table that belong to someone else.
    """
    mistakes = _unknown_keys(cls, table, common)
    values: dict[str, object] = {}
    hints = typing.get_type_hints(cls)
    for field in _ordered(cls):
        try:
            values.update(_value_of(field, table, hints[field.name]))
        except ValueError as mistake:
            mistakes.append(str(mistake))
            values.update(_stand_in(field, hints[field.name]))
    options = cls(**values)
    check = getattr(options, "check", None)
    mistakes.extend(check() if check is not None else [])
    if mistakes:
        raise OptionsError(mistakes)
    return options


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceOptions:
    """What the options of every driver can do."""

    @classmethod
    def parse(cls, table: Mapping[str, object]) -> Self:
        """The options of a [[device]] table; raises OptionsError with every mistake."""
        return parse_table(cls, table)


@dataclass(frozen=True, slots=True, kw_only=True)
class EpcOptions(DeviceOptions):
    """Options of every device whose codes may be tags too."""

    gcp_length: int | None = option(None, "Company prefix length for EPC forms.", low=6, high=12)

    @property
    def rules(self) -> CodeRules:
        """How decode is to understand this device's codes."""
        return CodeRules(gcp_length=self.gcp_length)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOptions(EpcOptions):
    """Options of every device that hands on the characters of a code."""

    gs_substitutes: str = option("", "Characters sent instead of GS (0x1D), such as `~`.")

    @property
    def rules(self) -> CodeRules:
        """How decode is to understand this device's codes."""
        return CodeRules(self.gs_substitutes, (), self.gcp_length)


def _ordered(cls: type) -> list[dataclasses.Field[Any]]:
    """What a driver has of its own, and then what it shares with others, the most widely shared last."""
    rank = {
        name: at for at, base in reversed([*enumerate(cls.__mro__)]) for name in vars(base).get("__annotations__", ())
    }
    return sorted(dataclasses.fields(cls), key=lambda field: rank[field.name])


def _stand_in(field: dataclasses.Field[Any], kind: Any) -> dict[str, object]:
    """A required value's own example, so that the other mistakes of the table can still be found."""
    if not _is_required(field):
        return {}
    example = tomllib.loads(f"value = {field.metadata['spec'].example}")["value"]
    return {field.name: _typed(field.name, example, kind)}


def _unknown_keys(cls: type, table: Mapping[str, object], common: frozenset[str]) -> list[str]:
    known = [field.name for field in _ordered(cls)]
    return [_unknown(key, known) for key in table if key not in known and key not in common]


def _unknown(key: str, known: list[str]) -> str:
    near = near_match(key, known)
    if near:
        return _('{key}: there is no such option. Write "{near}" instead.').format(key=key, near=near[0])
    return _("{key}: there is no such option. Remove it, or use one of {known}.").format(
        key=key, known=", ".join(known)
    )


def _value_of(field: dataclasses.Field[Any], table: Mapping[str, object], kind: Any) -> dict[str, object]:
    spec: Spec = field.metadata["spec"]
    if field.name not in table:
        if _is_required(field):
            raise ValueError(_("{key}: missing. Add {key} = {example}.").format(key=field.name, example=spec.example))
        return {}
    value = _typed(field.name, table[field.name], kind)
    _check_spec(field.name, value, spec)
    return {field.name: value}


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _typed(key: str, value: object, kind: Any) -> object:
    """The value as the field's type; a whole number is accepted where a fraction may stand."""
    plain = _plain(kind)
    if typing.get_origin(plain) is tuple:
        return _texts(key, value)
    if typing.get_origin(plain) is not None:
        return _text_map(key, value)
    if plain is float and type(value) is int:
        return float(value)
    if type(value) is not plain:
        sentence = _("{key}: expected {expected}, got {got}.")
        raise ValueError(sentence.format(key=key, expected=_KINDS[plain], got=toml(value)) + _cure(key, value, plain))
    return value


def _cure(key: str, value: object, plain: type) -> str:
    """How to write it, where only the quotes are wrong."""
    wants_text = plain is str
    if wants_text == isinstance(value, str) or not isinstance(value, (str, int, float)):
        return ""
    bare = toml(value).strip('"')
    if wants_text:
        return " " + _('Write {key} = "{bare}", in quotes.').format(key=key, bare=bare)
    if re.fullmatch(_BARE[plain], bare):
        return " " + _("Write {key} = {bare}, without quotes.").format(key=key, bare=bare)
    return ""


def _plain(kind: Any) -> Any:
    if isinstance(kind, types.UnionType):
        return next(part for part in kind.__args__ if part is not type(None))
    return kind


def _texts(key: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ValueError(
        _('{key}: expected a list of texts such as ["a", "b"], got {got}.').format(key=key, got=toml(value))
    )


def _text_map(key: str, value: object) -> Mapping[str, str]:
    if isinstance(value, Mapping) and all(isinstance(item, str) for item in value.values()):
        return types.MappingProxyType(dict(value))
    raise ValueError(
        _('{key}: expected a table of texts such as {{ a = "b" }}, got {got}.').format(key=key, got=toml(value))
    )


def _check_spec(key: str, value: object, spec: Spec) -> None:
    if spec.choices and value not in spec.choices:
        raise ValueError(_not_a_choice(key, value, spec))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low = spec.low is not None and value < spec.low
        high = spec.high is not None and value > spec.high
        if low or high:
            raise ValueError(_out_of_bounds(key, value, spec))


def _not_a_choice(key: str, value: object, spec: Spec) -> str:
    near = near_match(str(value).lower(), map(str, spec.choices))
    sentence = _("{key}: expected one of {choices}, got {got}.").format(
        key=key, choices=", ".join(str(choice) for choice in spec.choices), got=toml(value)
    )
    if near and isinstance(spec.choices[0], str):
        sentence += " " + _('Write {key} = "{near}".').format(key=key, near=near[0])
    return sentence


def _out_of_bounds(key: str, value: float, spec: Spec) -> str:
    if spec.low is not None and spec.high is not None:
        expected = _("between {low:g} and {high:g}").format(low=spec.low, high=spec.high)
    elif spec.low is not None:
        expected = _("at least {low:g}").format(low=spec.low)
    else:
        expected = _("at most {high:g}").format(high=spec.high)
    return _("{key}: expected {expected}, got {got:g}.").format(key=key, expected=expected, got=value)


def toml(value: object) -> str:
    """The value roughly as gateway.toml writes it, for sentences."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    return str(value)


def describe_options(cls: type) -> list[dict[str, object]]:
    """Every option as data: name, type, required, default, choices, min, max, help."""
    hints = typing.get_type_hints(cls)
    return [_describe_field(field, hints[field.name]) for field in _ordered(cls)]


def _describe_field(field: dataclasses.Field[Any], kind: Any) -> dict[str, object]:
    spec: Spec = field.metadata["spec"]
    return {
        "name": field.name,
        "type": _type_name(_plain(kind)),
        "required": _is_required(field),
        "default": _default_of(field),
        "choices": list(spec.choices),
        "min": spec.low,
        "max": spec.high,
        "help": spec.help,
    }


def _default_of(field: dataclasses.Field[Any]) -> object:
    if field.default_factory is not dataclasses.MISSING:
        return dict(field.default_factory())
    if field.default is dataclasses.MISSING:
        return None
    return list(field.default) if isinstance(field.default, tuple) else field.default


def _type_name(kind: Any) -> str:
    origin = typing.get_origin(kind)
    if origin is not None:
        return "texts" if origin is tuple else "table"
    return {bool: "flag", int: "integer", float: "number", str: "text"}[kind]
