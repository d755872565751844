"""Random inputs by the ten thousand, and a million where ORDERLIGHT_FUZZ_INPUTS says so: what is said of them holds.

Inputs come from a seed, so that one that fails comes again: noise, tag memory, and codes that were right before a sign
was changed, dropped, doubled or swapped, or another's tail was set behind them.
"""

import json
import os
import random
from collections.abc import Iterator

import pytest

from orderlight.autoid import Identification, identify, identify_epc

COUNT = int(os.environ.get("ORDERLIGHT_FUZZ_INPUTS", "12000"))
SEED = int(os.environ.get("ORDERLIGHT_FUZZ_SEED", "20261"))
#: Each process of a test run takes a share of its own.
SHARES = 4

CODES = (
    "(01)09506000134352(10)LOT7(21)SER42",
    "]C10109506000134352" + "10LOT7\x1d21SER42",
    "]d2010950600013435217261231" + "10A\x1d3750",
    "]e00109506000134352392212345\x1d3103001750",
    "]Q3800309506000134352SER\x1d8008261231",
    "]E09506000134352",
    "]J4\\0000260109506000134352",
    "]I109506000134352",
    "[)>\x1e05\x1d0109506000134352\x1d21A\x1e\x04",
    "00095060001343500019",
    "9506000134352",
    "https://example.com/stem/01/09506000134352/10/A%2FB/21/x?17=261231",
    "urn:epc:id:sgtin:0950600.013435.10%2F1",
    "urn:epc:tag:sscc-96:2.0614141.1234567890",
    "urn:epc:idpat:sgtin:0614141.*.*",
    "epc:3034257BF7194E4000001A85",
    "epc:30003034257BF7194E4000001A85",
    "OLU10011O",
    "OLCUNDO8",
)
HEADERS = ("30", "31", "32", "33", "34", "35", "36", "2C", "2D", "2E", "37", "38", "39", "3B", "3C", "3D", "3E", "3F",
           "40", "41", "E2", "F0", "F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "FA", "FB", "FF")  # fmt: skip
LETTERS = "0123456789ABCabc()[]{}|~^%/?=&.:+-\\ \x1d\x1e\x04\x00ŁZ中²٠\ud800"


def mutated(draw: random.Random) -> str:
    """A code that was right, with one to four mistakes of printers, scanners and people."""
    text = draw.choice(CODES)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(text) + 1)
        kind = draw.randrange(6)
        if kind == 0:
            text = text[:place] + draw.choice(LETTERS) + text[place + 1 :]
        elif kind == 1:
            text = text[:place] + text[place + 1 :]
        elif kind == 2:
            text = text[:place] + text[max(place - 1, 0) :]
        elif kind == 3:
            text = text[:place] + text[place + 1 : place + 2] + text[place : place + 1] + text[place + 2 :]
        elif kind == 4:
            text = text[:place] + draw.choice(CODES)[-place:]
        else:
            text = text[:place] + draw.choice(LETTERS) + text[place:]
    return text


def made(draw: random.Random) -> str | bytes:
    """One input."""
    kind = draw.randrange(8)
    if kind == 0:
        return draw.randbytes(draw.randrange(40))
    if kind == 1:
        return "".join(draw.choices(LETTERS, k=draw.randrange(40)))
    if kind == 2:
        return "".join(draw.choices("0123456789", k=draw.randrange(30)))
    if kind == 3:
        return "epc:" + draw.choice(HEADERS) + draw.randbytes(draw.randrange(32)).hex().upper()
    return mutated(draw)


def inputs(share: int) -> Iterator[str | bytes]:
    """The inputs of this share."""
    draw = random.Random(SEED * SHARES + share)
    return (made(draw) for _ in range(COUNT // SHARES))


def comes_back(found: Identification) -> bool:
    """Whether each way in which a sound code may be written says the same keys again."""
    if found.error is not None or found.kind not in ("gs1", "gtin", "sscc", "digital_link"):
        return True
    ways = [way for way in (found.element_string, found.digital_link) if way is not None]
    return all(identify(way).keys == found.keys for way in ways)


@pytest.mark.parametrize("share", range(SHARES))
def test_what_is_said_of_random_inputs_holds(share: int) -> None:
    for code in inputs(share):
        found = identify(code, gcp_length=7, gs_substitutes="|~")

        assert bool(found.keys) or found.error, code
        assert found.kind in ("unknown", *(reading.kind for reading in found.readings[:1])), code
        assert comes_back(found), code
        assert len(found.error or "") < 600, code
        if found.tag_uri is not None:
            # A tag is the same whether its memory or its URI is read.
            assert identify(found.tag_uri).keys == found.keys, code
        assert json.loads(json.dumps(found.as_json()))["kind"] == found.kind, code


@pytest.mark.parametrize("share", range(SHARES))
def test_what_is_said_of_random_tag_memory_holds(share: int) -> None:
    draw = random.Random(SEED * SHARES + share)
    for _ in range(COUNT // SHARES):
        memory = draw.choice(HEADERS) + draw.randbytes(draw.randrange(32)).hex().upper()
        found = identify_epc(memory)

        # What cannot be read is carried as it is.
        assert found.keys == {"epc": memory} if found.error else found.epc_uri or found.digital_link, memory
