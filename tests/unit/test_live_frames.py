"""Topics as pages ask for them, and frames as browsers read them."""

import json

import pytest

from server.errors import Invalid
from server.live import frames
from server.live.topics import MOST_TOPICS, parse_topics


def test_a_page_says_what_it_shows_already() -> None:
    assert parse_topics(["order:SO-1000@17", "board@3", "orders"]) == {"order:SO-1000": 17, "board": 3, "orders": 0}


@pytest.mark.parametrize(
    "text",
    ["", "@1", "order:", "order:SO-1000@x", "order:SO-1000@-1", "order:a b@1", "Ünit@1", "a:b:c@1", "x\n@1",
     "board@1@2", "order:SO-1000@12345678901234567890", "order:SO-1000@٣"],
)  # fmt: skip
def test_what_is_no_topic_is_refused_in_words(text: str) -> None:
    with pytest.raises(Invalid, match="topic@version"):
        parse_topics([text])


def test_a_page_that_watches_nothing_or_too_much_is_refused() -> None:
    with pytest.raises(Invalid, match="Say what to watch"):
        parse_topics([])
    with pytest.raises(Invalid, match=f"at most {MOST_TOPICS}"):
        parse_topics(f"order:SO-{number}@1" for number in range(MOST_TOPICS + 1))


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
def test_a_line_end_in_the_data_never_begins_a_field_of_its_own(line_end: str) -> None:
    sent = frames.frame("fragment", f"one{line_end}event: bye{line_end}{line_end}data: forged")

    assert sent == b"event: fragment\ndata: one\ndata: event: bye\ndata: \ndata: data: forged\n\n"


def test_a_fragment_is_one_line_of_json_whatever_its_html_holds() -> None:
    html = "<p>a\r\nb\rc\u2028 \ud800 中文</p>"

    sent = frames.fragment("order:SO-1000", 18, html)

    head, data, *rest = sent.split(b"\n")
    assert head == b"event: fragment"
    assert rest == [b"", b""]
    shown = json.loads(data.removeprefix(b"data: "))
    assert (shown["topic"], shown["version"]) == ("order:SO-1000", 18)
    assert shown["html"] == html
