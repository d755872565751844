"""What every driver's sans-I/O half keeps, ours and an installed package's: recorded bytes in, reads out."""

import random
from collections.abc import Mapping
from importlib import metadata, util
from types import MappingProxyType
from typing import Final

import pytest

from gateway import protocols
from gateway.protocols import DRIVERS, Driver, OptionsError, find_driver, known_drivers, parse_options
from gateway.protocols.reads import CodeRead, CodeRules, Read, TagRead
from gateway.sources import make_source
from gateway.sources.base import Refuses
from simulators.devices.keyboard import press, typed

#: Per driver one recorded piece with what is read in it: raw bytes of a code, or the EPC of a tag.
RECORDED: Final[Mapping[str, tuple[bytes, tuple[str | bytes, ...]]]] = MappingProxyType(
    {
        "serial_line": (b"]C1011\x1d21SER42\r\nOLU00113\r\n", (b"]C1011\x1d21SER42", b"OLU00113")),
        "tcp_line": (b"]d20109506000134352\r\nOLU00113\r\n", (b"]d20109506000134352", b"OLU00113")),
        "r200": (
            bytes.fromhex("BB02220011C9340030751FEB705C5904E3D50D703A76EF7E BB01FF000115167E"),
            ("30751FEB705C5904E3D50D70",),
        ),
        "llrp": (
            bytes.fromhex("043D0000002900000005 00F0001F8D3000ABCDEF0000000000000381000186D0820005A9E4BEF862E0"),
            ("3000ABCDEF00000000000003",),
        ),
        "hid": (typed("]C110A\x1d21B") + press(28) + typed("OLU00113") + press(28), (b"]C110A\x1d21B", b"OLU00113")),
        "chafon": (
            bytes.fromhex("1500010301010C0000000000000000000003136BB1A5 0700010101001E4B"),
            ("000000000000000000000313",),
        ),
        "zebra_ssi": (bytes.fromhex("12F300000B35393031323334313233343537FC52"), (b"]E05901234123457",)),
        "mqtt": (b'{"epc": "30751FEB705C5904E3D50D70", "antenna": 2}', ("30751FEB705C5904E3D50D70",)),
        "http_push": (b'[{"epc": "30751FEB705C5904"}, {"code": "OLU00113"}]', ("30751FEB705C5904", b"OLU00113")),
        "camera": (b"]Q1OLU00113", (b"]Q1OLU00113",)),
        "drop_folder": (b"]Q1OLU00113", (b"]Q1OLU00113",)),
    }
)  # fmt: skip
#: A message or a picture is whole when it comes; the others are streams, cut anywhere.
#: TCP and the kernel bring bytes unharmed: what is no message ends the connection.
UNHARMED: Final = ("llrp", "hid")
MESSAGES: Final = ("mqtt", "http_push", "camera", "drop_folder")


def _said(read: Read) -> str | bytes:
    return read.epc if isinstance(read, TagRead) else read.raw


def _options(driver: Driver) -> object:
    return parse_options(driver.name, driver.example)


@pytest.fixture(params=sorted(DRIVERS))
def driver(request: pytest.FixtureRequest) -> Driver:
    return DRIVERS[request.param]


@pytest.fixture(params=sorted(set(DRIVERS) - set(MESSAGES)))
def stream(request: pytest.FixtureRequest) -> Driver:
    return DRIVERS[request.param]


def test_recorded_bytes_are_read(driver: Driver) -> None:
    recorded, expected = RECORDED[driver.name]

    reads = driver.machine("reader-1", _options(driver))(recorded)

    assert tuple(_said(read) for read in reads) == expected
    assert {read.reader for read in reads} == {"reader-1"}


