"""The gateway's sentences go through gettext, and its catalogue holds all of them."""

import os
import subprocess
import sys
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "gateway/locale/orderlight-gateway.pot"
RENEW = (
    "pybabel extract -k N_ --no-location --sort-output --omit-header -o gateway/locale/orderlight-gateway.pot gateway"
)
GERMAN = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

msgid "en"
msgstr "de"

msgid "Scanner test"
msgstr "Scannerprobe"

msgid "away"
msgstr "fort"
"""
PAGE = """
import gettext, sys
import gateway
gettext.bindtextdomain("orderlight-gateway", sys.argv[1])
from gateway.page.frame import frame
from gateway.page.words import chip
print(frame("gw-1", "/", "gw-1", live=chip("lost")))
"""


def babel(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "babel.messages.frontend", *words], cwd=ROOT, check=True, capture_output=True)


def sentences(path: Path) -> set[object]:
    with path.open("rb") as source:
        return {message.id for message in read_po(source) if message.id}


def test_the_catalogue_of_the_gateway_holds_its_sentences_and_no_other(tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.pot"

    babel(*RENEW.replace("gateway/locale/orderlight-gateway.pot", str(fresh)).split()[1:])

    written, kept = sentences(fresh), sentences(CATALOGUE)
    assert (written - kept, kept - written) == (set(), set()), f"Renew the catalogue: .venv/bin/{RENEW}"


def test_the_handbook_tells_the_command_that_renews_the_catalogue() -> None:
    assert RENEW in (ROOT / "docs/howto/gateway.md").read_text()


def test_the_page_speaks_the_language_of_the_gateways_environment(tmp_path: Path) -> None:
    folder = tmp_path / "de/LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "orderlight-gateway.po").write_text(GERMAN)
    babel("compile", "-D", "orderlight-gateway", "-d", str(tmp_path))

    def page(language: str) -> str:
        told = [sys.executable, "-c", PAGE, str(tmp_path)]
        env = os.environ | {"LANGUAGE": language}
        return subprocess.run(told, cwd=ROOT, env=env, check=True, capture_output=True, text=True).stdout

    assert all(word in page("de") for word in ('lang="de"', "Scannerprobe", "fort"))
    assert all(word in page("en") for word in ('lang="en"', "Scanner test", "away"))
