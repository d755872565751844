"""The gateway's own page: who may see it, what it shows of hostile readers, and what a code means."""

import base64
import contextlib
import http.client
import json
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway import identify
from gateway.config import LocalPageConfig, survey
from gateway.decode import explain
from gateway.page import LocalPage, Recent, Seen, Sight, serving
from gateway.page.door import PageDoor, Request, Response
from gateway.page.recent import KEPT
from gateway.protocols.reads import CodeRead, TagRead
from gateway.sources.listener import Limits

TOKEN = "correct-horse-battery"
STATUS: dict[str, Any] = {
    "gateway": "gw-hall-1",
    "version": "1.2",
    "server": {
        "url": "https://orders.example", "state": "online", "detail": None, "since": "2026-11-22T08:00:00Z",
        "heartbeat": "ok",
    },
    "config": {"state": "current", "sentence": None, "mistakes": []},
    "clock": {"now": "2026-11-22T08:00:00Z", "offset_seconds": 0.1, "suspect": False, "steps": 0},
    "flow": {
        "read": 11, "filtered": 4, "stored": 1234, "own": 9, "sent": 6, "acked": 5, "refused": 0, "failed": 0,
        "set_aside": 0,
    },
    "outbox": {
        "backlog": 3, "oldest_age_seconds": 95.0, "bytes_used": 1, "max_bytes": 100, "set_aside": 0, "shed": 0,
        "full": None, "alarms": [],
    },
    "devices": [
        {
            "name": "scanner-1", "driver": "serial_line", "state": "ready", "detail": None, "last_read_at": None,
            "read": 11, "filtered": 4, "stored": 7, "refused": 0,
        }
    ],
}  # fmt: skip


def changed(**parts: dict[str, Any]) -> dict[str, Any]:
    return STATUS | {name: STATUS[name] | part for name, part in parts.items()}


def door(status: dict[str, Any] = STATUS, recent: Recent | None = None, **config: Any) -> PageDoor:
    page = LocalPageConfig("127.0.0.1", 8737, **config)
    return PageDoor(page, Sight(lambda: status, explain), recent or Recent(), ("gw-box", "gw-box.local"))


def ask(page: PageDoor, path: str = "/", body: bytes | None = None, **headers: str) -> Response:
    path, _question, query = path.partition("?")
    request = Request("GET" if body is None else "POST", path, query, {"host": "127.0.0.1:8737"} | headers)
    return page.refuse(request) or page.answer(request, body or b"")


def seen_text(response: Response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", response.body.decode())).split())


class TestWhoMaySee:
    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1:8737",
            "localhost",
            "[::1]:8737",
            "192.168.7.9:8737",
            "GW-Box.local:8737",
            "gw-box",
            "dock.example",
        ],
    )
    def test_addresses_and_names_of_this_machine_are_answered(self, host: str) -> None:
        assert ask(door(names=("dock.example",)), host=host).status == 200

    @pytest.mark.parametrize("host", ["evil.example", "evil.example:8737", "", "127.0.0.1.evil.example", "localhost@x"])
    def test_a_strangers_name_for_this_machine_is_refused_and_shows_nothing(self, host: str) -> None:
        refused = ask(door(), host=host)

        assert refused.status == 421
        assert b"gw-hall-1" not in refused.body

    @pytest.mark.parametrize("path", ["/", "/codes", "/status.json", "/page.css", "/nowhere"])
    @pytest.mark.parametrize(
        "authorization", ["", "Bearer", "Bearer correct-horse", f"Bearer {TOKEN}x", "Basic !", "Digest " + TOKEN]
    )
    def test_a_missing_or_wrong_token_is_401_everywhere(self, path: str, authorization: str) -> None:
        refused = ask(door(token=TOKEN), path, authorization=authorization)

        assert refused.status == 401
        assert dict(refused.headers)["WWW-Authenticate"].startswith("Basic ")

    @pytest.mark.parametrize(
        "authorization", [f"Bearer {TOKEN}", "Basic " + base64.b64encode(f"who:{TOKEN}".encode()).decode()]
    )
    def test_the_right_token_is_taken_as_bearer_and_as_password(self, authorization: str) -> None:
        assert ask(door(token=TOKEN), authorization=authorization).status == 200

    def test_the_page_can_only_be_looked_at(self) -> None:
        assert ask(door(), "/", b"x").status == 405
        assert ask(door(), "/../gateway.key").status == 404


