"""The catalogue that translations start from holds every sentence of the program, and no other."""

import re
import subprocess
import sys
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "server/web/locale/messages.pot"
RENEW = (
    "pybabel extract -F server/web/babel.cfg -k N_ --no-location --sort-output --omit-header "
    "-o server/web/locale/messages.pot server"
)


def test_the_catalogue_holds_the_sentences_of_the_program(tmp_path: Path) -> None:
    fresh = tmp_path / "messages.pot"

    arguments = RENEW.replace("server/web/locale/messages.pot", str(fresh)).split()[1:]
    babel = [sys.executable, "-m", "babel.messages.frontend", *arguments]
    subprocess.run(babel, cwd=ROOT, check=True, capture_output=True)

    written, kept = _sentences(fresh), _sentences(CATALOGUE)
    assert (written - kept, kept - written) == (set(), set()), f"Renew the catalogue: .venv/bin/{RENEW}"


def test_the_settings_of_the_extraction_tell_the_same_command() -> None:
    told = re.sub(r"\\\n#\s+", "", (ROOT / "server/web/babel.cfg").read_text())

    assert RENEW in told


def _sentences(path: Path) -> set[object]:
    with path.open("rb") as source:
        return {message.id for message in read_po(source) if message.id}
