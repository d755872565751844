"""The compiled reader of requests: what it takes, it takes as the full reader does; all the rest it leaves to that."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderlight.events import Batch, Event, EventKind
from orderlight.events.event import as_text
from server.ingest.door import Door
from server.ingest.reads import items_of
from server.ingest.wire import PlainRequest, canonical, read_request

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
PLAIN: dict[str, Any] = {
    "v": 1, "sequence": 7, "kind": "code_scanned", "read_point": "cut-1", "code": "OLU0011P",
    "keys": {"unit": "0011"}, "observed_at": "2026-11-22T08:00:00.123456Z",
}  # fmt: skip
TEXT = st.text(min_size=1, max_size=20)
NAMES = st.text(st.characters(codec="ascii"), min_size=1, max_size=20)
TIMES = st.datetimes(datetime(1965, 1, 1), datetime(2205, 1, 1), timezones=st.just(UTC)).map(as_text) | st.sampled_from(  # noqa: DTZ001 - the zone is the strategy's
    ["2026-11-22T08:00:00Z", "2026-11-22T08:00:00.123456+00:00", "2026-W47-7T08:00:00.123456Z", "soon", 5, None]
)
EVENTS = st.fixed_dictionaries(
    {
        "v": st.sampled_from([1, 1, 1, 2, "1"]),
        "sequence": st.integers(-1, 2**63),
        "kind": st.sampled_from([*(kind.value for kind in EventKind), "dreamt"]),
        "observed_at": TIMES,
    },
    optional={
        "read_point": NAMES | TEXT,
        "code": TEXT | st.sampled_from(["A\x00B", "A\x7f", "\ud800", "x" * 5000]),
        "keys": st.dictionaries(NAMES, TEXT, max_size=3),
        "epc": st.sampled_from(["3034257BF7194E4000001A85", "3034257bf7194e4000001a85", "zz", ""]),
        "rssi_dbm": st.floats(-210, 110) | st.integers(-300, 5) | st.sampled_from([1e-7, -0.0, None, True]),
        "antenna": st.integers(-1, 70000) | st.none(),
        "reads": st.integers(-1, 2**31),
        "first_seen_at": TIMES,
        "reader_time": TIMES,
        "clock_suspect": st.booleans() | st.none(),
        "operator": NAMES,
        "repeat_of": st.integers(0, 5),
        "from_tomorrow": st.integers() | TEXT,
    },
)


def body_of(*events: dict[str, Any], **about: Any) -> bytes:
    """A request with these events."""
    return json.dumps({"gateway": "gw-1", "epoch": "0" * 16, "events": events, **about}).encode()


@given(st.lists(EVENTS, max_size=3))
def test_both_readers_give_the_same_items(events: list[dict[str, Any]]) -> None:
    body, door = body_of(*events), Door(actor="gateway:gw-1")

    found = items_of(read_request(body), door, now=NOW)

    assert found == items_of(Batch.parse(body), door, now=NOW)


@given(EVENTS)
def test_the_canonical_text_is_the_one_that_hashes_are_taken_over(event: dict[str, Any]) -> None:
    request = read_request(body_of(event))

    texts = [canonical(told) for told in request.events]

    for text, full in zip(texts, Batch.parse(body_of(event)).events, strict=True):
        assert text is None or Event.parse(json.loads(text)) == full
        assert text is None or text == json.dumps(full.as_json(), sort_keys=True, separators=(",", ":")).encode()


def test_a_plain_scan_is_read_by_the_compiled_reader() -> None:
    request = read_request(body_of(PLAIN))

    assert isinstance(request, PlainRequest)
    assert request.events[0].observed_at == datetime(2026, 11, 22, 8, 0, 0, 123456, tzinfo=UTC)
    assert Event.parse(request.events[0].as_json()) == Event.parse(PLAIN)


@pytest.mark.parametrize(
    "change",
    [
        {"observed_at": "2026-11-22T09:00:00+01:00"},
        {"corrects": {"gateway": "gw-1", "epoch": "0" * 16, "sequence": 1}, "kind": "undo_requested"},
        {"code": "A\x00B"},
        {"from_tomorrow": 1},
    ],
    ids=["another zone", "an undo", "a NUL", "a new field"],
)
def test_what_is_unusual_goes_to_the_full_reader(change: dict[str, Any]) -> None:
    request = read_request(body_of(PLAIN | change))

    assert isinstance(request, Batch)
    assert len(request.events) + len(request.faults) == 1
