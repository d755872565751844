"""A subscriber that writes down what readers publish, and a publisher that says it again."""

import threading
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from simulators.devices.transport import NotPlugged
from simulators.leaving import leave
from simulators.recording.format import Chunk, Recorder

_GREETING_SECONDS: Final = 10.0


class BrokerLink:
    """One connection to a broker, as a context manager; raises NotPlugged where it does not answer."""

    def __init__(self, host: str, port: int, user: tuple[str, str] | None = None) -> None:
        self._address = (host, port)
        self._connected = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_connect = self._on_connect
        if user is not None:
            self._client.username_pw_set(*user)
        self._topic: str | None = None

    def __enter__(self) -> "BrokerLink":
        host, port = self._address
        self._client.connect_async(host, port, keepalive=30)
        self._client.loop_start()
        if not self._connected.wait(_GREETING_SECONDS):
            self.__exit__()
            raise NotPlugged(f"The broker {host}:{port} does not answer, or refuses us. Check --broker and its user.")
        return self

    def __exit__(self, *_ended: object) -> None:
        leave(self._client)

    def record(self, topic: str, recorder: Recorder) -> None:
        """Write down what is published under `topic` from now on; before the context is entered."""
        self._topic = topic
        self._client.on_message = lambda _client, _data, message: (
            None if message.retain else recorder.note(bytes(message.payload), to_host=True, place=message.topic)
        )

    def publish(self, chunk: Chunk) -> None:
        """Say a chunk again, and wait until the broker has it; raises NotPlugged where it went away."""
        try:
            message = self._client.publish(chunk.place, chunk.data, qos=1)
            message.wait_for_publish(_GREETING_SECONDS)
        except (RuntimeError, ValueError) as error:
            raise NotPlugged(f"A message to {chunk.place!r} was not published: {error}") from error
        if not message.is_published():
            raise NotPlugged(f"The broker did not take a message to {chunk.place!r} in {_GREETING_SECONDS:.0f} s.")

    def _on_connect(self, client: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, _m: object) -> None:
        if reason.is_failure:
            return
        if self._topic is not None:
            client.subscribe(self._topic, qos=1)
        self._connected.set()
