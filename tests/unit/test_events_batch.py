"""Whole requests and their receipts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderlight.events import (
    SERVER_MAX_BYTES,
    SERVER_MAX_EVENTS,
    Answer,
    Batch,
    BatchError,
    BatchTooLargeError,
    EventsError,
    Receipt,
    ReceiptError,
    Signal,
    Status,
)

GOOD = {"sequence": 1, "kind": "code_scanned", "code": "OLU0011P", "observed_at": "2026-11-22T08:00:00Z"}
HEAD: dict[str, Any] = {"gateway": "gw-hall-1", "epoch": "9f3c2a1788d0e4b2"}


def _body(*events: object, **changed: object) -> bytes:
    return json.dumps({**HEAD, "events": list(events), **changed}).encode()


def test_a_batch_reads_back_as_it_was_encoded() -> None:
    batch = Batch.parse(_body(GOOD, {**GOOD, "sequence": 2, "code": "10LOT\x1d21S"}))

    assert batch.faults == ()
    assert [event.sequence for event in batch.events] == [1, 2]
    assert Batch.parse(batch.encode()) == batch
    assert batch.encode().isascii()


def test_a_bad_event_is_a_fault_beside_the_good_ones() -> None:
    batch = Batch.parse(_body(GOOD, {**GOOD, "sequence": 2, "code": "A\x00"}, {**GOOD, "sequence": 3}))

    assert [event.sequence for event in batch.events] == [1, 3]
    (fault,) = batch.faults
    assert (fault.position, fault.sequence, fault.field) == (1, 2, "code")
    assert fault.raw["code"] == "A\x00"
    assert fault.raw_text.isascii()
    assert "\\u0000" in fault.raw_text
    assert "NUL" in fault.reason


@pytest.mark.parametrize("item", [None, 7, "x", [], {}, {"sequence": "1"}, {**GOOD, "sequence": -1}])
def test_an_event_without_a_number_is_a_fault_without_a_number(item: object) -> None:
    (fault,) = Batch.parse(_body(item)).faults

    assert fault.sequence is None
    assert fault.position == 0


def test_a_number_too_large_for_json_of_ours_is_a_fault_that_can_still_be_kept() -> None:
    body = b'{"gateway":"g","epoch":"9f3c2a1788d0e4b2","events":[{"sequence":4,"rssi_dbm":1e999}]}'

    (fault,) = Batch.parse(body).faults

    assert fault.sequence == 4
    json.loads(fault.raw_text)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "expected JSON"),
        (b"\xff\xfe", "expected JSON"),
        (b"{", "expected JSON"),
        (b"[]", "expected an object, got list"),
        (b'{"a": NaN}', "NaN is not a number"),
        (b"[" * 100_000, "expected JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "expected JSON"),
        (_body(GOOD, gateway="bad name"), "Failed to read gateway 'bad name'"),
        (_body(GOOD, gateway="../etc"), "Failed to read gateway"),
        (_body(GOOD, gateway=None), "Failed to read gateway"),
        (_body(GOOD, epoch="9F3C2A1788D0E4B2"), "expected 16 lower-case hexadecimal digits"),
        (_body(events=None), "expected a list of events, got None"),
        (_body(events={"1": 2}), "expected a list of events, got dict"),
    ],
)
def test_a_fault_of_the_whole_request_is_a_batch_error(body: bytes, words: str) -> None:
    with pytest.raises(BatchError) as caught:
        Batch.parse(body)

    assert words in str(caught.value)
    assert not isinstance(caught.value, BatchTooLargeError)


def test_a_request_beyond_the_limits_is_too_large() -> None:
    with pytest.raises(BatchTooLargeError, match=f"at most {SERVER_MAX_EVENTS} events, got {SERVER_MAX_EVENTS + 1}"):
        Batch.parse(_body(*[GOOD] * (SERVER_MAX_EVENTS + 1)))
    with pytest.raises(BatchTooLargeError, match="bytes"):
        Batch.parse(b" " * (SERVER_MAX_BYTES + 1))


def test_an_empty_batch_is_a_batch() -> None:
    assert Batch.parse(_body()).events == ()


ANSWER = Answer(
    sequence=1204,
    status=Status.APPLIED,
    action="operation_completed",
    subject="U-0011",
    say="Cut done: U-0011, 4 of 20. Next: Weld.",
    signal=Signal.OK,
    undo=True,
    alerts=("Safety part.",),
)


def test_a_receipt_reads_back_as_it_was_encoded() -> None:
    receipt = Receipt("gw-hall-1", "9f3c2a1788d0e4b2", 1204, (ANSWER,))

    assert Receipt.parse(receipt.encode()) == receipt
    assert json.loads(receipt.encode())["results"][0] == {
        "sequence": 1204,
        "status": "applied",
        "action": "operation_completed",
        "subject": "U-0011",
        "say": "Cut done: U-0011, 4 of 20. Next: Weld.",
        "signal": "ok",
        "reason": None,
        "undo": True,
        "alerts": ["Safety part."],
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "eaten"},
        {"signal": None},
        {"sequence": "1"},
        {"say": 7},
        {"reason": ["x"]},
    ],
)
def test_a_receipt_with_a_bad_answer_is_refused_whole(changed: dict[str, object]) -> None:
    body = Receipt("gw-hall-1", "9f3c2a1788d0e4b2", 1204, (ANSWER,)).as_json()
    body["results"][0].update(changed)

    with pytest.raises(ReceiptError, match="Failed to read"):
        Receipt.parse(json.dumps(body).encode())


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[]", b'{"gateway":"g","epoch":"9f3c2a1788d0e4b2"}', b"null"])
def test_what_is_no_receipt_is_refused(body: bytes) -> None:
    with pytest.raises(ReceiptError):
        Receipt.parse(body)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_an_error_of_ours(body: bytes) -> None:
    for read in (Batch.parse, Receipt.parse):
        try:
            read(body)
        except EventsError as error:
            assert str(error)  # noqa: PT017
