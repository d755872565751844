"""docs/reference/collections.md tells every address, filter, action and right of the programming interface."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from server.app.routers import routing_table
from server.auth.permissions import DEVICE_PERMISSIONS, KEY_SCOPES, ROLE_PERMISSIONS, VISIT_PERMISSIONS, Permission

REFERENCE = Path(__file__).parents[2] / "docs/reference"
PAGE = (REFERENCE / "collections.md").read_text(encoding="utf-8")
#: Pages that tell the addresses of one matter, which the page of collections leads to.
BESIDE = "".join((REFERENCE / name).read_text(encoding="utf-8") for name in ("events.md", "labels.md"))
BELOW = "/api/v1/"
#: What every list takes.
PAGING = {"after", "before", "limit"}
TABLE = PAGE.split("\n## What there is\n")[1].strip().split("\n\n")[0]


def _row(line: str) -> tuple[str, list[str]]:
    name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
    return name, cells


ROWS = dict(_row(line) for line in TABLE.splitlines()[2:])
_NAMED = re.compile(r"\{\w+\}")
#: The actions of each collection, whatever its parts are called.
PLAIN_ROWS = {_NAMED.sub("{}", name): _NAMED.sub("{}", cells[4]) for name, cells in ROWS.items()}


@pytest.fixture(scope="module")
def doors() -> Mapping[str, Mapping[str, Any]]:
    app = FastAPI()
    app.router.routes += routing_table()
    paths: Mapping[str, Mapping[str, Any]] = app.openapi()["paths"]
    return {path.removeprefix(BELOW): doors for path, doors in paths.items() if path.startswith(BELOW)}


def _words(cell: str) -> set[str]:
    return {re.sub(r" \(.*", "", word.strip()) for word in cell.split(",") if word.strip()}


def _filters(door: Mapping[str, Any]) -> set[str]:
    taken = {one["name"] for one in door.get("parameters", []) if one["in"] == "query"}
    return taken - PAGING


def test_every_list_stands_in_the_table_with_its_filters(doors: Mapping[str, Mapping[str, Any]]) -> None:
    lists = {path: _filters(door["get"]) for path, door in doors.items() if path in ROWS and "get" in door}
    paged = {
        path
        for path, door in doors.items()
        if "{" not in path and "after" in {one["name"] for one in door.get("get", {}).get("parameters", [])}
    }

    assert {path: _words(ROWS[path][1]) for path in lists} == lists
    assert paged - set(ROWS) - {"feed"} == set()


def test_the_table_names_nothing_that_is_not_there(doors: Mapping[str, Mapping[str, Any]]) -> None:
    made = {name for name, cells in ROWS.items() if cells[2].startswith("yes")}
    changed = {name for name, cells in ROWS.items() if cells[3].startswith("yes")}

    assert set(ROWS) - set(doors) == set()
    assert {name for name in ROWS if "post" in doors[name]} == made
    assert {name for name in ROWS if any("patch" in doors[path] for path in _one_of(name, doors))} == changed


def _one_of(name: str, doors: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [path for path in doors if re.fullmatch(re.escape(name) + r"(/\{\w+\})?", path)]


def test_every_action_is_told(doors: Mapping[str, Mapping[str, Any]]) -> None:
    posted = [path for path, door in doors.items() if "post" in door and path not in ROWS]

    assert [path for path in posted if not (_in_table(path) or _in_words(path) or _of_a_customer(path))] == []


def _in_table(path: str) -> bool:
    """Whether the row of its collection names it among the actions."""
    plain = _NAMED.sub("{}", path)
    return any(plain == f"{name}/{{}}/{act}" for name, row in PLAIN_ROWS.items() for act in _words(row))


def _in_words(path: str) -> bool:
    whole = re.escape(_NAMED.sub("{}", path)).replace(r"\{\}", r"[\w{}|]+")
    return re.search(rf"/{whole}\b", PAGE + BESIDE) is not None


def _of_a_customer(path: str) -> bool:
    """Whether the table of what stands beneath a customer names its part and, behind `/{id}/`, what is done."""
    part, _, action = path.removeprefix("customers/{number}/").partition("/{row_id}/")
    row = re.search(rf"^\| [\w, ]*\b{part}\b.*$", PAGE.split("| of a customer |")[1], re.M)
    return row is not None and (not action or f"/{action}`" in PAGE)


def test_every_right_is_told() -> None:
    told = PAGE.split("\n## Who may\n")[1].split("\nWhat each role has:\n")[0]

    assert [right.value for right in Permission if not re.search(rf"^\|.*\b{right.value}\b.*\|", told, re.M)] == []


def test_what_each_role_may_is_told() -> None:
    has = {str(role): set(rights) for role, rights in ROLE_PERMISSIONS.items()} | {
        "a station's screen": set(DEVICE_PERMISSIONS),
        "a visit by a private link": set(VISIT_PERMISSIONS),
        "a key of a program": set(KEY_SCOPES),
    }
    table = PAGE.split("\nWhat each role has:\n")[1].strip().split("\n\n")[0]

    assert {name: _rights(cells[0]) for name, cells in map(_row, table.splitlines()[2:])} == has


def _rights(cell: str) -> set[Permission]:
    named = {Permission(word) for word in re.findall(r"`([^`]+)`", cell)}
    return set(Permission) - named if "all but" in cell else named
