"""The examples in the docstrings are true, wherever they stand."""

import doctest
import importlib
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("orderlight", "gateway", "server", "simulators")


def _with_examples() -> list[str]:
    listed = subprocess.run(
        ["git", "grep", "-l", ">>> ", "--", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [
        path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in listed.stdout.splitlines()
        if path.endswith(".py")
    ]


@pytest.mark.parametrize("module", _with_examples())
def test_the_examples_of_a_module_are_true(module: str) -> None:
    found = doctest.testmod(importlib.import_module(module))

    assert found.attempted > 0
    assert found.failed == 0
