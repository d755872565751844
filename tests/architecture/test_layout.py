"""The tree stays the house plan: few rooms, small files, nothing foreign in them."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

from orderlight import __version__

ROOT = Path(__file__).parents[2]
PACKAGES = ("orderlight", "gateway", "server", "simulators")
#: Tables of facts, which read best whole.
TABLES_OF_FACTS = {
    "orderlight/autoid/application_identifiers.py",
    "server/tracking/words.py",
    "server/migrations/versions/0001_the_first_schema.py",
}
LONGEST_FILE = 300


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines()]


def _sources() -> list[Path]:
    return [path for package in PACKAGES for path in _tracked(f"{package}/*.py")]


def test_the_program_tells_the_version_that_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert __version__ == project["version"]


def test_no_source_file_is_too_long_to_read_at_once() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in _sources()
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    }

    assert {name: lines for name, lines in long.items() if name not in TABLES_OF_FACTS} == {}


def test_every_module_says_in_a_sentence_what_lives_in_it() -> None:
    silent = [str(path.relative_to(ROOT)) for path in _sources() if not ast.get_docstring(ast.parse(path.read_text()))]

    assert silent == []


def test_no_test_folder_is_a_package() -> None:
    assert _tracked("tests/*__init__.py") == []


def test_no_file_names_a_path_of_one_machine() -> None:
    # Written in pieces so that this file does not find itself.
    forbidden = re.compile("|".join(("/wor" + r"k/", "/roo" + r"t/", "/hom" + r"e/\w")))
    found = []
    for path in _tracked():
        if path.suffix in {".wav", ".png", ".ico", ".lock"}:
            continue
        found += [f"{path.relative_to(ROOT)}:{n}" for n, line in _lines(path) if forbidden.search(line)]

    assert found == []


def _lines(path: Path) -> list[tuple[int, str]]:
    return list(enumerate(path.read_text(encoding="utf-8").splitlines(), 1))
