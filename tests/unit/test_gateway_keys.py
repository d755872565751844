"""The gateway's key changes, and whatever is cut off in the middle, one of its files opens the server's door."""

import hashlib
import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import enrolment, main
from gateway.config import load
from gateway.uplink.http import Reply, TransportFault
from gateway.uplink.keeper import AGAIN_SECONDS, ENROL_PATH, KeyFault, KeyKeeper, enrol
from gateway.uplink.keyring import Keyring, make_key, prefix_of

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class Server:
    """Judges keys as ours does: a brought key is let in, and its first use ends the one it came with."""

    def __init__(self, key: str) -> None:
        self.live: dict[str, str | None] = {self._hash(key): None}
        self.shown = key
        self.made_at = NOW
        self.code = "ABCD2345"
        self.answer: Reply | None = None
        self.loses_answers = False

    @staticmethod
    def _hash(key: str) -> str:
        return hashlib.sha256(key.split("_", 2)[2].encode()).hexdigest()

    def use_key(self, key: str) -> None:
        self.shown = key

    def post(self, path: str, body: bytes, timeout: float = 10.0) -> Reply:
        reply = self.answer or self._judge(path, json.loads(body))
        if self.loses_answers:
            raise TransportFault("No answer came.")
        return reply

    def _judge(self, path: str, told: dict[str, Any]) -> Reply:
        if path == ENROL_PATH:
            if told.get("code") != self.code:
                return Reply(404, b'{"detail": "This code is wrong.", "reason": "code_ended"}')
            self.live = {told["secret_sha256"]: None}
            return Reply(200, b'{"gateway": "gw-hall-1"}')
        mine = self._hash(self.shown)
        if mine not in self.live:
            return Reply(401, b"{}")
        before = self.live[mine]
        if before is not None:
            self.live.pop(before, None)
            self.live[mine] = None
        if path.endswith("/next-key"):
            self.live.setdefault(told["secret_sha256"], mine)
        return Reply(
            200, json.dumps({"server_time": NOW.isoformat(), "key_made_at": self.made_at.isoformat()}).encode()
        )

    def close(self) -> None:
        pass


