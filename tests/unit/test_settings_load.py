"""Settings: from the environment, from files, from TOML; every mistake at once."""

import re
from pathlib import Path

import pytest

from server.settings import SETTINGS, Settings, SettingsError


def test_without_anything_the_defaults_make_a_small_server_on_sqlite() -> None:
    settings = Settings.load({})

    assert settings.database_url == "sqlite:///var/orderlight.db"
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)
    assert settings.base_url == "http://127.0.0.1:8000"


def test_the_environment_goes_before_the_file_and_the_file_before_the_default(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text('port = 9000\nhost = "0.0.0.0"\n')

    settings = Settings.load({"ORDERLIGHT_PORT": "9100"}, path)

    assert (settings.host, settings.port) == ("0.0.0.0", 9100)


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "database_url"
    secret.write_text("postgresql://orderlight:pass@db/orderlight\n")

    settings = Settings.load({"ORDERLIGHT_DATABASE_URL_FILE": str(secret)})

    assert settings.database_url == "postgresql+psycopg://orderlight:pass@db/orderlight"


def test_a_missing_secret_file_is_told_with_its_name() -> None:
    with pytest.raises(SettingsError, match=r"ORDERLIGHT_DATABASE_URL_FILE: failed to read the file /nowhere"):
        Settings.load({"ORDERLIGHT_DATABASE_URL_FILE": "/nowhere"})


def test_more_than_one_worker_is_refused_with_a_reason() -> None:
    with pytest.raises(SettingsError, match="one server process, got 4"):
        Settings.load({"ORDERLIGHT_WORKERS": "4"})


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text('colour = "red"\nport = true\n')
    env = {
        "ORDERLIGHT_LOG_FORMAT": "xml",
        "ORDERLIGHT_PUBLIC_URL": "orders.example.com/path",
        "ORDERLIGHT_DATABASE_URL": "mysql://x",
        "ORDERLIGHT_SESSION_DAYS": "0",
    }

    with pytest.raises(SettingsError) as told:
        Settings.load(env, path)

    words = ("`colour`", "port", "LOG_FORMAT", "public_url", "mysql", "SESSION_DAYS")
    assert all(any(word in mistake for mistake in told.value.mistakes) for word in words)
    assert len(told.value.mistakes) == len(words)


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe", b"port 8000"])
def test_a_file_that_is_no_toml_is_a_mistake_and_no_traceback(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "server.toml"
    path.write_bytes(content)

    with pytest.raises(SettingsError, match="as TOML"):
        Settings.load({}, path)


def test_the_address_of_a_database_never_appears_in_a_mistake() -> None:
    with pytest.raises(SettingsError) as told:
        Settings.load({"ORDERLIGHT_DATABASE_URL": "mysql://root:topsecret@db/x"})

    assert "topsecret" not in str(told.value)


def test_https_gives_cookies_the_host_prefix_and_http_does_not() -> None:
    secure = Settings.load({"ORDERLIGHT_PUBLIC_URL": "https://orders.example.com/"})
    plain = Settings.load({"ORDERLIGHT_PUBLIC_URL": "http://10.0.0.5:8000"})

    assert (secure.cookie("sid"), plain.cookie("sid")) == ("__Host-sid", "sid")
    assert secure.public_url == "https://orders.example.com"


def test_every_setting_is_documented_with_its_default() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/server-settings.md").read_text()

    assert re.findall(r"(?m)^\| `(\w+)` \|", page) == [setting.name for setting in SETTINGS]
    for setting in SETTINGS:
        line = next((line for line in page.splitlines() if line.startswith(f"| `{setting.name}` |")), None)
        assert line is not None, f"docs/reference/server-settings.md does not tell of {setting.name}"
        assert f"`{setting.environment}`" in line
        assert setting.help in line
        assert f"`{setting.default}`" in line or setting.default == ""
