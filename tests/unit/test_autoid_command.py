"""The body of `orderlight-gateway identify`: lines in, JSON lines out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identify import run


def _answers(*lines: str, gcp_length: int | None = None) -> list[dict[str, Any]]:
    written: list[str] = []
    run(lines, written.append, gcp_length=gcp_length)
    return [json.loads(text) for text in written]


@pytest.mark.parametrize("escape", ["\\x1d", "\\u001d", "\\u001D", "\x1d"])
def test_escapes_stand_for_their_characters(escape: str) -> None:
    (answer,) = _answers(f"]C110LOT7{escape}21SER42\n")

    assert answer["keys"] == {"lot": "LOT7", "serial": "SER42"}
    assert answer["input"] == "]C110LOT7\x1d21SER42"


def test_a_written_line_end_belongs_to_the_framing() -> None:
    assert _answers("OLU0011P\\r\\n\n")[0]["keys"] == {"unit": "0011"}


def test_a_line_of_tag_memory_is_an_epc_and_is_given_back_as_it_was() -> None:
    (answer,) = _answers("epc:3034257BF7194E4000001A85\r\n")

    assert answer["input"] == "epc:3034257BF7194E4000001A85"
    assert answer["keys"] == {"gtin": "80614141123458", "serial": "6789"}
    assert answer["tag_uri"] == "urn:epc:tag:sgtin-96:1.0614141.812345.6789"


def test_the_length_of_the_company_prefix_is_handed_on() -> None:
    (answer,) = _answers("(01)09506000134352(21)7", gcp_length=7)

    assert answer["epc_uri"] == "urn:epc:id:sgtin:9506000.013435.7"


def test_a_code_that_cannot_be_read_does_not_stop_the_next_line() -> None:
    bad, empty, good = _answers("7032069804989\n", "\n", "9506000134352\n")

    assert "expected check digit 8, got 9" in bad["error"]
    assert "got nothing" in empty["error"]
    assert good["error"] is None


def test_bytes_that_are_not_utf8_come_through_standard_input() -> None:
    (answer,) = _answers(b"Stra\xdfe\n".decode("utf-8", "surrogateescape"))

    assert answer["input"] == "Straße"


@given(st.lists(st.text(st.characters(codec=None)), max_size=5))
def test_every_line_gives_one_line_of_ascii(lines: list[str]) -> None:
    written: list[str] = []

    run(lines, written.append, gcp_length=None)

    assert len(written) == len(lines)
    assert all(text.isascii() and "\n" not in text for text in written)
