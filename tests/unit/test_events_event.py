"""One event: what is taken, what is refused in words, and its content hash."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderlight.events import Event, EventError, EventIdentity, EventKind, storable

SCAN: dict[str, Any] = {
    "v": 1,
    "sequence": 1204,
    "kind": "code_scanned",
    "read_point": "cut-1",
    "reader": "scanner-3",
    "code": "]C1010950600013435221SER42",
    "keys": {"gtin": "09506000134352", "serial": "SER42"},
    "observed_at": "2026-11-22T08:00:00.123456Z",
}
IDENTITY = {"gateway": "gw-hall-1", "epoch": "9f3c2a1788d0e4b2", "sequence": 7}
TAG: dict[str, Any] = {
    "v": 1,
    "sequence": 1,
    "kind": "tag_arrived",
    "observed_at": "2026-11-22T08:00:00.000000Z",
    "epc": "3034257BF7194E4000001A85",
    "antenna": 2,
    "rssi_dbm": -51.5,
    "reads": 12,
    "first_seen_at": "2026-11-22T07:59:59.000000Z",
}


@pytest.mark.parametrize(
    "sent",
    [
        SCAN,
        TAG,
        {**SCAN, "operator": "B7", "clock_suspect": True, "repeat_of": 1200, "raw": "AAEC"},
        {**SCAN, "kind": "undo_requested", "corrects": IDENTITY},
        {**TAG, "reader_time": "2026-11-22T07:00:00.000000Z"},
        {
            "v": 1,
            "sequence": 1,
            "kind": "gateway_started",
            "observed_at": "1970-01-01T00:00:05.000000Z",
            "previous_epoch": "9f3c2a1788d0e4b2",
            "previous_last_sequence": 0,
        },
    ],
)
def test_an_event_reads_back_as_it_was_sent(sent: dict[str, Any]) -> None:
    assert Event.parse(sent).as_json() == sent


def test_a_time_with_another_offset_is_kept_in_utc() -> None:
    event = Event.parse({**SCAN, "observed_at": "2026-11-22T09:00:00+01:00"})

    assert event.observed_at == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert event.as_json()["observed_at"] == "2026-11-22T08:00:00.000000Z"


def test_null_means_that_a_field_does_not_apply() -> None:
    assert Event.parse({**SCAN, "operator": None, "antenna": None, "keys": None}).operator is None


def test_fields_of_a_newer_sender_are_kept() -> None:
    event = Event.parse({**SCAN, "shelf": {"row": 3, "tags": ["a", None, 1.5]}})

    assert event.extra == {"shelf": {"row": 3, "tags": ["a", None, 1.5]}}
    assert event.as_json()["shelf"] == {"row": 3, "tags": ["a", None, 1.5]}


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"sequence": 0}, "sequence", "expected 1 to 9223372036854775807, got 0"),
        ({"sequence": 2**63}, "sequence", "expected 1 to"),
        ({"sequence": True}, "sequence", "expected a whole number, got bool"),
        ({"sequence": "7"}, "sequence", "expected a whole number, got str"),
        ({"sequence": None}, "sequence", "expected sequence, got none"),
        ({"kind": "coffee_made"}, "kind", "expected one of code_scanned"),
        ({"kind": ["code_scanned"]}, "kind", "expected one of code_scanned"),
        ({"v": 2}, "v", "the sender is newer"),
        ({"observed_at": "yesterday"}, "observed_at", "expected an ISO 8601 time"),
        ({"observed_at": "2026-11-22T08:00:00"}, "observed_at", "with its offset from UTC, got none"),
        ({"observed_at": "0001-01-01T00:00:00+14:00"}, "observed_at", "expected a year from 1970 to 2200, got 1"),
        ({"observed_at": "9999-12-31T23:59:59-14:00"}, "observed_at", "got 9999"),
        ({"observed_at": 1763798400}, "observed_at", "expected an ISO 8601 time"),
        ({"code": ""}, "code", "expected 1 to 4096 characters, got 0"),
        ({"code": "A" * 10_000}, "code", "expected 1 to 4096 characters, got 10000"),
        ({"code": "A\x00B"}, "code", "got a NUL or a lone surrogate"),
        ({"code": "A\ud800"}, "code", "got a NUL or a lone surrogate"),
        ({"code": 7}, "code", "expected a text, got int"),
        ({"code": None}, "code", "expected code or raw, got none"),
        ({"keys": ["gtin"]}, "keys", "expected an object of texts, got list"),
        ({"keys": {"gtin": 7}}, "keys.gtin", "expected a text, got int"),
        ({"keys": {str(n): "1" for n in range(65)}}, "keys", "expected at most 64 entries, got 65"),
        ({"operator": "x" * 65}, "operator", "expected 1 to 64 characters, got 65"),
        ({"raw": "not base64!"}, "raw", "expected base64"),
        ({"raw": "A" * 9000}, "raw", "expected base64 of at most 8192 characters"),
        ({"antenna": -1}, "antenna", "expected 0 to 65535, got -1"),
        ({"rssi_dbm": float("inf")}, "rssi_dbm", "expected -200 to 100 dBm, got inf"),
        ({"rssi_dbm": float("nan")}, "rssi_dbm", "expected -200 to 100 dBm, got nan"),
        ({"rssi_dbm": "-50"}, "rssi_dbm", "expected a number, got str"),
        ({"clock_suspect": "yes"}, "clock_suspect", "expected true or false, got str"),
        ({"kind": "tag_left"}, "epc", "Failed to read a tag_left event: expected epc, got none"),
        ({"kind": "correction"}, "corrects", "expected corrects, got none"),
        ({"kind": "correction", "corrects": {**IDENTITY, "epoch": "X"}}, "corrects", "16 lower-case hexadecimal"),
        ({"corrects": 7}, "corrects", "expected an object, got int"),
        ({"epc": "xyz"}, "epc", "expected hexadecimal digits"),
        ({"epc": "A" * 200}, "epc", "expected at most 124 digits, got 200"),
        ({"shelf": "A\x00"}, "shelf", "without NUL"),
        ({"shelf": [[[[[[[[[[1]]]]]]]]]]}, "shelf", "expected at most 8 levels"),
        ({"shelf": float("inf")}, "shelf", "expected a finite number"),
        ({"x" * 70: 1}, "field name", "expected 1 to 64 characters"),
    ],
)
def test_a_bad_field_is_named_with_expected_and_got(changed: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(EventError, match=r"[Ff]ailed to read") as caught:
        Event.parse({**SCAN, **changed})

    assert caught.value.field == field
    assert words in str(caught.value)
    assert str(caught.value).isascii()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("sent", [None, [], "event", 7])
def test_what_is_no_object_is_no_event(sent: Any) -> None:
    with pytest.raises(EventError, match="expected an object"):
        Event.parse(sent)


def test_too_many_unknown_fields_are_refused() -> None:
    with pytest.raises(EventError, match="expected at most 64 unknown fields, got 65"):
        Event.parse({**SCAN, **{f"x{n}": n for n in range(65)}})


def test_equal_content_has_an_equal_hash_whatever_the_order_and_offset() -> None:
    turned = dict(reversed(SCAN.items()))
    turned["observed_at"] = "2026-11-22T09:00:00.123456+01:00"

    assert Event.parse(turned).content_hash() == Event.parse(SCAN).content_hash()
    assert len(Event.parse(SCAN).content_hash()) == 16


@pytest.mark.parametrize("changed", [{"code": "X"}, {"sequence": 1205}, {"operator": "B7"}, {"keys": {}}, {"new": 1}])
def test_other_content_has_another_hash(changed: dict[str, Any]) -> None:
    assert Event.parse({**SCAN, **changed}).content_hash() != Event.parse(SCAN).content_hash()


def test_an_identity_gives_the_same_number_every_time_and_no_other() -> None:
    identity = EventIdentity.parse(IDENTITY)

    assert identity.as_json() == IDENTITY
    assert identity.uuid() == EventIdentity("gw-hall-1", "9f3c2a1788d0e4b2", 7).uuid()
    assert identity.uuid() != EventIdentity("gw-hall-1", "9f3c2a1788d0e4b2", 8).uuid()
    assert identity.uuid().version == 5


def test_text_that_no_database_holds_is_written_out() -> None:
    assert storable("A\x00B\ud800C") == "A\\x00B\\ud800C"
    assert storable("Größe \x1d") == "Größe \x1d"


names = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=64)
moments = st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
events = st.builds(
    Event,
    sequence=st.integers(1, 2**63 - 1),
    kind=st.just(EventKind.CODE_SCANNED),
    observed_at=moments,
    read_point=st.none() | names,
    code=names,
    keys=st.dictionaries(names, names, max_size=4),
    operator=st.none() | names,
    antenna=st.none() | st.integers(0, 65535),
    rssi_dbm=st.none() | st.floats(-120, 20),
    reads=st.none() | st.integers(0, 1000),
    reader_time=st.none() | moments,
    clock_suspect=st.none() | st.booleans(),
)


@given(events)
def test_any_event_survives_json(event: Event) -> None:
    read = Event.parse(json.loads(json.dumps(event.as_json())))

    assert read == event
    assert read.content_hash() == event.content_hash()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*SCAN, *TAG, "corrects", "raw", "x"]), json_values))
def test_any_object_is_an_event_or_an_event_error(sent: dict[str, Any]) -> None:
    try:
        event = Event.parse({**SCAN, **sent})
    except EventError as error:
        assert str(error)  # noqa: PT017
        return
    json.dumps(event.as_json(), allow_nan=False).encode()
    assert event.observed_at.utcoffset() == timedelta(0)
    assert event.observed_at.tzinfo in (UTC, UTC)
