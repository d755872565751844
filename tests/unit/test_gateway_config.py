"""gateway.toml: every mistake at once, each with its place and its cure."""

import re
from pathlib import Path

import pytest

from gateway.config import DEVICE_SETTINGS, SETTINGS, ConfigError, load, survey

GOOD = """
[gateway]
name = "gw-hall-1"
data_dir = "data"

[server]
url = "http://127.0.0.1:8000/"
key_file = "gateway.key"

[[device]]
name = "scanner-1"
driver = "serial_line"
port = "/dev/ttyUSB0"
read_point = "cut-1"

[[device]]
name = "gate-1"
driver = "mqtt"
[[device.antenna]]
number = 1
read_point = "gate-in"
[[device.antenna]]
number = 2
read_point = "gate-out"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gateway.key").write_text("glk_secret\n")
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "gateway.toml"
    path.write_text(text)
    return path


def sentences(folder: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(write(folder, text), environ or {})
    return [str(mistake) for mistake in caught.value.mistakes]


def test_a_good_file_gives_devices_limits_and_the_key(folder: Path) -> None:
    config = load(write(folder, GOOD), {})

    assert config.name == "gw-hall-1"
    assert config.data_dir == folder / "data"
    assert config.server.url == "http://127.0.0.1:8000"
    assert config.server.key == "glk_secret"
    assert config.outbox.max_bytes == 500_000_000
    assert [device.name for device in config.devices] == ["scanner-1", "gate-1"]
    assert config.devices[1].antennas == {1: "gate-in", 2: "gate-out"}


def test_the_key_never_shows_in_a_representation(folder: Path) -> None:
    assert "glk_secret" not in repr(load(write(folder, GOOD), {}))


def test_the_environment_overrides_the_file(folder: Path, tmp_path: Path) -> None:
    (folder / "other.key").write_text("glk_other")
    environ = {
        "ORDERLIGHT_SERVER_URL": "https://orderlight.example",
        "ORDERLIGHT_GATEWAY_KEY_FILE": str(folder / "other.key"),
        "ORDERLIGHT_GATEWAY_DATA_DIR": "/srv/gateway",
    }

    config = load(write(folder, GOOD), environ)
    with_key = load(write(folder, GOOD), environ | {"ORDERLIGHT_GATEWAY_KEY": "glk_env"})

    assert config.server.url == "https://orderlight.example"
    assert config.server.key == "glk_other"
    assert config.data_dir == Path("/srv/gateway")
    assert with_key.server.key == "glk_env"


def test_all_mistakes_come_at_once_with_line_section_and_cure(folder: Path) -> None:
    text = """
