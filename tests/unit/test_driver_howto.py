"""The driver that docs/howto/drivers.md shows is one: it parses, reads, and is lost in words."""

import re
from pathlib import Path
from typing import Any

import pytest

from gateway.protocols.options import OptionsError
from gateway.protocols.reads import CodeRead

PAGE = (Path(__file__).parents[2] / "docs/howto/drivers.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code is not None
    found: dict[str, Any] = {"__name__": "our_scale"}
    exec(code[1], found)  # noqa: S102
    return found


def test_it_reads_weights_in_any_pieces(shown: dict[str, Any]) -> None:
    driver = shown["DRIVER"]
    feed = driver.machine("scale-1", driver.options.parse(driver.example))
    stream = b"noise\x02 12.5 kg\x03\x02 12.6 kg\x03"

    reads = [read for at in range(0, len(stream), 3) for read in feed(stream[at : at + 3])]

    assert reads == [CodeRead("scale-1", b" 12.5 kg"), CodeRead("scale-1", b" 12.6 kg")]


def test_it_asks_and_gives_up_in_words(shown: dict[str, Any]) -> None:
    source = shown["make"]("scale-1", shown["ScaleOptions"].parse({"host": "10.0.0.50"}), None)
    machine = source._machine
    machine.open(0.0)

    assert machine.commands() == [b"Q\r"]
    machine.tick(5.0)
    assert machine.dead == "The scale at 10.0.0.50 does not answer: check its power."
    with pytest.raises(OptionsError, match="tcp_port: expected between 1 and 65535, got 0"):
        shown["ScaleOptions"].parse({"host": "10.0.0.50", "tcp_port": 0})


def test_the_page_names_where_its_source_is(shown: dict[str, Any]) -> None:
    assert shown["DRIVER"].source == "our_scale:make"
    assert 'scale = "our_scale:DRIVER"' in PAGE
