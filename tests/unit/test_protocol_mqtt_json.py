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

    def test_a_code_in_json_is_read(self) -> None:
        assert feed({"code": "OLU00113"}, reader("plain")) == [CodeRead("gate-1", b"OLU00113")]

    def test_a_tag_in_json_is_read_with_all_that_is_told_of_it(self) -> None:
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


class TestOtherPresets:
    def test_speedway_gives_its_list_without_heartbeats(self) -> None:
        message = {
            "reader_name": "SpeedwayR-11-22-33", "mac_address": "00:16:25:11:22:33",
            "tag_reads": [
                {"epc": EPC, "antennaPort": 2, "peakRssi": -51.25, "firstSeenTimestamp": 1772126017432087},
                {"epc": "00" * 12, "isHeartBeat": True},
            ],
        }  # fmt: skip
        machine = reader("impinj_speedway")

        assert feed(message, machine) == [
            TagRead(
                "gate-1",
                EPC,
                antenna=2,
                rssi_dbm=-51.25,
                reader_time=datetime(2026, 2, 26, 17, 13, 37, 432087, tzinfo=UTC),
            )
        ]
        assert machine.counts["ignored:isHeartBeat"] == 1

    def test_zebra_objects_follow_each_other_without_a_separator(self) -> None:
        one = {
            "data": {"antenna": 1, "eventNum": 22, "format": "epc", "idHex": EPC.lower(), "peakRssi": -34, "reads": 3},
            "timestamp": "2026-08-13T09:14:28.651+0000",
            "type": "CUSTOM",
        }
        other = {"data": {"pin": 1, "state": "HIGH", "type": "GPI"}, "timestamp": "2026-08-13T09:14:29.000-0600"}

        reads = reader("zebra_iotc").feed((json.dumps(one) + json.dumps(other) + json.dumps([one])).encode())

        assert reads == 2 * [
            TagRead(
                "gate-1",
                EPC,
                antenna=1,
                rssi_dbm=-34.0,
                reader_time=datetime(2026, 8, 13, 9, 14, 28, 651000, tzinfo=UTC),
                count=3,
            )
        ]

    def test_a_sled_sends_tags_and_bar_codes_in_one_message(self) -> None:
        data = {
            "tagData": [{"EPCid": EPC, "eventNum": 1, "peakRssi": -39, "seenCount": 2}],
            "barcodeData": [{"decodedBarcode": "OLU00113", "symbology": "CODE128"}],
        }

        assert feed({"type": "BALANCED_PERFORMANCE", "data": data}, reader("zebra_handheld")) == [
            TagRead("gate-1", EPC, rssi_dbm=-39.0, count=2),
            CodeRead("gate-1", b"OLU00113"),
        ]
        assert feed({"data": {"tagData": []}}, reader("zebra_handheld")) == []

    @pytest.mark.parametrize(
        "message",
        [
            {"Time": "2026-01-01T00:00:00", "RC522": {"UID": "BA839D07", "Data": "", "Type": "MIFARE 1KB"}},
            {"RDM6300": {"UID": "BA839D07"}},
            {"SSerialReceived": "BA839D07"},
        ],
    )
    def test_tasmota_tells_a_card_or_what_its_bridge_received(self, message: object) -> None:
        assert feed(message, reader("tasmota")) == [CodeRead("gate-1", b"BA839D07")]

    def test_tasmotas_other_telemetry_is_no_read(self) -> None:
        assert feed({"Time": "2026-01-01T00:00:00", "Uptime": "0T01:00:00"}, reader("tasmota")) == []

    @pytest.mark.parametrize("payload", [b"BA839D07", b'{"uid": "BA839D07"}', b'{"tag": "BA839D07"}'])
    def test_esphome_sends_a_bare_number_or_what_its_template_makes(self, payload: bytes) -> None:
        assert reader("esphome").feed(payload) == [CodeRead("gate-1", b"BA839D07")]

    @pytest.mark.parametrize("time", [1772126017, 1772126017000, 1772126017000000, "1772126017000000"])
    def test_a_number_is_a_time_since_1970_in_the_unit_that_its_size_tells(self, time: object) -> None:
        (read,) = feed({"epc": EPC, "time": time}, reader("plain"))

        assert isinstance(read, TagRead)
        assert read.reader_time == datetime(2026, 2, 26, 17, 13, 37, tzinfo=UTC)

    @pytest.mark.parametrize("time", [True, 1e300, float("nan"), "9" * 18, "yesterday", None, -(10**17) * 8])
    def test_an_absurd_time_is_no_time(self, time: object) -> None:
        (read,) = feed({"epc": EPC, "time": time}, reader("plain"))

        assert isinstance(read, TagRead)
        assert read.reader_time is None
