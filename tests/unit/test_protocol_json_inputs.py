"""Light barriers at a reader's inputs, as readers tell them in JSON."""

import json

import pytest

from gateway.protocols.json_inputs import input_changes
from gateway.protocols.reads import InputChange

IMPINJ = {
    "timestamp": "2026-11-22T08:00:00.123456789Z", "hostname": "impinj-01-23-45", "eventType": "gpiTransition",
    "gpiTransitionEvent": {"gpi": 2, "transition": "high-to-low"},
}  # fmt: skip


def test_an_impinj_reader_tells_the_change() -> None:
    (change,) = input_changes("dock", json.dumps(IMPINJ).encode())

    assert (change.reader, change.pin, change.high) == ("dock", 2, False)
    assert change.reader_time is not None


def test_a_zebra_reader_tells_the_new_level() -> None:
    assert input_changes("dock", b'{"type":"GPI","pin":1,"state":"HIGH"}') == [InputChange("dock", 1, True)]


@pytest.mark.parametrize("joint", ["[%s, %s]", "%s%s"])
def test_changes_in_a_list_or_without_a_separator_keep_their_order(joint: str) -> None:
    high, low = (f'{{"type":"GPI","pin":1,"state":"{level}"}}' for level in ("HIGH", "LOW"))

    told = input_changes("dock", (joint % (high, low)).encode())

    assert [change.high for change in told] == [True, False]


@pytest.mark.parametrize(
    "payload",
    [
        b'{"eventType":"tagInventory","tagInventoryEvent":{"epcHex":"30AA"}}',
        b'{"type":"GPI","pin":1,"state":"FLOATING"}',
        b'{"type":"GPI","pin":true,"state":"HIGH"}',
        b'["GPI"]',
        b'[[{"type":"GPI","pin":1,"state":"HIGH"}]]',
        b'{"type":"GPI"',
        b"\xff\x00",
    ],
)
def test_what_is_no_change_tells_none(payload: bytes) -> None:
    assert input_changes("dock", payload) == []
