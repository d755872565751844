"""One HTTP answer from its bytes: what is whole is read, and what is not is told."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.uplink.answer import Answer, BrokenAnswer, NoAnswer, read_answer

MOST = 1000


def read(data: bytes) -> Answer:
    return read_answer(io.BytesIO(data), MOST)


def test_a_body_of_known_length_is_read_and_what_follows_is_left() -> None:
    file = io.BytesIO(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: now\r\n\r\n{}HTTP/1.1 503")

    answer = read_answer(file, MOST)

    assert answer == Answer(200, {"content-length": "2", "date": "now"}, b"{}", stays=True)
    assert file.read() == b"HTTP/1.1 503"


def test_chunks_are_joined_and_what_they_say_beside_is_passed_over() -> None:
    head = b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: Chunked\r\n\r\n"

    answer = read(head + b"2;why=not\r\nab\r\nA\r\n0123456789\r\n0\r\nTrailer: yes\r\n\r\n")

    assert (answer.status, answer.body, answer.stays) == (503, b"ab0123456789", True)


def test_without_a_length_the_body_lasts_as_long_as_the_connection() -> None:
    answer = read(b"HTTP/1.1 200 OK\r\n\r\nall of it")

    assert (answer.body, answer.stays) == (b"all of it", False)


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_end_with_their_head(status: int) -> None:
    answer = read(b"HTTP/1.1 %d \r\nContent-Length: 7\r\n\r\n" % status)

    assert (answer.status, answer.body, answer.stays) == (status, b"", True)


def test_what_is_told_beforehand_is_no_answer_yet() -> None:
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"

    answer = read(early + b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")

    assert (answer.status, answer.headers) == (401, {"content-length": "0"})


@pytest.mark.parametrize(
    ("version", "connection", "stays"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: Close\r\n", False),
        (b"1.0", b"", False),
        (b"1.0", b"Connection: Keep-Alive\r\n", True),
    ],
)
def test_a_connection_stays_as_the_server_says(version: bytes, connection: bytes, stays: bool) -> None:
    answer = read(b"HTTP/%s 200 OK\r\n%sContent-Length: 0\r\n\r\n" % (version, connection))

    assert answer.stays is stays


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "expected an answer in HTTP/1.1, got 'SSH-2.0-OpenSSH'"),
        (b"HTTP/2 200\r\n\r\n", "expected an answer in HTTP/1.1"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "expected an answer in HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\nDate: no", "a line of the answer's head has no end"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 20_000 + b"\r\n\r\n", "a line of the answer's head has no end"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 101 + b"\r\n", "more than 100 headers"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "expected a number as Content-Length, got '-1'"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "got '1, 2'"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "unknown Transfer-Encoding"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", "expected the size of a chunk, got '-1'"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", "longer than it says"),
    ],
)
def test_what_is_no_answer_is_told_as_such(data: bytes, words: str) -> None:
    with pytest.raises(NoAnswer, match=words):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        b"Content-Length: 9\r\n\r\n{}",
        b"Transfer-Encoding: chunked\r\n\r\n9\r\n{}",
    ],
)
def test_an_answer_that_breaks_off_is_never_taken_for_a_whole_one(data: bytes) -> None:
    with pytest.raises(BrokenAnswer, match="broke off: 7 bytes of it did not come"):
        read(b"HTTP/1.1 200 OK\r\n" + data)


@pytest.mark.parametrize(
    "data",
    [
        b"Content-Length: 1001\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n3E9\r\n",
        b"\r\n" + b"x" * 1001,
    ],
)
def test_an_answer_beyond_the_limit_is_given_up(data: bytes) -> None:
    with pytest.raises(BrokenAnswer, match="too long: 1,001 bytes so far, expected at most 1,000"):
        read(b"HTTP/1.1 200 OK\r\n" + data)


def test_an_end_before_any_answer_is_a_connection_that_went_stale() -> None:
    with pytest.raises(ConnectionResetError):
        read(b"")


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"]),
)
def test_any_bytes_are_an_answer_or_told_not_to_be(data: bytes, head: bytes) -> None:
    try:
        answer = read(head + data)
    except (NoAnswer, BrokenAnswer, ConnectionResetError):
        return

    assert 200 <= answer.status <= 999
    assert len(answer.body) <= MOST