class TestWhatItShows:
    def test_the_hops_stand_side_by_side_with_backlog_and_its_age(self) -> None:
        text = seen_text(ask(door()))

        for part in (
            "read 11",
            "filtered 4",
            "stored 1,234 on this gateway's disk; 9 of its own beside",
            "sent 6",
            "acknowledged 5",
            "Backlog 3",
            "Oldest 1 min 35 s",
        ):
            assert part in text, part

    @pytest.mark.parametrize(
        ("status", "sentence"),
        [
            (STATUS, "All readers are open, and the server takes what they read."),
            (changed(outbox={"full": "The disk is full."}), "Reads cannot be stored: The disk is full."),
            (changed(server={"state": "offline", "detail": "No route."}), "nothing is lost: 3 wait. No route."),
            (changed(config={"sentence": "Restart it."}), "Restart it."),
            (STATUS | {"devices": []}, "There is no reader yet."),
            (STATUS | {"devices": [STATUS["devices"][0] | {"state": "lost"}]}, "Away: scanner-1, 1 of 1 readers."),
            (STATUS | {"devices": [STATUS["devices"][0] | {"state": "stopped"}]}, "Stopped for now: scanner-1."),
            (STATUS | {"devices": [STATUS["devices"][0] | {"state": "connecting"}]}, "Not open yet: scanner-1."),
            (changed(clock={"suspect": True}), "not confirmed by the server"),
            (changed(config={"state": "refused", "mistakes": ["line 3: no"]}), "has mistakes line 3: no"),
        ],
    )
    def test_one_sentence_says_how_it_is(self, status: dict[str, Any], sentence: str) -> None:
        assert sentence in seen_text(ask(door(status)))

    def test_last_reads_are_shown_with_their_bytes_and_what_they_mean(self) -> None:
        recent = Recent()
        recent.note(Seen(time.time(), CodeRead("scanner-1", b"]C1010950600013435221SER42\x1d10LOT9"), None))
        recent.note(Seen(time.time(), TagRead("scanner-1", "3034257BF7194E4000001A85", 2, -61.5), None))

        for path in ("/", "/codes"):
            text = seen_text(ask(door(recent=recent), path))
            assert "5D 43 31 30 31" in text
            assert "SER42‹GS›10LOT9" in text
            assert "gtin 09506000134352, serial SER42, lot LOT9" in text
            assert "antenna 2, -62 dBm gtin 80614141123458, serial 6789" in text

    def test_what_a_reader_sends_is_text_and_never_markup(self) -> None:
        recent = Recent()
        recent.note(Seen(time.time(), CodeRead("scanner-1", b"<img src=x onerror=alert(1)>\xff\x1b[2J"), None))
        hostile = STATUS | {"devices": [STATUS["devices"][0] | {"detail": "</p><script>alert(1)</script>"}]}

        for path in ("/", "/codes"):
            body = ask(door(hostile, recent), path).body
            assert b"<img" not in body
            assert b"<script>" not in body
            assert b"\x1b" not in body

    def test_a_part_is_what_changes_and_has_no_frame(self) -> None:
        assert b"<html" not in ask(door(), "/?part").body
        assert b"<html" not in ask(door(), "/codes?part", b"code=OLU0011P").body

    def test_the_reads_kept_are_bounded_and_those_of_gone_readers_forgotten(self) -> None:
        recent = Recent()
        for number in range(3 * KEPT):
            recent.note(Seen(number, CodeRead("gone", b"A"), None))
            recent.note(Seen(number, CodeRead("scanner-1", b"%d" % number), None))
        ask(door(recent=recent))

        assert recent.of("gone") == []
        assert [seen.at for seen in recent.of("scanner-1")] == list(range(3 * KEPT - 1, 2 * KEPT - 1, -1))


