"""The simulated R700: its messages are the ones the gateway's preset reads."""

import json
from datetime import UTC, datetime

import pytest

from gateway.protocols.mqtt_json import JsonReader, MqttOptions
from gateway.protocols.reads import TagRead
from simulators.devices.r700 import DEFAULT_FIELDS, OPTIONAL_FIELDS, R700, MqttPublisher, R700Settings, tag_event
from simulators.leaving import leave
from simulators.radio import RadioField, RadioSettings, TagSeen

EPC = "E28011606000020A6681F23F"
AT = datetime(2026, 11, 22, 8, 0, 0, 123456, tzinfo=UTC)
READER = MqttOptions(topics=("readers/#",), preset="impinj_r700")


class Listener:
    """A broker's place: keeps what was published."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []

    def publish(self, payload: bytes) -> None:
        self.payloads.append(payload)


def test_the_epc_is_base64url_and_the_strength_in_hundredths() -> None:
    event = tag_event(TagSeen(EPC, 2, -70.0), AT, R700Settings())

    assert event["tagInventoryEvent"] == {
        "epc": "4oARYGAAAgpmgfI_",
        "antennaPort": 2,
        "peakRssiCdbm": -7000,
        "lastSeenTime": "2026-11-22T08:00:00.123456000Z",
    }


@pytest.mark.parametrize("fields", [DEFAULT_FIELDS, OPTIONAL_FIELDS, ("epcHex",), ("epc", "peakRssiCdbm")])
def test_the_gateway_reads_the_tag_whichever_fields_are_switched_on(fields: tuple[str, ...]) -> None:
    event = tag_event(TagSeen(EPC, 2, -70.0), AT, R700Settings(fields=fields))

    reads = JsonReader("gate", READER).feed(json.dumps(event).encode())

    assert [read.epc for read in reads if isinstance(read, TagRead)] == [EPC]


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValueError, match="colour"):
        R700Settings(fields=("epc", "colour"))


def test_a_round_publishes_each_read_and_now_and_then_another_event() -> None:
    listener = Listener()
    field = RadioField(RadioSettings(antennas=2, read_probability=1.0, cross_probability=0.0), seed=7)
    reader = R700(listener, field, R700Settings(other_events=0.5), seed=7, clock=lambda: 0.0, wall_clock=lambda: AT)
    field.enter(EPC, antenna=2, now=0.0, dwell=1.0)

    for _round in range(20):
        reader.do_round()

    kinds = [json.loads(payload)["eventType"] for payload in listener.payloads]
    assert kinds.count("tagInventory") == 20
    assert 0 < kinds.count("inventoryStatus") < 20
    gateway = JsonReader("gate", READER)
    assert sum(len(gateway.feed(payload)) for payload in listener.payloads) == 20


def test_messages_pass_a_real_broker(mosquitto: int) -> None:
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    got: list[bytes] = []
    host = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    host.on_message = lambda _client, _userdata, message: got.append(message.payload)
    host.connect("127.0.0.1", mosquitto)
    host.subscribe("readers/gate-1", qos=1)
    while host.loop(timeout=0.2) == 0 and not host.is_connected():
        pass
    host.loop(timeout=0.2)
    publisher = MqttPublisher(mosquitto, "readers/gate-1")
    publisher.start()
    assert publisher.wait_until_connected(5)

    publisher.publish(b"one")
    for _attempt in range(50):
        host.loop(timeout=0.1)
        if got:
            break

    publisher.stop()
    leave(host)
    assert got == [b"one"]
