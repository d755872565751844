"""The matrix of faults names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
MATRIX = ROOT / "docs" / "reference" / "faults.md"


def test_every_test_that_the_matrix_of_faults_names_exists() -> None:
    named: list[str] = []
    for row in MATRIX.read_text(encoding="utf-8").splitlines():
        text = ""
        for word in re.findall(r"`([^`]+)`", row):
            if word.startswith("tests/") and word.endswith(".py"):
                text = (ROOT / word).read_text(encoding="utf-8")
            elif word.startswith("test_"):
                assert re.search(rf"^ *(async )?def {word}\(", text, re.MULTILINE), f"There is no {word}: {row}"
                named.append(word)

    assert len(named) == len(set(named))
    assert len(named) > 10


def test_every_file_of_faults_stands_in_the_matrix() -> None:
    matrix = MATRIX.read_text(encoding="utf-8")

    files = sorted(path.name for path in (ROOT / "tests" / "faults").glob("test_*.py"))

    assert [name for name in files if f"tests/faults/{name}" not in matrix] == []
