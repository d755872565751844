"""The documents lead to files, functions and addresses of the code that are there."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
STEPS = re.findall(r"(?m)^(\d+\..*(?:\n +.*)*)", ARCHITECTURE.split("\n## One scan, followed\n")[1].split("\n## ")[0])
#: What documents name of our own; `orderlight/v1/` is the beginning of topics at a broker.
OURS = re.compile(
    r"(?<![\w/.<-])(?:(?:gateway|server|simulators|tests|tools|docs|deploy)/|orderlight/(?!v1))[\w./-]*[\w/]"
)


def _listed(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines()]


PAGES = _listed("*.md")


def _quoted(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = {path for word in _quoted(page.read_text(encoding="utf-8")) for path in OURS.findall(word)}

    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not _leads(page, link)] == []


def _leads(page: Path, link: str) -> bool:
    path, _, heading = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not heading or heading in _headings(target))


def _headings(page: Path) -> set[str]:
    found = re.findall(r"(?m)^#+ (.*)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in found}


def test_every_decision_that_the_code_names_is_written_down() -> None:
    written = {path.name[:4] for path in _listed("docs/adr/*.md")}
    named = set()
    for path in _listed("*.py", "*.md", "*.toml", "*.sh", "*.css", "*.js", "*.html"):
        named |= set(re.findall(r"\b(?:ADR |adr/)(\d{4})", path.read_text(encoding="utf-8")))

    assert named - written == set()


def test_one_scan_is_followed_through_functions_that_are_where_it_says() -> None:
    assert len(STEPS) == 12
    for step in STEPS:
        words = _quoted(step)
        there = {name for word in words if "/" in word for name in _functions(ROOT / word)}

        assert [word for word in words if word.endswith("()") and word[:-2] not in there] == [], step


def _functions(place: Path) -> Iterator[str]:
    """Every function and `Class.method` of a file, or of all files of a folder, methods under their bare name, too."""
    for path in [place] if place.suffix == ".py" else place.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name
            elif isinstance(node, ast.ClassDef):
                methods = [one.name for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
                yield from (*methods, *(f"{node.name}.{method}" for method in methods))


def test_every_room_stands_in_the_tables_of_the_house() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    rooms = {
        room.strip("() ")
        for contract in contracts
        for layer in [*contract.get("layers", []), *contract.get("exhaustive_ignores", [])]
        for room in layer.split("|")
    }
    tables = "\n".join(line for line in ARCHITECTURE.splitlines() if line.startswith("|"))

    assert sorted(rooms - {"__main__"} - set(_quoted(tables))) == []


def test_every_place_of_a_page_that_the_code_names_is_there() -> None:
    named = [
        (page, heading)
        for path in _listed("*.py")
        for page, heading in re.findall(r'(docs/[\w/-]+\.md), "([^"]+)"', path.read_text(encoding="utf-8"))
    ]

    assert named
    assert [(page, heading) for page, heading in named if f"## {heading}\n" not in (ROOT / page).read_text()] == []