[gateway]
nmae = "gw-hall-1"
[server]
url = "localhost:8000"
key_file = "nowhere.key"
[outbox]
max_bytes = "lots"
max_age_days = -1
[outbx]
[[device]]
driver = "serial_line"
[[device]]
name = "gate"
driver = "mqtt"
antenna = 3
"""
    found = sentences(folder, text)

    expected = [
        r"\[gateway\]: name is missing. Add name = ",
        r'line 3, \[gateway\]: There is no setting "nmae". Did you mean "name"',
        r'line 5, \[server\]: url is "localhost:8000": expected http',
        r"line 6, \[server\]: key_file .*nowhere.key cannot be read",
        r"line 8, \[outbox\]: max_bytes is 'lots': expected a whole number above 0",
        r"line 9, \[outbox\]: max_age_days is -1",
        r'line 10, \[outbx\]: There is no setting "\[outbx\]". Did you mean "outbox"',
        r"line 11, \[device\]: name is missing. Add name = ",
        r"line 16, \[device\]: An antenna needs number = 1 and read_point",
    ]
    for pattern in expected:
        assert any(re.search(pattern, sentence) for sentence in found), (pattern, found)
    assert len(found) == len(expected)


def test_a_missing_file_is_a_sentence_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="name it with --config"):
        load(tmp_path / "gateway.toml", {})


def test_broken_toml_names_its_line(folder: Path) -> None:
    assert re.search("line 2, gateway.toml: This is not TOML", sentences(folder, "[gateway]\nname = \n")[0])


def test_a_binary_file_is_a_sentence_and_no_traceback(folder: Path) -> None:
    (folder / "gateway.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match="cannot be read"):
        load(folder / "gateway.toml", {})


@pytest.mark.parametrize("key", ["", "  \n", "two words", "glk\x00key", "schlüssel"])
def test_what_is_no_key_is_said_before_the_server_has_to(folder: Path, key: str) -> None:
    (folder / "gateway.key").write_text(key)

    assert "is not a key" in sentences(folder, GOOD)[0]


def test_a_missing_key_says_how_to_get_one(folder: Path) -> None:
    text = GOOD.replace('key_file = "gateway.key"\n', "")

    assert "Make one at the server" in sentences(folder, text)[0]


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_used_is_a_mistake_and_no_traceback(folder: Path, content: str | None) -> None:
    if content is not None:
        (folder / "ca.pem").write_text(content)

    (mistake,) = sentences(folder, GOOD.replace("[server]", '[server]\nca_file = "ca.pem"'))

    assert "ca.pem cannot be used (" in mistake
    assert "Save the authority's certificate there" in mistake


@pytest.mark.parametrize(
    "text",
    ["gateway = 3\nserver = 4\noutbox = []\ndevice = 1", "device = [1, 2]", "[device]\nname = 3", "[[gateway]]"],
)
def test_wrong_shapes_are_mistakes_and_no_tracebacks(folder: Path, text: str) -> None:
    assert sentences(folder, text)


def test_devices_are_read_even_when_the_rest_is_wrong(folder: Path) -> None:
    draft = survey(write(folder, GOOD.replace('name = "gw-hall-1"', "")), {})

    assert draft.config is None
    assert [device.name for device in draft.devices] == ["scanner-1", "gate-1"]


def test_every_setting_stands_in_the_reference_with_its_default_and_help() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/gateway-settings.md").read_text()
    rows = {cells[1].strip(" `"): cells for line in page.splitlines() if len(cells := line.split("|")) == 6}
    settings = SETTINGS + DEVICE_SETTINGS

    assert set(rows) - {"setting", "---"} == {setting.name for setting in settings}
    for setting in settings:
        _, _, default, variable, meaning, _ = rows[setting.name]
        assert setting.help in meaning
        assert (setting.variable or "") in variable
        if setting.default not in (None, ""):
            assert default.strip() == str(setting.default), setting.name


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("name = gw-hall-1", 'Texts stand in straight quotes, such as name = "gw-hall-1"'),
        ("name = “gw-hall-1”", "straight quotes"),
        ("tls = True", "true and false in small letters"),
        ('name = "gw" hall', "A line holds one key = value"),
        ("baud = 09600", "numbers do not begin with 0"),
        ('port = "C:\\dev"', "In double quotes a backslash is written twice"),
        ('name: "gw"', "A line is key = value"),
        ('name = "a"\nname = "b"', "This name stands there twice"),
        ("[gateway]", "This section stands there twice"),
        ('topics = ["a" "b"]', "separated by commas"),
        ("[[device]", "brackets of this section"),
        ('name = "gw', "close its quote"),
    ],
)
def test_what_is_no_toml_is_told_with_its_cure(folder: Path, line: str, cure: str) -> None:
    (found,) = sentences(folder, f"[gateway]\n{line}\n")

    assert "This is not TOML: " in found
    assert cure in found


def test_a_file_that_begins_with_a_mark_of_its_encoding_is_read(folder: Path) -> None:
    (folder / "gateway.toml").write_text(GOOD, encoding="utf-8-sig")

    assert load(folder / "gateway.toml", {}).name == "gw-hall-1"


def test_a_mistake_of_an_antenna_names_its_own_line_and_what_stands_there(folder: Path) -> None:
    good = '[[device.antenna]]\nnumber = 1\nread_point = "a"\n'
    gate = f'[[device]]\nname = "gate-{{}}"\ndriver = "mqtt"\n{good}'
    text = GOOD + gate.format(1) + gate.format(2) + '[[device.antenna]]\nnumber = "2"\nread_point = "b"\n' + good
    at = text[: text.index('number = "2"')].count("\n")

    said = sentences(folder, text)

    wanted = f'line {at}, [device.antenna]: An antenna needs number = 1 and read_point = "gate-1"; '
    assert said == [
        wanted + 'got number = "2", read_point = "b".',
        f"line {at + 3}, [device.antenna]: Antenna 1 is there twice. Remove one.",
    ]
