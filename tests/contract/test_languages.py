"""A refusal is worded deep in a service; it reaches the reader in the reader's own language, as page and as JSON."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.settings import Settings
from server.web import i18n

NOT_THERE_EN = "There is nothing here for you under this address. Check the number."
NOT_THERE = "Nie ma tu niczego pod tym adresem."
TAKEN = "Klient {number} już istnieje."
CATALOGUE = f"""
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "{NOT_THERE_EN}"
msgstr "{NOT_THERE}"

msgid "There is a customer {{number}} already. Choose another number."
msgstr "{TAKEN}"

msgid "This is too long: %(max_length)s characters at most."
msgstr "Za d\u0142ugie: najwy\u017cej %(max_length)s znak\u00f3w."

msgid "There is no field of this name here."
msgstr "Nie ma tu takiego pola."

msgid "Expected a time zone such as Europe/Berlin, got {{name!r}}."
msgstr "Nieznana strefa: {{name}} \u2013 sprawd\u017a."
"""


@pytest.fixture(autouse=True)
def polish(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A server that speaks Polish, too."""
    folder = tmp_path / "pl/LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text(CATALOGUE, encoding="utf-8")
    monkeypatch.setattr(i18n, "LOCALE", tmp_path)
    monkeypatch.setitem(i18n.LANGUAGES, "pl", "pl_PL")
    i18n.translations.cache_clear()
    yield
    i18n.translations.cache_clear()


def test_a_refusal_of_a_service_speaks_the_language_of_the_person(signed_in: Any) -> None:
    sales = signed_in("sales", language="pl")
    sales.post("/api/v1/customers", json={"number": "C-1", "name": "One"})

    refused = sales.post("/api/v1/customers", json={"number": "C-1", "name": "Two"})

    assert refused.status_code == 409
    assert refused.json()["detail"] == TAKEN.format(number="C-1")


def test_a_program_chooses_the_language_by_accept_language(program: Any) -> None:
    caller = program("customers:read")

    spoken = [
        caller.get("/api/v1/customers/C-404", headers={"Accept-Language": wish}).json()["detail"]
        for wish in ("pl-PL, en;q=0.5", "en, pl;q=0.5", "xx")
    ]

    assert spoken == [NOT_THERE, NOT_THERE_EN, NOT_THERE_EN]


def test_a_wrong_field_is_told_in_the_language_of_the_person(signed_in: Any) -> None:
    admin = signed_in("admin", language="pl")

    answer = admin.patch("/api/v1/site", json={"time_zone": "Mars/Olympus"}, headers={"If-Match": "*"})

    assert answer.json()["errors"][0]["message"] == "Nieznana strefa: Mars/Olympus \u2013 sprawd\u017a."


def test_what_pydantic_finds_wrong_is_told_in_the_language_of_the_person(signed_in: Any) -> None:
    sales = signed_in("sales", language="pl")

    answer = sales.post("/api/v1/customers", json={"name": "x" * 201, "colour": "red"})

    assert {each["field"]: each["message"] for each in answer.json()["errors"]} == {
        "name": "Za d\u0142ugie: najwy\u017cej 200 znak\u00f3w.",
        "colour": "Nie ma tu takiego pola.",
    }


def test_a_page_tells_a_refusal_in_the_language_that_the_browser_chose(signed_in: Any, settings: Settings) -> None:
    sales = signed_in("sales")
    sales.cookies.set(settings.cookie("lang"), "pl")

    page = sales.get("/orders/SO-404", headers={"Accept": "text/html"})

    assert page.status_code == 404
    assert NOT_THERE in page.text
