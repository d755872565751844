"""Messages from readers on the bus: the R700's own form, and a plain one."""

import json
from datetime import UTC, datetime

import pytest

from gateway.protocols.mqtt_json import MAX_NAMED_KINDS, JsonReader, MqttOptions
from gateway.protocols.options import OptionsError
from gateway.protocols.reads import CodeRead, TagRead

# A capture of a real R700 message, with host name and tag changed.
R700 = {
    "timestamp": "2026-02-26T17:13:37.432087177Z",
    "hostname": "impinj-01-23-45",
    "eventType": "tagInventory",
    "tagInventoryEvent": {
        "epc": "ftqQOAUQAnEAAsCu",
        "epcHex": "7EDA9038051002710002C0AE",
        "tid": "4oARcCAAFM2bWgjs",
        "tidHex": "E2801170200014CD9B5A08EC",
        "antennaPort": 1,
        "peakRssiCdbm": -7025,
    },
}
EPC = "7EDA9038051002710002C0AE"


def reader(preset: str = "impinj_r700", **table: object) -> JsonReader:
    return JsonReader("gate-1", MqttOptions.parse({"topics": ["readers/#"], "preset": preset, **table}))


def r700(**changes: object) -> dict[str, object]:
    event = {key: value for key, value in {**R700["tagInventoryEvent"], **changes}.items() if value is not None}  # type: ignore[dict-item]
    return {**R700, "tagInventoryEvent": event}


def feed(message: object, machine: JsonReader | None = None) -> list[TagRead | CodeRead]:
    return (machine or reader()).feed(json.dumps(message).encode())


class TestR700:
    def test_a_tag_event_gives_every_field(self) -> None:
        (read,) = feed(R700)

        assert read == TagRead(
            "gate-1",
            EPC,
            antenna=1,
            rssi_dbm=-70.25,
            tid="E2801170200014CD9B5A08EC",
            reader_time=datetime(2026, 2, 26, 17, 13, 37, 432087, tzinfo=UTC),
        )

    def test_without_hex_fields_the_base64url_ones_are_read(self) -> None:
        # Plain base64 would read "-" and "_" wrongly or not at all.
        (read,) = feed(r700(epcHex=None, tidHex=None, epc="-_-_-_-_-_-_-_-_", tid="4oARYGAAAgpmgfI_"))

        assert isinstance(read, TagRead)
        assert (read.epc, read.tid) == ("FBFFBFFBFFBFFBFFBFFBFFBF", "E28011606000020A6681F23F")

    def test_fields_that_are_switched_off_are_simply_missing(self) -> None:
        (read,) = feed({"eventType": "tagInventory", "tagInventoryEvent": {"epcHex": EPC.lower()}})

        assert read == TagRead("gate-1", EPC)

    def test_an_array_of_events_gives_one_read_each(self) -> None:
        assert len(feed([R700, r700(antennaPort=2)])) == 2

    def test_documents_without_a_separator_are_all_read(self) -> None:
        text = json.dumps(R700)

        assert len(reader().feed(f"{text}{text}\r\n{text}".encode())) == 3

    @pytest.mark.parametrize("kind", ["inventoryStatus", "gpiTransition", "tagLocationExit"])
    def test_other_events_are_ignored_and_counted(self, kind: str) -> None:
        machine = reader()

        assert feed({"timestamp": "2026-02-26T17:13:37Z", "eventType": kind}, machine) == []
        assert machine.counts[f"ignored:{kind}"] == 1

    def test_names_of_ignored_events_cannot_fill_the_memory(self) -> None:
        machine = reader()

        for number in range(500):
            feed({"eventType": f"kind-{number}"}, machine)

        assert machine.counts["ignored"] == 500
        assert sum(name.startswith("ignored:") for name in machine.counts) == MAX_NAMED_KINDS

    @pytest.mark.parametrize("payload", [b'{"eventType": "tagInv', b"\xff\xfe{", b"[" * 100_000, b"hello"])
    def test_what_is_not_json_becomes_a_fault_with_its_bytes(self, payload: bytes) -> None:
        (read,) = reader().feed(payload)

        assert isinstance(read, CodeRead)
        assert (read.raw, read.fault) == (payload[:4096], "The message is not whole JSON.")

    @pytest.mark.parametrize("epc", ["XYZ!", "ABC", 7, ["30"], "30" * 63])
    def test_an_epc_that_is_none_becomes_a_fault(self, epc: object) -> None:
        (read,) = feed(r700(epcHex=epc, epc=None))

        assert isinstance(read, CodeRead)
        assert read.fault == "The tag's EPC is neither hex nor base64url."

    def test_an_empty_message_is_ignored(self) -> None:
        assert reader().feed(b"") == []

    @pytest.mark.parametrize("value", ["loud", True, 1e300, [1]])
    def test_a_senseless_signal_strength_is_left_out(self, value: object) -> None:
        (read,) = feed(r700(peakRssiCdbm=value))

        assert isinstance(read, TagRead)
        assert read.rssi_dbm is None

    def test_not_a_number_is_left_out(self) -> None:
        (read,) = reader().feed(json.dumps(r700(peakRssiCdbm=float("nan"))).encode())

        assert isinstance(read, TagRead)
        assert read.rssi_dbm is None

    @pytest.mark.parametrize("value", ["yesterday", 5, "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+23:00"])
    def test_a_senseless_time_is_left_out(self, value: object) -> None:
        (read,) = feed({**R700, "timestamp": value})

        assert isinstance(read, TagRead)
        assert read.reader_time is None