def test_however_a_stream_is_cut_the_reads_are_the_same(stream: Driver) -> None:
    recorded, expected = RECORDED[stream.name]
    for seed in range(20):
        rng, reads, at = random.Random(seed), [], 0
        feed = stream.machine("reader-1", _options(stream))
        if stream.name in ("serial_line", "tcp_line"):
            # Their machine takes the end of a piece for a silence, so pieces end where lines do.
            pieces = recorded.splitlines(keepends=True)
        else:
            pieces = []
            while at < len(recorded):
                size = rng.randint(1, 5)
                pieces.append(recorded[at : at + size])
                at += size

        for piece in pieces:
            reads.extend(feed(piece))

        assert tuple(_said(read) for read in reads) == expected


@pytest.mark.parametrize("name", sorted(set(DRIVERS) - set(MESSAGES) - set(UNHARMED)))
def test_after_noise_the_next_frame_is_read_and_none_was_invented(name: str) -> None:
    stream = DRIVERS[name]
    recorded, expected = RECORDED[stream.name]
    feed = stream.machine("reader-1", _options(stream))
    noise = random.Random(1).randbytes(30_000)

    before = feed(noise)
    after = [read for _time in range(30) for read in feed(b"\r\n" + recorded)]

    said = [_said(read) for read in after]
    assert said[-len(expected) :] == list(expected)
    if "code" not in stream.reads or stream.name == "zebra_ssi":
        assert list(before) == []


def test_an_example_parses_and_mistakes_are_told(driver: Driver) -> None:
    assert isinstance(_options(driver), driver.options)
    with pytest.raises(OptionsError, match="no_such_option: there is no such option"):
        parse_options(driver.name, {**driver.example, "no_such_option": 1})
    rules = getattr(_options(driver), "rules", CodeRules())
    assert isinstance(rules, CodeRules)


def test_a_source_is_made_and_bears_every_call_while_its_device_is_away(driver: Driver) -> None:
    source = make_source("reader-1", _options(driver), gateway="gw-1")
    read = CodeRead("reader-1", b"OLU00113", delivery=7)

    for signal in ("ok", "warn", "stop", "stored"):
        source.feedback(signal)
    source.acknowledge(read)
    assert isinstance(source, Refuses)
    source.refuse(read)
    source.cancel()

    assert source.name == "reader-1"
    assert all(isinstance(value, int) for value in source.counters().values())


class TestAnInstalledPackage:
    """A package of somebody else's brings a driver by an entry point."""

    def test_its_driver_is_listed_and_parsed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _install(monkeypatch, "loadcell", "tests_example_driver:DRIVER")

        assert list(known_drivers()) == [*DRIVERS, "loadcell"]
        assert parse_options("loadcell", {"host": "10.0.0.9", "tcp_port": 2001}).host == "10.0.0.9"
        assert find_driver("nobody") is None

    def test_one_that_cannot_be_loaded_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _install(monkeypatch, "loadcell", "no_such_module_here:DRIVER")

        with pytest.raises(OptionsError, match="driver: loadcell from no_such_module_here:DRIVER cannot be loaded"):
            parse_options("loadcell", {})

    def test_one_that_gives_no_driver_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _install(monkeypatch, "loadcell", "json:loads")

        with pytest.raises(OptionsError, match="expected a Driver of that name"):
            parse_options("loadcell", {})

    def test_it_cannot_take_the_place_of_one_of_ours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _install(monkeypatch, "r200", "no_such_module_here:DRIVER")

        assert known_drivers()["r200"] is DRIVERS["r200"]


def _install(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    import dataclasses
    import sys
    from types import ModuleType

    module = ModuleType("tests_example_driver")
    module.DRIVER = dataclasses.replace(DRIVERS["tcp_line"], name="loadcell")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tests_example_driver", module)
    point = metadata.EntryPoint(name, value, protocols.ENTRY_POINTS)
    monkeypatch.setattr(metadata, "entry_points", lambda group: [point] if group == "orderlight.drivers" else [])
    known_drivers.cache_clear()
    monkeypatch.setattr(protocols, "known_drivers", protocols.known_drivers.__wrapped__)


def test_every_source_of_a_driver_is_a_function_that_exists() -> None:
    for driver in DRIVERS.values():
        module, _colon, function = driver.source.partition(":")
        assert util.find_spec(module) is not None, module
        assert function
