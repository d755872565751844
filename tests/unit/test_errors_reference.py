"""docs/reference/errors.md tells every reason of a refusal with its status."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from server import errors

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8")
#: What errors of single doors say by themselves.
WITH_THEIR_OWN = {"stale", "precondition_required"}
ERRORS = {name: one for name, one in vars(errors).items() if hasattr(one, "default_reason") and "status" in dir(one)}


def _raised() -> Iterator[tuple[str, int]]:
    """Every reason that an error is given by name or says by itself, with its status."""
    for kind in ERRORS.values():
        yield kind.default_reason, kind.status
    for path in (ROOT / "server").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                for word in node.keywords:
                    if word.arg == "reason" and isinstance(word.value, ast.Constant) and word.value.value:
                        yield str(word.value.value), ERRORS[node.func.id].status


def _told() -> Mapping[str, int]:
    rows = re.findall(r"(?m)^\| (`[^|]+`) \| (\d+) \|", PAGE)
    return {reason: int(status) for reasons, status in rows for reason in re.findall(r"`(\w+)`", reasons)}


def test_every_reason_of_a_refusal_is_told_with_its_status() -> None:
    raised = set(_raised())
    told = set(_told().items())

    assert len(raised) > 100
    assert sorted(raised - told) == []
    assert [reason for reason, _status in sorted(told - raised) if reason not in WITH_THEIR_OWN] == []
