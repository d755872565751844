"""Who may post, what is refused before its body is read, and what is answered when."""

import base64
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.protocols.http_push import HttpPushOptions, Request, refuse
from gateway.protocols.options import OptionsError
from gateway.protocols.reads import CodeRead, InputChange, Read, Sign, TagRead
from gateway.smoothing import PassageOptions, Smoother
from gateway.sources.http_push import HttpPushSource
from gateway.sources.posts import Posts
from simulators.devices.poster import impinj_body, impinj_input, zebra_body, zebra_input
from simulators.radio import TagSeen

AT = datetime(2026, 11, 27, 8, tzinfo=UTC)
BODY = b'[{"epc": "30751FEB705C5904E3D50D70", "antenna": 1}, {"code": "OLU00113"}]'


def options(**table: object) -> HttpPushOptions:
    return HttpPushOptions.parse({"http_port": 8085, **table})


def status(table: dict[str, object] | None = None, token: str = "", **request: Any) -> int:
    headers = {"content-length": "10", **request.pop("headers", {})}
    known = {"method": "POST", "path": "/", "peer": "10.0.0.7", **request}
    refused = refuse(Request(headers=headers, **known), options(**(table or {})), token)
    return 200 if refused is None else refused.status


class TestRefusals:
    def test_a_plain_post_may_come(self) -> None:
        assert status() == 200
        assert status(path="/?reader=7") == 200
        assert status(method="PUT") == 200

    @pytest.mark.parametrize(
        ("expected", "request_"),
        [
            (404, {"path": "/other"}),
            (405, {"method": "GET"}),
            (411, {"headers": {"content-length": ""}}),
            (411, {"headers": {"content-length": "-1"}}),
            (413, {"headers": {"content-length": "1048577"}}),
            (413, {"headers": {"content-length": "9" * 400}}),
            (415, {"headers": {"content-encoding": "gzip"}}),
        ],
    )
    def test_what_is_no_post_of_ours_is_refused_unread(self, expected: int, request_: dict[str, Any]) -> None:
        assert status(**request_) == expected

    def test_only_allowed_addresses_may_post(self) -> None:
        assert status({"allow": ["10.0.0.8"]}) == 403
        assert status({"allow": ["10.0.0.7"]}) == 200

    def test_the_token_is_shown_as_bearer_or_as_a_basic_password(self) -> None:
        basic = base64.b64encode(b"reader:s3cret").decode()
        for shown, expected in {
            "Bearer s3cret": 200, "bearer s3cret": 200, f"Basic {basic}": 200, "Bearer other": 401, "": 401,
            "Basic c29tZQ": 401, "Basic c2VjcmV0": 401, "Digest s3cret": 401,
        }.items():  # fmt: skip
            assert status(token="s3cret", headers={"authorization": shown}) == expected, shown


class TestOptions:
    def test_an_open_door_needs_a_token_or_addresses(self) -> None:
        with pytest.raises(OptionsError, match=r"Whoever reaches 0\.0\.0\.0 could post; give token_file or allow"):
            options(host="0.0.0.0")
        assert options(host="0.0.0.0", allow=["10.0.0.7"]).allow == ("10.0.0.7",)
        assert options(host="0.0.0.0", token_file="token").token_file == "token"

    def test_every_mistake_is_named(self) -> None:
        with pytest.raises(OptionsError) as caught:
            options(host="here", path="gate", cert_file="a.pem", allow=["there"])

        assert [mistake.split(":")[0] for mistake in caught.value.mistakes] == [
            "host", "allow", "path", "cert_file and key_file belong together"
        ]  # fmt: skip


class TestAnswers:
    """The source without its server: the pipeline's answers decide what the reader is told."""

    def make(self, settle: str, **table: object) -> tuple[HttpPushSource, list[Read]]:
        source = HttpPushSource("gate-1", options(**table))
        emitted: list[Read] = []

        def emit(read: Read) -> None:
            emitted.append(read)
            if settle != "late":
                act = source.refuse if settle == "refuse" and isinstance(read, CodeRead) else source.acknowledge
                act(read)

        source._emit = emit
        return source, emitted

    def test_a_post_is_answered_when_all_of_it_is_stored(self) -> None:
        source, emitted = self.make("store")

        assert source.take(BODY).status == 200
        assert [type(read) for read in emitted] == [TagRead, CodeRead]
        assert source.counters()["waiting"] == 0

    @pytest.mark.parametrize(
        ("preset", "post"), [("impinj_r700", (impinj_input, impinj_body)), ("zebra_iotc", (zebra_input, zebra_body))]
    )
    def test_a_light_barrier_that_is_posted_begins_and_ends_a_passage(self, preset: str, post: Any) -> None:
        told, tags = post
        door = PassageOptions.parse({"trigger": "input", "input_a": 1})
        smoother = Smoother({}, lambda _reader, _antenna: "dock", passages={"gate-1": door})
        source = HttpPushSource("gate-1", options(preset=preset))
        hear: list[InputChange] = []

        def emit(sign: Sign) -> None:
            if isinstance(sign, InputChange):
                hear.append(sign)
                smoother.hear(sign, float(len(hear)))
            else:
                smoother.observe(sign, 1.5, AT)
                source.acknowledge(sign)

        source._emit = emit
        seen = TagSeen("30751FEB705C5904E3D50D70", 1, -55.0)
        answers = [source.take(body).status for body in (
            tags([TagSeen("30751FEB705C5904E3D50D71", 1, -55.0)] * 2, AT), told(1, True, AT), tags([seen, seen], AT),
            told(1, False, AT)
        )]  # fmt: skip

        assert answers == [200] * 4
        assert [(change.pin, change.high) for change in hear] == [(1, True), (1, False)]
        assert {each.reading.read.epc for each in smoother.sweep(9.0, AT)} >= {seen.epc}
        assert source.counters()["inputs"] == 2

    def test_a_refused_read_makes_the_whole_post_come_again(self) -> None:
        source, emitted = self.make("refuse")

        assert source.take(BODY).status == 503
        assert source.take(BODY).status == 503
        assert len(emitted) == 4

    def test_a_post_that_was_answered_late_is_not_read_twice(self) -> None:
        source, emitted = self.make("late", patience_s=1)
        assert source.take(BODY).status == 503
        for read in emitted:
            source.acknowledge(read)

        assert source.take(BODY).status == 200
        assert len(emitted) == 2
        # The reader has its answer now, so the same body after it is a new one.
        threading.Timer(0.02, lambda: [source.acknowledge(read) for read in emitted[2:]]).start()
        assert source.take(BODY).status == 200
        assert len(emitted) == 4

    def test_after_an_answer_that_nobody_heard_the_same_post_is_not_read_twice(self) -> None:
        source, emitted = self.make("store")
        source.unheard(BODY, source.take(BODY))

        assert source.take(BODY).status == 200
        assert len(emitted) == 2

    def test_a_body_without_reads_is_done_at_once(self) -> None:
        source, emitted = self.make("late")

        assert source.take(b'[{"eventType": "inventoryStatus"}]').status == 200
        assert emitted == []

    def test_while_the_device_stops_the_reader_keeps_its_reads(self) -> None:
        assert HttpPushSource("gate-1", options()).take(BODY).status == 503


def test_memory_of_unanswered_posts_is_bounded() -> None:
    posts = Posts()
    for number in range(3000):
        token, post = posts.begin(b"%d" % number, 1)
        posts.unanswered(post)
        posts.stored(token)

    assert posts.known(b"1") is None
    assert posts.known(b"2999") is not None
    assert len(posts) == 0
