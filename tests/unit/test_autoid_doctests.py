"""The examples in the docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from types import ModuleType

import pytest

import gateway.digest
import gateway.identify
import gateway.uplink
import orderlight.autoid
import orderlight.events


def _modules(package: ModuleType) -> list[str]:
    return [f"{package.__name__}.{found.name}" for found in pkgutil.iter_modules(package.__path__)]


@pytest.mark.parametrize(
    "name",
    [
        orderlight.autoid.__name__,
        *_modules(orderlight.autoid),
        *_modules(orderlight.events),
        *_modules(gateway.uplink),
        gateway.identify.__name__,
        gateway.digest.__name__,
    ],
)
def test_the_examples_of_a_module_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
