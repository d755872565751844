"""The gateway's page has the house's tokens by copy, for it ships without the server; the copy must not drift."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "gateway/page/static/page.css"
TOKENS = ROOT / "server/web/static/css/tokens.css"
_TOKEN = re.compile(r"(--[a-z0-9-]+):\s*([^;]+);")


def tokens(css: str, beginning: str) -> dict[str, str]:
    """The tokens of the first block that begins so."""
    found = re.search(re.escape(beginning) + r"\s*\{(.*?)\}", css, re.DOTALL)
    assert found is not None, beginning
    return dict(_TOKEN.findall(found[1]))


def test_the_light_tokens_of_the_gateways_page_are_the_servers() -> None:
    ours, theirs = tokens(PAGE.read_text(), ":root"), tokens(TOKENS.read_text(), ":root")

    assert len(ours) >= 20
    assert ours == {name: theirs.get(name) for name in ours}


def test_the_dark_tokens_of_the_gateways_page_are_the_servers() -> None:
    dark = PAGE.read_text().partition("prefers-color-scheme: dark")[2]
    ours, theirs = tokens(dark, ":root"), tokens(TOKENS.read_text(), ':root[data-theme="dark"]')

    assert len(ours) >= 15
    assert ours == {name: theirs.get(name) for name in ours}
