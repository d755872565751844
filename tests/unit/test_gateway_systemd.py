"""What the service manager hears, received by a socket of our own."""

import logging
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from gateway import pipeline
from gateway.cli.systemd import Systemd


def test_the_manager_hears_each_word_as_one_datagram(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        systemd = Systemd({"NOTIFY_SOCKET": str(tmp_path / "notify")})

        systemd.ready()
        systemd.well()
        systemd.stopping()

        assert [manager.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_an_abstract_name_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0orderlight-test-notify")

        Systemd({"NOTIFY_SOCKET": "@orderlight-test-notify"}).well()

        assert manager.recv(100) == b"WATCHDOG=1"


def test_without_a_manager_nothing_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(socket, "socket", None)

    Systemd({}).ready()

    assert caplog.messages == []


def test_a_deaf_manager_is_logged_and_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Systemd({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).well()

    assert caplog.messages == ["systemd_deaf"]


def test_the_version_that_a_gateway_tells_is_that_of_its_package() -> None:
    assert pipeline.version() == metadata.version("orderlight")


def test_a_gateway_holds_nothing_that_only_a_page_a_foreign_driver_or_a_mistake_needs() -> None:
    spared = ("gateway.page.serving", "gateway.page.views", "importlib.metadata", "difflib", "uuid")
    words = f"import sys, gateway.cli; print([name for name in {spared} if name in sys.modules])"

    found = subprocess.run([sys.executable, "-c", words], check=True, capture_output=True, text=True)

    assert found.stdout.strip() == "[]"