class TestPlain:
    def test_raw_text_is_a_code(self) -> None:
        assert reader("plain").feed(b"]C10109506000134352\x1d21SER42\r\n") == [
            CodeRead("gate-1", b"]C10109506000134352\x1d21SER42")
        ]

    def test_digits_stay_a_code(self) -> None:
        assert reader("plain").feed(b"0950600013435") == [CodeRead("gate-1", b"0950600013435")]

    def test_json_code(self) -> None:
        assert feed({"code": "OLU00113"}, reader("plain")) == [CodeRead("gate-1", b"OLU00113")]

    def test_json_tag(self) -> None:
        message = {"epc": EPC.lower(), "antenna": "2", "rssi": -61, "time": "2026-08-13T09:14:28.651+0000", "count": 3}

        assert feed(message, reader("plain")) == [
            TagRead("gate-1", EPC, 2, -61.0, None, datetime(2026, 8, 13, 9, 14, 28, 651000, tzinfo=UTC), 3)
        ]

    def test_broken_json_is_a_fault_and_not_a_code(self) -> None:
        (read,) = reader("plain").feed(b'{"code": "OLU0')

        assert isinstance(read, CodeRead)
        assert read.fault == "The message is not whole JSON."

    def test_a_code_that_is_too_long_is_cut(self) -> None:
        (read,) = reader("plain").feed(b"X" * 10_000)

        assert isinstance(read, CodeRead)
        assert (len(read.raw), read.truncated) == (4096, True)

    def test_an_object_without_a_read_is_ignored(self) -> None:
        machine = reader("plain")

        assert feed({"hello": 1}, machine) == []
        assert machine.counts["ignored:no_read"] == 1

    def test_a_list_of_texts_is_a_fault_each(self) -> None:
        assert [read.fault for read in feed(["a"], reader("plain")) if isinstance(read, CodeRead)] == [
            "The message holds no object where a tag was expected."
        ]

    def test_half_a_surrogate_pair_is_kept_visible(self) -> None:
        (read,) = reader("plain").feed(b'{"code": "A\\ud800"}')

        assert read == CodeRead("gate-1", b"A\\ud800")


def test_a_mapping_table_fits_another_readers_json() -> None:
    zebra = {"items": "", "epc": "data.idHex", "antenna": "data.antenna", "rssi": "data.peakRssi"}
    machine = reader("plain", mapping=zebra)

    (read,) = feed({"data": {"idHex": "aa0004ef55555555aa21bf43", "antenna": 1, "peakRssi": -34}}, machine)

    assert read == TagRead("gate-1", "AA0004EF55555555AA21BF43", 1, -34.0)


def test_items_lead_to_a_list_of_tags() -> None:
    machine = reader("plain", mapping={"items": "tag_reads"})

    assert len(feed({"tag_reads": [{"epc": "3034"}, {"epc": "3035"}]}, machine)) == 2
    assert feed({"other": 1}, machine) == []


def test_options_name_every_mistake() -> None:
    wrong = {"topics": ["a/#/b", "a+/b", ""], "host": "", "password_file": "x", "mapping": {"epcc": "a"}, "tls": 1}

    with pytest.raises(OptionsError) as caught:
        MqttOptions.parse(wrong)

    assert [mistake.split(":")[0] for mistake in caught.value.mistakes] == [
        "tls", "topics", "topics", "topics", "host", "username", "mapping.epcc",
    ]  # fmt: skip


def test_one_topic_may_be_written_without_brackets() -> None:
    assert MqttOptions.parse({"topics": "readers/+/tags"}).topics == ("readers/+/tags",)
