"""Light barriers at a reader's inputs, as readers tell them in JSON."""

import json

import pytest

from gateway.protocols.json_inputs import input_change
from gateway.protocols.reads import InputChange

IMPINJ = {
    "timestamp": "2026-11-22T08:00:00.123456789Z", "hostname": "impinj-01-23-45", "eventType": "gpiTransition",
    "gpiTransitionEvent": {"gpi": 2, "transition": "high-to-low"},
}  # fmt: skip


def test_an_impinj_reader_tells_the_change() -> None:
    change = input_change("dock", json.dumps(IMPINJ).encode())

    assert change is not None
    assert (change.reader, change.pin, change.high) == ("dock", 2, False)
    assert change.reader_time is not None


def test_a_zebra_reader_tells_the_new_level() -> None:
    assert input_change("dock", b'{"type":"GPI","pin":1,"state":"HIGH"}') == InputChange("dock", 1, True)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"eventType":"tagInventory","tagInventoryEvent":{"epcHex":"30AA"}}',
        b'{"type":"GPI","pin":1,"state":"FLOATING"}',
        b'{"type":"GPI","pin":true,"state":"HIGH"}',
        b'["GPI"]',
        b'{"type":"GPI"',
        b"\xff\x00",
    ],
)
def test_what_is_no_change_is_none(payload: bytes) -> None:
    assert input_change("dock", payload) is None
