"""The server as a process: its commands, its first start, its stop, and what it says when something is wrong."""

import io
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import httpx
import pytest

from server.cli import main
from simulators.services import free_port, wait_for_port

ROOT = Path(__file__).parents[2]
PASSWORD = "a short sentence is good"


class Server:
    """The commands of one server, on a data folder and a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ORDERLIGHT_")},
            "ORDERLIGHT_DATA_DIR": str(folder),
            "ORDERLIGHT_PORT": str(self.port),
        }

    def run(self, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        environment = self.environment | more
        if words[0] == "serve":
            return subprocess.run(
                [sys.executable, "-m", "server", *words],
                env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
            )  # fmt: skip
        # The other commands run in this process, for starting an interpreter takes most of their time.
        told, complained = io.StringIO(), io.StringIO()
        with mock.patch.dict(os.environ, environment, clear=True), redirect_stdout(told), redirect_stderr(complained):
            code = main(words)
        return subprocess.CompletedProcess(words, code, told.getvalue(), complained.getvalue())

    def say(self, *words: str) -> str:
        ended = self.run(*words)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    @contextmanager
    def serving(self) -> Iterator["subprocess.Popen[bytes]"]:
        log = (self.folder / "server.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "server", "serve"],
            env=self.environment,
            cwd=ROOT,
            stderr=log,
            start_new_session=True,
        )
        try:
            wait_for_port(self.port, process, "orderlight-server")
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(timeout=20)
            log.close()

    def log(self) -> str:
        return (self.folder / "server.log").read_text()


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def _client(server: Server) -> httpx.Client:
    return httpx.Client(base_url=server.base, headers={"Origin": server.base}, timeout=20)


def test_from_nothing_to_a_signed_in_administrator(server: Server) -> None:
    said = server.say("init", "--name", "Our works", "--time-zone", "Europe/Berlin", "--admin", "ada")
    link = re.search(r"http\S+/set-password/(\S+)", said)
    assert link is not None
    assert "Our works, Europe/Berlin" in said

    with server.serving(), _client(server) as browser:
        chosen = browser.post("/api/v1/set-password", json={"token": link[1], "password": PASSWORD})
        entered = browser.post("/api/v1/session", json={"login": "ada", "password": PASSWORD})
        me = browser.get("/api/v1/session").json()
        ready = browser.get("/readyz").json()

    assert (chosen.status_code, entered.status_code) == (204, 200)
    assert (me["actor"], me["role"]) == ("user:ada", "admin")
    assert ready["ready"] is True
    assert link[1] not in server.log()
    assert PASSWORD not in server.log()
    assert "nothing was changed" in server.say("init")


def test_a_first_start_makes_its_database_and_says_what_is_missing(server: Server) -> None:
    with server.serving():
        assert httpx.get(f"{server.base}/healthz").json()["status"] == "ok"

    assert (server.folder / "orderlight.db").stat().st_mode & 0o077 == 0
    assert "There is no administrator yet. Run: orderlight-server init" in server.log()


def test_a_database_of_another_version_is_refused_with_the_command_that_helps(server: Server) -> None:
    server.say("init")
    with sqlite3.connect(server.folder / "orderlight.db") as connection:
        connection.execute("DELETE FROM alembic_version")
    connection.close()

    ended = server.run("serve")

    assert ended.returncode == 1
    assert "orderlight-server migrate" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_more_than_one_worker_and_other_mistakes_are_refused_in_sentences(server: Server) -> None:
    ended = server.run("serve", ORDERLIGHT_WORKERS="4", ORDERLIGHT_LOG_LEVEL="loud")

    assert ended.returncode == 78
    assert "one server process, got 4" in ended.stderr
    assert "ORDERLIGHT_LOG_LEVEL" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_taken_port_is_named(server: Server) -> None:
    server.say("init")
    with socket.socket() as other:
        other.bind(("127.0.0.1", server.port))
        other.listen()
        ended = server.run("serve")
        doctor = server.run("doctor")

    assert ended.returncode == 1
    assert f"Port {server.port}" in ended.stderr
    assert "ORDERLIGHT_PORT" in ended.stderr
    assert (doctor.returncode, f"FAIL  port: {server.port}" in doctor.stdout) == (1, True)


def test_a_stop_ends_open_streams_and_takes_two_seconds_at_most(server: Server) -> None:
    server.say("init", "--admin", "ada")
    token = re.search(r"/set-password/(\S+)", server.say("init"))
    assert token is not None
    with server.serving() as process, _client(server) as browser:
        browser.post("/api/v1/set-password", json={"token": token[1], "password": PASSWORD})
        browser.post("/api/v1/session", json={"login": "ada", "password": PASSWORD})
        with browser.stream("GET", "/live", params={"t": "orders@0"}) as stream:
            lines = stream.iter_lines()
            while next(lines) != "event: hello":
                pass

            process.send_signal(signal.SIGTERM)
            rest = list(lines)
        ended = process.wait(timeout=20)

    assert ended == 0
    assert not any("bye" in line for line in rest)
    assert "Traceback" not in server.log()


def test_a_killed_server_starts_again_where_it_was(server: Server) -> None:
    server.say("init")
    server.say("user", "add", "anna", "--name", "Anna", "--role", "sales")
    with server.serving() as process:
        process.kill()
        process.wait()

    with server.serving():
        assert httpx.get(f"{server.base}/readyz").status_code == 200

    assert "anna" in server.say("user", "list")


def test_a_key_made_and_revoked_on_the_command_line_counts_in_a_running_server(server: Server) -> None:
    server.say("init")
    with server.serving():
        key = server.say("key", "add", "--program", "mes", "--scope", "feed:read").splitlines()[0]
        caller = {"Authorization": f"Bearer {key}"}
        assert httpx.get(f"{server.base}/api/v1/feed", headers=caller).status_code == 200

        server.say("key", "revoke", key.split("_")[1])
        deadline = time.monotonic() + 15
        while httpx.get(f"{server.base}/api/v1/feed", headers=caller).status_code == 200:
            assert time.monotonic() < deadline
            time.sleep(0.2)

        assert key.split("_", 2)[2] not in server.say("key", "list")


def test_a_gateway_key_goes_into_a_file_once(server: Server) -> None:
    server.say("init")
    path = server.folder / "gateway.key"

    server.say("key", "add", "--gateway", "gw-hall-1", "--output", str(path))
    first = path.read_text()
    again = server.say("key", "add", "--gateway", "gw-hall-1", "--output", str(path))

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == first
    assert "nothing was changed" in again


def test_people_are_added_reset_disabled_and_listed(server: Server) -> None:
    server.say("init")
    added = server.say("user", "add", "berta", "--name", "Berta", "--role", "operator", "--badge", "17")
    again = server.run("user", "add", "berta", "--name", "Berta", "--role", "operator")
    server.say("user", "disable", "berta")
    listed = server.say("user", "list")
    server.say("user", "enable", "berta")
    reset = server.say("user", "reset", "berta")
    unknown = server.run("user", "reset", "nobody")

    assert "/set-password/" in added
    assert "/set-password/" in reset
    assert (again.returncode, "berta is taken" in again.stderr) == (1, True)
    assert re.search(r"berta .* no ", listed)
    assert (unknown.returncode, "user list" in unknown.stderr) == (1, True)


def test_commands_without_a_database_say_what_to_do(server: Server) -> None:
    for words in (("user", "list"), ("key", "list"), ("rebuild",)):
        ended = server.run(*words)
        assert ended.returncode == 1
        assert "orderlight-server init" in ended.stderr
        assert "Traceback" not in ended.stderr


def test_a_backup_is_taken_while_the_server_runs_and_restored_when_it_is_down(server: Server, tmp_path: Path) -> None:
    server.say("init")
    backup = tmp_path / "backup.db"
    with server.serving():
        server.say("backup", str(backup))
        busy = server.run("restore", str(backup), "--force")
    server.say("user", "add", "later", "--name", "Later", "--role", "sales")
    cautious = server.run("restore", str(backup))
    forced = server.say("restore", str(backup), "--force")

    assert (busy.returncode, "Stop the server first" in busy.stderr) == (1, True)
    assert (cautious.returncode, "--force" in cautious.stderr) == (1, True)
    assert "is kept as" in forced
    assert "later" not in server.say("user", "list")
    kept = next(server.folder.glob("orderlight.db.before-restore-*"))
    with sqlite3.connect(kept) as connection:
        assert connection.execute("SELECT count(*) FROM user_account").fetchone() == (2,)
    connection.close()
    assert backup.stat().st_mode & 0o777 == 0o600


def test_a_backup_that_is_none_is_refused_and_nothing_is_lost(server: Server, tmp_path: Path) -> None:
    server.say("init")
    backup = tmp_path / "backup.db"
    server.say("backup", str(backup))
    cut, foreign, text = tmp_path / "cut.db", tmp_path / "foreign.db", tmp_path / "text.db"
    cut.write_bytes(backup.read_bytes()[:-50_000])
    text.write_text("not a database at all, but a letter" * 100)
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()

    answers = {path: server.run("restore", str(path), "--force") for path in (cut, foreign, text, tmp_path / "none")}

    assert {path: ended.returncode for path, ended in answers.items()} == dict.fromkeys(answers, 1)
    assert not any("Traceback" in ended.stderr for ended in answers.values())
    assert "admin" in server.say("user", "list")
    assert "never overwrites" in server.run("backup", str(backup)).stderr


@pytest.mark.postgres
def test_a_backup_of_postgresql_is_restored_and_the_database_before_is_kept(
    server: Server, postgres_url: str, tmp_path: Path
) -> None:
    server.environment["ORDERLIGHT_DATABASE_URL"] = postgres_url
    backup = tmp_path / "backup.dump"
    server.say("init")
    server.say("backup", str(backup))
    server.say("user", "add", "later", "--name", "Later", "--role", "sales")

    cautious = server.run("restore", str(backup))
    forced = server.say("restore", str(backup), "--force")

    assert (cautious.returncode, "--force" in cautious.stderr) == (1, True)
    assert "kept as schema before_restore_" in forced
    assert "later" not in server.say("user", "list")
    assert "admin" in server.say("user", "list")


@pytest.mark.postgres
def test_a_broken_dump_leaves_postgresql_as_it_was(server: Server, postgres_url: str, tmp_path: Path) -> None:
    server.environment["ORDERLIGHT_DATABASE_URL"] = postgres_url
    backup = tmp_path / "backup.dump"
    server.say("init")
    server.say("backup", str(backup))
    backup.write_bytes(backup.read_bytes()[:-20_000])

    ended = server.run("restore", str(backup), "--force")

    assert ended.returncode == 1
    assert "admin" in server.say("user", "list")


def test_doctor_finds_nothing_wrong_on_a_new_server_and_names_each_fault_with_its_cure(server: Server) -> None:
    before = server.run("doctor")
    server.say("init")
    after = server.run("doctor", ORDERLIGHT_PROT="8000")
    server.folder.joinpath("taken").write_text("a file, not a folder")
    broken = server.run("doctor", ORDERLIGHT_DATA_DIR=str(server.folder / "taken" / "data"))

    assert (before.returncode, "-> run: orderlight-server init" in before.stdout) == (1, True)
    assert after.returncode == 0, after.stdout
    assert "ORDERLIGHT_PROT is no setting" in after.stdout
    assert (broken.returncode, "FAIL  data folder" in broken.stdout) == (1, True)
    assert "ORDERLIGHT_DATA_DIR" in broken.stdout


def test_an_unreachable_database_is_a_sentence(server: Server) -> None:
    url = f"postgresql://orderlight:topsecret@127.0.0.1:{free_port()}/orderlight"

    listed = server.run("user", "list", ORDERLIGHT_DATABASE_URL=url)
    doctor = server.run("doctor", ORDERLIGHT_DATABASE_URL=url)

    for ended in (listed, doctor):
        assert ended.returncode == 1
        assert "Traceback" not in ended.stderr
        assert "topsecret" not in ended.stdout + ended.stderr
    assert "ORDERLIGHT_DATABASE_URL" in listed.stderr
    assert "cannot be reached" in doctor.stdout


def test_demo_data_fills_an_empty_database_once_and_a_rebuild_finds_it_as_its_facts_say(server: Server) -> None:
    server.say("init")

    filled = server.say("demo-data")
    again = server.say("demo-data")
    rebuilt = server.say("rebuild")

    assert "6 stations, 6 customers and 23 orders." in filled
    assert "nothing was changed" in again
    assert "0 values repaired" in rebuilt


def test_a_csv_file_is_tried_refused_in_words_and_taken_in(server: Server, tmp_path: Path) -> None:
    server.say("init")
    good, bad, foreign = tmp_path / "good.csv", tmp_path / "bad.csv", tmp_path / "foreign.csv"
    good.write_text("number,name\nC-7,Aurora Bikes\n")
    bad.write_text("number,colour\nC-7,red\n")
    foreign.write_bytes(b"number,name\nC-7,Stra\xdfe\n")

    tried = server.say("import", "customers", str(good), "--dry-run")
    taken = server.say("import", "customers", str(good))
    repeated = server.say("import", "customers", str(good))
    refused = [server.run("import", "customers", str(path)) for path in (bad, foreign, tmp_path / "none.csv")]

    assert "1 customers would be created" in tried
    assert "1 customers created" in taken
    assert "1 unchanged" in repeated
    assert [ended.returncode for ended in refused] == [1, 1, 1]
    assert "Nothing was imported" in refused[0].stderr
    assert "UTF-8" in refused[1].stderr
    assert not any("Traceback" in ended.stderr for ended in refused)