class Hall:
    """A gateway's key file, its server, and the heartbeats between."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "gateway.key"
        self.first = make_key()
        self.file.write_text(self.first + "\n")
        self.server = Server(self.first)
        self.now = 0.0
        self.start()

    def start(self) -> None:
        """As after a power cut: what is known is what stands in the file."""
        key = self.file.read_text().strip()
        self.server.use_key(key)
        self.ring = Keyring(self.file, key, self.server.use_key)
        self.keeper = KeyKeeper(self.ring, self.server, gateway="gw-hall-1", days=90, monotonic=lambda: self.now)

    def beat(self) -> int:
        reply = self.server.post("/health", b"{}")
        self.keeper.heed(reply)
        return reply.status

    @property
    def next(self) -> Path:
        return self.file.with_name("gateway.key.next")


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


def test_a_key_that_is_old_is_changed_once_and_only_its_owner_can_read_it(hall: Hall) -> None:
    hall.beat()
    assert hall.ring.key == hall.first
    hall.server.made_at = NOW - timedelta(days=90)

    hall.beat()
    hall.server.made_at = NOW
    hall.beat()

    assert hall.ring.key == hall.server.shown == hall.file.read_text().strip() != hall.first
    assert stat.S_IMODE(hall.file.stat().st_mode) == 0o600
    assert not hall.next.exists()
    assert list(hall.server.live) == [Server._hash(hall.ring.key)], "The old key ended."
    assert hall.keeper.state() == {"prefix": prefix_of(hall.ring.key), "made_at": NOW.isoformat(), "detail": None}


def test_a_person_may_ask_for_another_key(hall: Hall) -> None:
    hall.keeper.ask()
    hall.beat()
    hall.beat()

    assert hall.ring.key != hall.first


def test_a_lost_answer_leaves_both_keys_and_the_same_one_is_brought_again(hall: Hall) -> None:
    hall.server.loses_answers = True
    with pytest.raises(KeyFault, match="No answer"):
        hall.keeper.rotate()
    brought = hall.next.read_text()
    assert hall.ring.key == hall.first
    hall.server.loses_answers = False

    hall.start()
    assert hall.beat() == 200
    hall.keeper.rotate()

    assert hall.file.read_text() == brought
    assert hall.beat() == 200


def cut_before_the_server_hears(hall: Hall) -> None:
    hall.ring.begin()


def cut_before_the_answer(hall: Hall) -> None:
    hall.server.loses_answers = True
    with pytest.raises(KeyFault):
        hall.keeper.rotate()
    hall.server.loses_answers = False


def cut_before_the_file_is_in_place(hall: Hall) -> None:
    """The new key was used already, and the disk forgot the new name of its file."""
    hall.keeper.rotate()
    hall.beat()
    hall.next.write_text(hall.file.read_text())
    hall.file.write_text(hall.first)


def cut_while_the_next_key_is_written(hall: Hall) -> None:
    hall.next.write_text("ol_abc")


@pytest.mark.parametrize(
    "cut",
    [
        cut_before_the_server_hears,
        cut_before_the_answer,
        cut_before_the_file_is_in_place,
        cut_while_the_next_key_is_written,
    ],
)
def test_whenever_the_power_goes_the_gateway_comes_back_and_can_change_its_key(
    hall: Hall, cut: Callable[[Hall], None]
) -> None:
    cut(hall)

    hall.start()
    answers = [hall.beat() for _ in range(3)]
    hall.keeper.ask()
    answers += [hall.beat() for _ in range(2)]

    assert answers[1:] == [200, 200, 200, 200]
    assert hall.file.read_text().strip() == hall.ring.key
    assert hall.ring.key != hall.first
    assert not hall.next.exists()


def test_a_key_that_a_person_put_into_the_file_is_used_when_the_old_one_is_refused(hall: Hall) -> None:
    given = make_key()
    hall.server.live = {Server._hash(given): None}
    hall.file.write_text(given)

    assert [hall.beat(), hall.beat()] == [401, 200]
    assert hall.ring.key == given


def test_a_refused_key_with_no_other_stays_and_is_right_again_later(hall: Hall) -> None:
    live, hall.server.live = hall.server.live, {}
    assert [hall.beat() for _ in range(3)] == [401, 401, 401]

    hall.server.live = live

    assert hall.beat() == 200


def test_a_server_that_takes_no_key_is_asked_an_hour_later_and_the_old_one_goes_on(
    hall: Hall, caplog: pytest.LogCaptureFixture
) -> None:
    hall.server.made_at = NOW - timedelta(days=100)
    old = hall.server._judge("/health", {})
    hall.server.answer = Reply(409, b'{"detail": "gw-hall-1 has two live keys.", "reason": "two_live_keys"}')

    for _ in range(3):
        hall.keeper.heed(old)

    assert [record.message for record in caplog.records].count("key_not_changed") == 1
    assert "two live keys" in str(hall.keeper.state()["detail"])
    hall.server.answer = None
    hall.keeper.heed(old)
    assert hall.ring.key == hall.first
    hall.now += AGAIN_SECONDS
    hall.keeper.heed(old)
    assert hall.ring.key != hall.first


def test_a_folder_that_cannot_be_written_is_said_in_words_and_nobody_is_told_of_a_key(hall: Hall) -> None:
    ring = Keyring(hall.file.parent / "absent" / "gateway.key", hall.first, hall.server.use_key)
    keeper = KeyKeeper(ring, hall.server, gateway="gw-hall-1", days=90)
    keeper.ask()

    keeper.heed(hall.server._judge("/health", {}))

    assert "No such file" in str(keeper.state()["detail"])
    assert len(hall.server.live) == 1
    environment = KeyKeeper(Keyring(None, "k", hall.server.use_key), hall.server, gateway="gw", days=90)
    with pytest.raises(KeyFault, match="ORDERLIGHT_GATEWAY_KEY"):
        environment.rotate()


class TestEnrol:
    def test_a_code_gives_name_key_and_the_beginning_of_gateway_toml(
        self, hall: Hall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(enrolment, "HttpTransport", lambda *_args, **_more: hall.server)
        config = tmp_path / "new" / "gateway.toml"
        config.parent.mkdir()
        words = ["enrol", "--config", str(config), "--server", "https://orders.example/", "--code", "ABCD2345"]

        assert main(words) == 0

        found = load(config, {})
        assert (found.name, found.server.url) == ("gw-hall-1", "https://orders.example")
        assert list(hall.server.live) == [Server._hash(found.server.key)]
        assert stat.S_IMODE((config.parent / "gateway.key").stat().st_mode) == 0o600
        assert found.server.key not in capsys.readouterr().out
        # A second time nothing of a person's file is lost.
        config.write_text("# mine\n")
        assert main(words) == 0
        assert config.read_text() == "# mine\n"

    def test_a_wrong_code_leaves_the_key_that_was_there(
        self, hall: Hall, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(enrolment, "HttpTransport", lambda *_args, **_more: hall.server)
        config = hall.file.with_name("gateway.toml")

        assert main(["enrol", "--config", str(config), "--server", "http://x", "--code", "WRONG234"]) == 1

        assert "This code is wrong." in capsys.readouterr().err
        assert hall.file.read_text().strip() == hall.first
        # Neither a configuration nor a key that nobody knows is left behind.
        assert list(hall.file.parent.iterdir()) == [hall.file]

    @pytest.mark.parametrize("address", ["127.0.0.1:8000", "orders.example", "mqtts://broker.example:8883"])
    def test_an_address_without_http_is_told_and_nothing_is_tried(
        self, address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        config = tmp_path / "gateway.toml"

        assert main(["enrol", "--config", str(config), "--server", address, "--code", "ABCD2345"]) == 2

        assert f'--server is "{address}": expected http:// or https://' in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []

    def test_an_authority_that_is_not_there_is_named(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        words = ["enrol", "--config", str(tmp_path / "gateway.toml"), "--server", "https://x", "--code", "ABCD2345"]

        assert main([*words, "--ca", str(tmp_path / "ca.pem")]) == 2

        assert f"--ca {tmp_path / 'ca.pem'} is not there." in capsys.readouterr().err

    def test_a_code_whose_answer_was_lost_may_be_used_again(self, hall: Hall) -> None:
        hall.server.loses_answers = True
        with pytest.raises(KeyFault):
            enrol(hall.server, hall.ring, "ABCD2345")
        known = list(hall.server.live)
        hall.server.loses_answers = False

        assert enrol(hall.server, hall.ring, "ABCD2345") == "gw-hall-1"
        assert list(hall.server.live) == known

    def test_a_mistyped_code_after_a_lost_answer_keeps_the_key_that_the_server_may_have(self, hall: Hall) -> None:
        hall.server.loses_answers = True
        with pytest.raises(KeyFault):
            enrol(hall.server, hall.ring, "ABCD2345")
        hall.server.loses_answers = False
        with pytest.raises(KeyFault):
            enrol(hall.server, hall.ring, "WRONG234")

        assert enrol(hall.server, hall.ring, "ABCD2345") == "gw-hall-1"

    def test_a_stranger_that_answers_is_no_server_of_ours(self, hall: Hall) -> None:
        for answer in (Reply(200, b"<html>"), Reply(200, b"[]"), Reply(404, b"nothing"), Reply(500, b"")):
            hall.server.answer = answer
            with pytest.raises(KeyFault):
                enrol(hall.server, hall.ring, "ABCD2345")
        assert hall.file.read_text().strip() == hall.first
