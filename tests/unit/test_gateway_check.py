"""`check`: mistakes of gateway.toml and of every driver's options at once, each with its cure."""

import re
from pathlib import Path

import pytest

from gateway.config import ConfigError
from gateway.decode import decode
from gateway.pipeline import check, plan
from gateway.protocols.reads import CodeRead

HEAD = """
[gateway]
name = "gw-hall-1"
data_dir = "data"
[server]
url = "http://127.0.0.1:8000"
key_file = "gateway.key"
"""
GOOD = (
    HEAD
    + """
[[device]]
name = "scanner-1"
driver = "serial_line"
port = "/dev/null"
read_point = "cut-1"
"""
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gateway.key").write_text("glk_secret\n")
    (tmp_path / "gateway.key").chmod(0o600)
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "gateway.toml"
    path.write_text(text)
    return path


def test_a_good_file_has_no_mistakes_and_gives_a_plan(folder: Path) -> None:
    path = write(folder, GOOD)

    assert check(path, {}) == []
    assert [device.name for device in plan(path, {}).devices] == ["scanner-1"]


def test_mistakes_of_all_devices_come_at_once_in_the_order_of_lines(folder: Path) -> None:
    text = (
        GOOD
        + """
[[device]]
name = "scanner-1"
driver = "serial_line"
port = "/dev/zero"
bawd = 9600
suffix = "crfl"
read_point = "cut-1"
[[device]]
name = "scanner-2"
driver = "serial_lines"
read_point = "cut-2"
[[device]]
name = "gate"
driver = "mqtt"
topics = ["a"]
[device.smoothing]
repaet = "keep"
"""
    )
    found = check(write(folder, text), {})

    sentences = [str(mistake) for mistake in found]
    expected = [
        r"line 15, \[\[device\]\] scanner-1: There are 2 devices of this name",
        r"line 15, \[\[device\]\] scanner-1: bawd: .*baud",
        r"line 15, \[\[device\]\] scanner-1: suffix: .*crlf",
        r'line 22, \[\[device\]\] scanner-2: driver "serial_lines" is not known.*Did you mean "serial_line"',
        r"line 26, \[\[device\]\] gate: smoothing\.repaet: .*repeat",
        r"line 26, \[\[device\]\] gate: read_point is missing. Add read_point",
    ]
    for pattern in expected:
        assert any(re.search(pattern, sentence) for sentence in sentences), (pattern, sentences)
    assert len(sentences) == len(expected)
    assert [mistake.line for mistake in found] == sorted(mistake.line or 0 for mistake in found)


def test_a_port_that_is_not_there_is_a_warning_and_the_gateway_may_start(folder: Path) -> None:
    path = write(folder, GOOD.replace("/dev/null", "/dev/serial/by-id/none"))

    found = check(path, {})

    assert [mistake.warning for mistake in found] == [True]
    assert "Plug the device in, or correct the path" in found[0].sentence
    assert plan(path, {}).devices


def test_a_file_without_devices_is_a_warning(folder: Path) -> None:
    assert "nothing will be read" in check(write(folder, HEAD), {})[0].sentence


def test_a_plan_with_mistakes_is_refused_with_all_of_them(folder: Path) -> None:
    text = GOOD.replace('url = "http://127.0.0.1:8000"', "").replace('"serial_line"', '"morse"')

    with pytest.raises(ConfigError) as caught:
        plan(write(folder, text), {})

    assert len(caught.value.mistakes) == 2


def test_two_devices_on_one_port_are_a_mistake_whatever_name_the_port_has(folder: Path) -> None:
    (folder / "by-id").symlink_to("/dev/null")
    text = (
        GOOD
        + f"""
[[device]]
name = "scanner-2"
driver = "serial_line"
port = "{folder}/by-id"
read_point = "cut-2"
"""
    )

    found = check(write(folder, text), {})

    assert [mistake.warning for mistake in found] == [False]
    assert "belongs to scanner-1 already" in found[0].sentence


def listener(name: str, port: int, *, host: str = "127.0.0.1", driver: str = "http_push") -> str:
    word = "http_port" if driver == "http_push" else "mode = 'server'\ntcp_port"
    return f"[[device]]\nname = '{name}'\ndriver = '{driver}'\nhost = '{host}'\n{word} = {port}\nread_point = 'x'\n"


def test_two_that_listen_at_one_port_are_a_mistake(folder: Path) -> None:
    page = "[local_page]\nport = 8737\n"
    devices = [
        listener("a", 8085),
        listener("b", 8085, driver="tcp_line"),
        listener("c", 8085, host="10.0.0.5", driver="tcp_line"),
        listener("d", 8086, host="0.0.0.0", driver="tcp_line"),
        listener("e", 8086, host="10.0.0.5", driver="tcp_line"),
        listener("f", 8737),
    ]

    found = check(write(folder, HEAD + page + "".join(devices)), {})

    assert [(mistake.section, mistake.sentence.partition(". ")[0]) for mistake in found] == [
        ("[[device]] b", "port 8085 belongs to a already"),
        ("[[device]] e", "port 8086 belongs to d already"),
        ("[[device]] f", "port 8737 belongs to the local page already"),
    ]


def test_what_of_this_machine_does_not_fit_is_a_warning(folder: Path) -> None:
    (folder / "gateway.key").chmod(0o644)
    (folder / "data").write_text("a file where a folder is wanted")
    path = write(folder, GOOD.replace("/dev/null", str(folder / "gateway.key")))

    found = check(path, {})

    assert [mistake.warning for mistake in found] == [True, True, True]
    assert [mistake.sentence.partition(". ")[0] for mistake in found] == [
        f"key_file {folder / 'gateway.key'} can be read by others on this machine",
        f"data_dir {folder / 'data'} cannot be written by this user",
        f"port {folder / 'gateway.key'} is no device but a file or folder",
    ]


def test_a_camera_without_its_libraries_is_a_warning_that_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.vision.find_spec", lambda name: None if name == "zxingcpp" else object())
    text = (
        GOOD
        + """
[[device]]
name = "camera-1"
driver = "camera"
device = "/dev/video0"
read_point = "cut-2"
"""
    )

    found = check(write(folder, text), {})

    assert [mistake.warning for mistake in found] == [True]
    assert "Pictures need zxing-cpp. Install them with: pip install" in found[0].sentence


PORTAL = (
    HEAD
    + """
[[device]]
name = "portal-1"
driver = "http_push"
http_port = 8085
token_file = "portal.token"
read_point = "gate-1"
[[device]]
name = "sled-1"
driver = "mqtt"
topics = ["sled-1"]
username = "sled"
password_file = "/etc/orderlight/broker"
read_point = "gate-1"
"""
)


def test_a_file_that_a_driver_names_starts_at_gateway_toml_wherever_the_gateway_is_started(folder: Path) -> None:
    (folder / "portal.token").write_text("0123456789abcdef")

    portal, sled = plan(write(folder, PORTAL), {}).devices

    assert portal.options.token_file == str(folder / "portal.token")
    assert sled.options.password_file == "/etc/orderlight/broker"
    assert portal.options.cert_file == ""


def test_a_file_that_a_driver_names_and_that_is_not_there_is_a_warning(folder: Path) -> None:
    found = check(write(folder, PORTAL), {})

    assert [(mistake.warning, mistake.section) for mistake in found] == [
        (True, "[[device]] portal-1"),
        (True, "[[device]] sled-1"),
    ]
    assert "token_file" in found[0].sentence
    assert f"{folder}/portal.token cannot be read (No such file or directory). Save it there" in found[0].sentence


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ('baud = "9600"', "Write baud = 9600, without quotes."),
        ('suffix = "CRLF"', 'Write suffix = "crlf".'),
        ("gs_substitutes = 7", 'Write gs_substitutes = "7", in quotes.'),
        ('baud = "fast"', 'expected a whole number, got "fast".'),
    ],
)
def test_a_value_in_the_wrong_writing_is_told_how_to_write_it(folder: Path, line: str, cure: str) -> None:
    (found,) = check(write(folder, GOOD + line + "\n"), {})

    assert found.sentence.endswith(cure)


@pytest.mark.parametrize("digits", range(3, 14))
def test_a_length_of_company_prefixes_that_passes_the_check_reads_codes(folder: Path, digits: int) -> None:
    path = write(folder, GOOD + f"gcp_length = {digits}\n")

    if check(path, {}):
        assert digits not in range(6, 13)
    else:
        rules = plan(path, {}).devices[0].options.rules
        assert decode(CodeRead("scanner-1", b"]C101095060001343522101"), rules).keys["gtin"] == "09506000134352"
