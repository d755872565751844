"""docs/reference/drivers.md tells every option as the code declares it."""

from pathlib import Path

import pytest

from gateway.protocols import DRIVERS, OptionsError, describe, parse_options
from gateway.protocols.options import describe_options
from gateway.smoothing import PassageOptions, SmoothingOptions

PAGE = (Path(__file__).parents[2] / "docs/reference/drivers.md").read_text(encoding="utf-8")
SMOOTHING = describe_options(SmoothingOptions) + describe_options(PassageOptions)
OPTIONS = [option for driver in describe() for option in driver["options"]] + SMOOTHING  # type: ignore[attr-defined]


def row(option: dict[str, object]) -> str:
    """The option as a row of the page's tables."""
    default = "required" if option["required"] else _literal(option["default"])
    return f"| `{option['name']}` | {option['type']} | {default} | {_allowed(option)} | {option['help']} |"


def _literal(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def _allowed(option: dict[str, object]) -> str:
    if option["choices"]:
        return ", ".join(f"`{choice}`" for choice in option["choices"])  # type: ignore[attr-defined]
    return "" if option["min"] is None else f"{option['min']:,} to {option['max']:,}"


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: str(option["name"]))
def test_every_option_is_told_as_it_is(option: dict[str, object]) -> None:
    assert row(option) in PAGE


@pytest.mark.parametrize("driver", describe(), ids=lambda driver: str(driver["driver"]))
def test_every_driver_has_its_heading_and_its_limitations(driver: dict[str, object]) -> None:
    assert f"\n## {driver['driver']}\n" in PAGE
    for limitation in driver["limitations"]:  # type: ignore[attr-defined]
        assert f"\n- {limitation}" in PAGE


def test_an_unknown_driver_is_answered_with_the_known_ones() -> None:
    with pytest.raises(OptionsError, match=f'driver: expected one of {", ".join(DRIVERS)}, got "seriel"'):
        parse_options("seriel", {})
