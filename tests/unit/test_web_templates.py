"""What the templates must keep to: every visible word can be translated, and nothing is styled or scripted inline."""

import re
from pathlib import Path

import pytest

from server.web.rendering import environment
from server.web.static_files import STATIC, TEMPLATES

ALL = sorted(TEMPLATES.rglob("*.html"))
#: Names that are the same in every language.
NAMES = {"Orderlight", "GTIN", "SSCC", "dBm", "EPC", "CSV", "JSON", "ZPL", "GS1", "base"}


def name_of(path: Path) -> str:
    return path.relative_to(TEMPLATES).as_posix()


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_every_template_compiles(path: Path) -> None:
    environment("en").get_template(name_of(path))


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_every_visible_word_can_be_translated(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\{#.*?#\}", " ", text, flags=re.DOTALL)
    text = re.sub(r"\{% block \w*(class|attributes)\w* %\}.*?\{% endblock %\}", " ", text, flags=re.DOTALL)
    text = re.sub(r"<(code|pre|kbd)\b.*?</\1>", " ", text, flags=re.DOTALL)
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", text, flags=re.DOTALL)
    nodes = re.sub(r"(?<!\w)/[a-z/]+", " ", re.sub(r"<[^>]*>", "\n", text))
    words = set(re.findall(r"[A-Za-z]{2,}", re.sub(r"&\w+;", " ", nodes)))

    assert words <= NAMES


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_nothing_is_styled_or_scripted_inline(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)


def test_nothing_is_loaded_from_elsewhere() -> None:
    for path in [*ALL, *STATIC.rglob("*.css"), *STATIC.rglob("*.js")]:
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
        assert not re.search(r"https?://", text), name_of(path) if path in ALL else path.name


def test_every_icon_a_template_names_is_in_the_sprite() -> None:
    known = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text(encoding="utf-8")))

    for path in ALL:
        named = set(re.findall(r'ui\.icon\("([a-z0-9-]+)"', path.read_text(encoding="utf-8")))
        assert named <= known, name_of(path)