@pytest.mark.parametrize(
    "line",
    [
        "OLU0011P",
        r"]C1010950600013435221SER42\x1d10LOT9",
        "epc:3034257BF7194E4000001A85",
        "<b>&",
        "",
        "x" * 4000,
        "1" * 14,
    ],
)
def test_a_code_means_on_the_page_what_identify_says(line: str) -> None:
    answer = ask(door(), "/codes", urlencode({"code": line}).encode())

    found = identify.answer(line)
    text = seen_text(answer)
    for value in (*found.keys.values(), found.element_string, found.epc_uri, found.tag_uri, found.digital_link):
        assert value is None or value in text
    assert found.error is None or " ".join(found.error.split()) in text
    assert b"<b>&" not in answer.body


class TestTheSettings:
    HEAD = '[gateway]\nname = "gw"\n[server]\nurl = "http://127.0.0.1:1"\nkey_file = "key"\n'

    def read(self, folder: Path, text: str) -> tuple[LocalPageConfig | None, str]:
        (folder / "key").write_text("glk_test\n")
        path = folder / "gateway.toml"
        path.write_text(self.HEAD + text)
        draft = survey(path, {})
        return draft.config.local_page if draft.config else None, " ".join(map(str, draft.mistakes))

    def test_the_page_is_there_on_loopback_where_its_section_stands(self, tmp_path: Path) -> None:
        assert self.read(tmp_path, "") == (None, "")
        page, _mistakes = self.read(tmp_path, "[local_page]")
        assert page is not None
        assert page.url == "http://127.0.0.1:8737/"

    def test_in_the_network_it_has_a_token(self, tmp_path: Path) -> None:
        (tmp_path / "page.token").write_text(TOKEN + "\n")
        text = '[local_page]\nhost = "0.0.0.0"\nnames = "Dock.example hall"\n'

        page, _mistakes = self.read(tmp_path, text + 'token_file = "page.token"')

        assert page == LocalPageConfig("0.0.0.0", 8737, TOKEN, ("dock.example", "hall"))
        assert TOKEN not in repr(page)

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ('host = "0.0.0.0"', "others in the network could see the page"),
            ('host = "hall"', "expected an address of this machine"),
            ("port = 70000", "expected 1 to 65535"),
            ('token_file = "short"', "holds 3 characters: expected one line of at least 16"),
            ('token_file = "absent"', "cannot be read"),
            ('cert_file = "a.pem"', "cert_file needs cert_key_file beside it"),
            ("prot = 1", 'Did you mean "port"'),
        ],
    )
    def test_each_mistake_is_told_with_its_cure(self, tmp_path: Path, text: str, sentence: str) -> None:
        (tmp_path / "short").write_text("abc\n")

        assert sentence in self.read(tmp_path, "[local_page]\n" + text)[1]


