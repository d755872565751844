"""Readers that publish to a broker."""

from typing import Final

from gateway.protocols.driver import Driver, Feed
from gateway.protocols.json_inputs import input_changes
from gateway.protocols.mqtt_json import JsonFormat, JsonReader, MqttOptions


def messages(name: str, options: JsonFormat) -> Feed:
    """Reads out of a recording of any driver of messages."""
    reader = JsonReader(name, options)
    return lambda data: [*input_changes(name, data), *reader.feed(data)]


DRIVER: Final = Driver(
    "mqtt",
    "Readers that publish JSON or plain text to an MQTT 5 broker.",
    MqttOptions,
    ("tag", "code"),
    (
        "Brokers without MQTT 5 refuse the connection.",
        "Messages published with quality of service 0 are lost while the gateway is away.",
        "Retained messages are not taken as reads.",
        "The signals ok, warn, stop and stored cannot be shown at the reader.",
    ),
    "gateway.sources.mqtt:make",
    messages,
    {"topics": ["readers/#"]},
)
