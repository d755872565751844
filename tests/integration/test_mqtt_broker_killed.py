"""The broker of the readers is killed and comes back empty, again and again: what it delivered is read, once."""

import time
from collections import Counter
from collections.abc import Callable

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from gateway.protocols import parse_options
from gateway.protocols.reads import CodeRead, Sign
from gateway.sources import make_source
from gateway.supervisor import Supervisor
from simulators.leaving import leave
from simulators.services import Mosquitto, ServiceMissing, find_mosquitto, killable_mosquitto

pytestmark = pytest.mark.faults

KILLS = 2
EACH = 40


def until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.01)


class Publisher:
    """A reader that publishes with QoS 1; it sends again what was not acknowledged, as paho does by itself."""

    def __init__(self, port: int) -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def send(self, codes: list[str], *, wait: bool) -> None:
        sent = [self._client.publish("scans", code, qos=1) for code in codes]
        for each in sent if wait else ():
            each.wait_for_publish(15)

    def close(self) -> None:
        leave(self._client)


def test_a_broker_killed_again_and_again_and_empty_each_time_costs_at_most_what_it_had_not_delivered() -> None:
    try:
        find_mosquitto()
    except ServiceMissing as missing:
        pytest.skip(str(missing))
    with killable_mosquitto() as broker:
        read, delivered, hurried = run(broker)

    # Whatever was delivered before a kill is read, and once. Of what was on its way, nothing is invented.
    assert {code: read[code] for code in delivered} == dict.fromkeys(delivered, 1)
    assert set(read) <= delivered | hurried


def run(broker: Mosquitto) -> tuple[Counter[str], set[str], set[str]]:
    """Kill it KILLS times; what was read how often, what was delivered before each kill, and what was on its way."""
    read: Counter[str] = Counter()
    table = {"topics": ["scans"], "port": broker.port, "preset": "plain"}
    source = make_source("bus", parse_options("mqtt", table), gateway="gw-1")

    def emit(sign: Sign) -> None:
        if isinstance(sign, CodeRead):
            read[sign.raw.decode()] += 1
            source.acknowledge(sign)

    supervisor = Supervisor(
        source, "mqtt", emit=emit, on_lost=lambda _n, _r: None, on_recovered=lambda _n: None, share=lambda: 0.0
    )
    supervisor.start()
    until(lambda: supervisor.health().phase.value == "ready", "a subscription")
    publisher = Publisher(broker.port)
    delivered: set[str] = set()
    hurried: set[str] = set()
    for kill in range(KILLS + 1):
        settled = [f"SETTLED-{kill}-{number}" for number in range(EACH)]
        publisher.send(settled, wait=True)
        delivered.update(settled)
        until(lambda: delivered <= set(read), f"what was delivered before kill {kill}")
        if kill < KILLS:
            late = [f"LATE-{kill}-{number}" for number in range(EACH)]
            publisher.send(late, wait=False)
            hurried.update(late)
            broker.kill()
            until(lambda: supervisor.health().phase.value != "ready", "the loss to be noticed")
            broker.start()
            until(lambda: supervisor.health().phase.value == "ready", "a new subscription")
    publisher.close()
    supervisor.stop()
    assert supervisor.join(10)
    return read, delivered, hurried