class TestServed:
    @pytest.fixture
    def page(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPage]:
        monkeypatch.setattr(serving, "LIMITS", Limits(connections=2, request_seconds=1.0))
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        page = LocalPage(Sight(lambda: STATUS, explain))
        self.config = LocalPageConfig("127.0.0.1", port)
        page.show(self.config)
        self.until(page, "open")
        yield page
        page.stop()

    @staticmethod
    def until(page: LocalPage, state: str) -> None:
        end = time.monotonic() + 5
        while page.state()["state"] != state:
            assert time.monotonic() < end, page.state()
            time.sleep(0.002)

    def get(
        self, path: str, method: str = "GET", body: str | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.config.port, timeout=5)
        connection.request(method, path, body)
        response = connection.getresponse()
        found = response.status, response.headers, response.read()
        connection.close()
        return found

    def answers(self) -> bool:
        try:
            return self.get("/")[0] == 200
        except (http.client.HTTPException, ConnectionError):
            time.sleep(0.005)
            return False

    def test_over_https_the_page_answers_whoever_trusts_its_certificate(self, page: LocalPage, tmp_path: Path) -> None:
        cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
        made = [
            "openssl",
            "req",
            "-x509",
            "-nodes",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-days",
            "2",
        ]
        named = [
            "-subj",
            "/CN=gateway",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            str(key),
            "-out",
            str(cert),
        ]
        subprocess.run([*made, *named], check=True, capture_output=True)
        self.config = replace(self.config, cert_file=str(cert), cert_key_file=str(key))
        page.show(self.config)
        self.until(page, "open")

        def get(context: ssl.SSLContext) -> tuple[int, bytes]:
            connection = http.client.HTTPSConnection("127.0.0.1", self.config.port, timeout=5, context=context)
            with contextlib.closing(connection):
                connection.request("GET", "/status.json")
                response = connection.getresponse()
                return response.status, response.read()

        status, body = get(ssl.create_default_context(cafile=str(cert)))
        assert (status, json.loads(body)) == (200, STATUS)
        assert str(page.state()["url"]).startswith("https://")
        with pytest.raises(ssl.SSLCertVerificationError):
            get(ssl.create_default_context())
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            self.get("/")

    def test_every_answer_has_the_strict_policy_and_says_good_bye(self, page: LocalPage) -> None:
        for path, status in (("/", 200), ("/page.js", 200), ("/lamp.svg", 200), ("/codes", 200), ("/no", 404)):
            found, headers, body = self.get(path)
            assert found == status
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert "unsafe" not in headers["Content-Security-Policy"]
            assert headers["Connection"] == "close"
            assert not re.search(rb'style="|<script>| on[a-z]+="', body)
        assert json.loads(self.get("/status.json")[2]) == STATUS
        assert self.get("/", "HEAD")[2] == b""

    def test_a_body_beyond_the_limit_is_not_read(self, page: LocalPage) -> None:
        assert self.get("/codes", "POST", "code=" + "x" * 16_384)[0] == 413
        assert b"unit" in self.get("/codes", "POST", "code=OLU0011P")[2]

    def test_connections_that_say_nothing_are_few_and_end(self, page: LocalPage) -> None:
        idle = [socket.create_connection(("127.0.0.1", self.config.port), 5) for _ in range(3)]
        idle[0].sendall(b"GET / HT")

        assert [connection.recv(1) for connection in idle] == [b"", b"", b""]

        assert page.state()["turned_away"] == 1
        # A connection may have ended for us a moment before its place is free.
        assert any(self.answers() for _ in range(100))
        for connection in idle:
            connection.close()

    def test_it_follows_another_configuration_and_a_taken_port_is_a_state(self, page: LocalPage) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            page.show(LocalPageConfig("127.0.0.1", taken.getsockname()[1]))
            self.until(page, "closed")
            end = time.monotonic() + 5
            while page.state()["detail"] is None:
                assert time.monotonic() < end
            assert "Choose a free port" in str(page.state()["detail"])
        page.show(self.config)
        self.until(page, "open")
        page.show(None)
        self.until(page, "off")
        threads = [thread for thread in threading.enumerate() if thread.name == "local-page"]
        assert len(threads) == 1


def test_the_pages_colours_are_the_houses() -> None:
    root = Path(__file__).parents[2]
    house = (root / "server/web/static/css/tokens.css").read_text()
    ours = (root / "gateway/page/static/page.css").read_text()

    def values(text: str, start: str) -> dict[str, str]:
        block = text[text.index(start) :].partition("{")[2].partition("}")[0]
        return dict(re.findall(r"(--[\w-]+): (.+?);", block))

    light, dark = values(house, ":root {"), values(house, ':root[data-theme="dark"]')
    for start, tokens in ((":root {", light), ("  :root {", dark)):
        own = values(ours, start)
        assert own == {name: tokens[name] for name in own}
