"""Readers on a real broker: nothing is lost while we are away, nothing is counted twice when we are back."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from gateway.protocols.mqtt_json import MqttOptions
from gateway.protocols.reads import CodeRead, TagRead
from gateway.sources import make_source
from gateway.sources.base import Refuses, Source
from simulators.host import Running
from simulators.leaving import leave
from simulators.services import ServiceMissing, find_mosquitto, free_port, wait_for_port

PATIENCE = 30.0
EPC = "7EDA9038051002710002C0AE"


def _mosquitto_is_missing() -> str:
    try:
        find_mosquitto()
    except ServiceMissing as missing:
        return str(missing)
    return ""


pytestmark = pytest.mark.skipif(bool(_mosquitto_is_missing()), reason=_mosquitto_is_missing())


# As root, mosquitto would become its own user, who may not read our temporary folder.
_STAYS_ROOT = ["user root"] if os.geteuid() == 0 else []


class PrivateBroker:
    """A mosquitto of our own that can be killed and started again on the same port."""

    def __init__(self, folder: Path, *lines: str) -> None:
        self.port = free_port()
        self.host = "127.0.0.1"
        self._config = folder / "mosquitto.conf"
        text = "\n".join([f"listener {self.port} 127.0.0.1", "persistence false", *lines, *_STAYS_ROOT, ""])
        self._config.write_text(text)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [find_mosquitto(), "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for_port(self.port, self._process, "mosquitto")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def publish(self, topic: str, *payloads: bytes, qos: int = 1, retain: bool = False) -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        client.connect(self.host, self.port)
        client.loop_start()
        for sent in [client.publish(topic, payload, qos=qos, retain=retain) for payload in payloads]:
            sent.wait_for_publish(PATIENCE)
        leave(client)


MakeSource = Callable[..., Source]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[PrivateBroker]:
    broker = PrivateBroker(tmp_path, "allow_anonymous true")
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def source(broker: PrivateBroker) -> MakeSource:
    def make(**table: object) -> Source:
        options = {"host": broker.host, "port": broker.port, "topics": ["readers/#"], **table}
        return make_source("gate-1", MqttOptions.parse(options), gateway="gw-hall-1")

    return make


def test_a_tag_event_of_an_r700_is_read(broker: PrivateBroker, source: MakeSource) -> None:
    event = {"eventType": "tagInventory", "tagInventoryEvent": {"epcHex": EPC, "antennaPort": 2, "peakRssiCdbm": -6150}}

    with Running(source(preset="impinj_r700"), stores=True) as running:
        running.ready()
        broker.publish("readers/gate-1/events", json.dumps(event).encode())
        read = running.reads.get(timeout=PATIENCE)

    assert isinstance(read, TagRead)
    assert (read.epc, read.antenna, read.rssi_dbm) == (EPC, 2, -61.5)


@pytest.mark.parametrize("qos", [0, 1])
def test_a_plain_code_is_read_at_either_quality_of_service(broker: PrivateBroker, source: MakeSource, qos: int) -> None:
    with Running(source(), stores=True) as running:
        running.ready()
        broker.publish("readers/scanner", b"OLU00113", qos=qos)

        assert running.codes(1) == [b"OLU00113"]


def test_a_message_that_is_not_json_is_kept_as_a_fault(broker: PrivateBroker, source: MakeSource) -> None:
    with Running(source(preset="impinj_r700"), stores=True) as running:
        running.ready()
        broker.publish("readers/gate-1", b'{"eventType": "tagInv')
        read = running.reads.get(timeout=PATIENCE)

    assert isinstance(read, CodeRead)
    assert read.fault == "The message is not whole JSON."


def test_messages_without_reads_do_not_hold_up_the_others(broker: PrivateBroker, source: MakeSource) -> None:
    with Running(source(max_in_flight=1), stores=True) as running:
        running.ready()
        broker.publish("readers/gate-1", *[b'{"eventType": "inventoryStatus"}'] * 30, b"CODE-1")

        assert running.codes(1) == [b"CODE-1"]
        assert running.source.counters()["ignored"] == 30


def test_the_broker_waits_until_a_read_is_stored(broker: PrivateBroker, source: MakeSource) -> None:
    with Running(source(max_in_flight=1)) as running:
        running.ready()
        broker.publish("readers/scanner", b"CODE-1", b"CODE-2")
        first = running.reads.get(timeout=PATIENCE)
        assert running.is_quiet()

        running.source.acknowledge(first)

        assert running.codes(1) == [b"CODE-2"]


def test_what_is_published_while_we_are_away_arrives_when_we_are_back(
    broker: PrivateBroker, source: MakeSource
) -> None:
    with Running(source(), stores=True) as running:
        running.ready()

    broker.publish("readers/scanner", b"CODE-1", b"CODE-2")

    with Running(source(), stores=True) as running:
        assert running.codes(2) == [b"CODE-1", b"CODE-2"]


def test_what_was_not_stored_before_a_crash_is_sent_again(broker: PrivateBroker, source: MakeSource) -> None:
    with Running(source()) as running:
        running.ready()
        broker.publish("readers/scanner", b"CODE-1", b"CODE-2")
        stored = running.reads.get(timeout=PATIENCE)
        running.source.acknowledge(stored)
        assert running.codes(1) == [b"CODE-2"]
        time.sleep(0.1)

    with Running(source(), stores=True) as running:
        assert running.codes(1) == [b"CODE-2"]
        assert running.is_quiet()


def test_a_message_sent_again_to_the_same_gateway_is_not_read_twice(broker: PrivateBroker, source: MakeSource) -> None:
    gate = source()
    with Running(gate) as running:
        running.ready()
        broker.publish("readers/scanner", b"CODE-1")
        read = running.reads.get(timeout=PATIENCE)

    gate.acknowledge(read)

    with Running(gate, stores=True) as running:
        running.ready()
        broker.publish("readers/scanner", b"CODE-2")
        assert running.codes(1) == [b"CODE-2"]
        assert running.source.counters()["again"] == 1
        # The read is emitted before it is acknowledged, so the count follows a moment later.
        _wait_until(lambda: running.source.counters()["waiting"] == 0)


def _wait_until(is_true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_read_that_could_not_be_stored_is_fetched_again(broker: PrivateBroker, source: MakeSource) -> None:
    gate = source()
    with Running(gate) as running:
        running.ready()
        broker.publish("readers/scanner", b"CODE-1")
        assert isinstance(gate, Refuses)
        gate.refuse(running.reads.get(timeout=PATIENCE))
        lost = running.ended()
    assert lost is not None
    assert "could not be stored" in lost.reason

    with Running(gate, stores=True) as running:
        assert running.codes(1) == [b"CODE-1"]


def test_retained_messages_are_no_reads(broker: PrivateBroker, source: MakeSource) -> None:
    broker.publish("readers/scanner", b"OLD", retain=True)

    with Running(source(), stores=True) as running:
        running.ready()
        broker.publish("readers/scanner", b"NEW")

        assert running.codes(1) == [b"NEW"]


def test_a_broker_that_dies_is_lost_and_read_again_when_it_is_back(broker: PrivateBroker, source: MakeSource) -> None:
    gate = source()
    with Running(gate, stores=True) as running:
        running.ready()
        broker.kill()
        lost = running.ended()
    assert lost is not None
    assert f"The connection to 127.0.0.1:{broker.port} was lost" in lost.reason

    with Running(gate, stores=True) as running:
        refused = running.ended()
    assert refused is not None
    assert "cannot be reached" in refused.reason

    broker.start()
    with Running(gate, stores=True) as running:
        running.ready()
        broker.publish("readers/scanner", b"CODE-1")
        assert running.codes(1) == [b"CODE-1"]


def test_a_second_gateway_of_the_same_name_pushes_the_first_out_with_a_reason(
    broker: PrivateBroker, source: MakeSource
) -> None:
    with Running(source(), stores=True) as first:
        first.ready()
        with Running(source(), stores=True) as second:
            second.ready()
            lost = first.ended()

    # This broker closes the first connection without saying why, so the sentence names both causes.
    assert lost is not None
    assert "another client is named orderlight-gw-hall-1-gate-1 too" in lost.reason


def test_a_name_that_cannot_be_resolved_is_told(source: MakeSource) -> None:
    with Running(source(host="no-such-broker.invalid"), stores=True) as running:
        lost = running.ended()

    assert lost is not None
    assert "The broker no-such-broker.invalid" in lost.reason
    assert "cannot be reached" in lost.reason


def test_a_missing_password_file_is_told(source: MakeSource, tmp_path: Path) -> None:
    with Running(source(username="gw", password_file=str(tmp_path / "none")), stores=True) as running:
        lost = running.ended()

    assert lost is not None
    assert "The password file could not be read" in lost.reason


def test_an_idle_broker_costs_next_to_no_processor_time(source: MakeSource) -> None:
    with Running(source(), stores=True) as running:
        running.ready()
        before = time.process_time()
        time.sleep(1.0)
        used = time.process_time() - before

    assert used < 0.02  # A fiftieth of the second that passed: a busy loop would use all of it.


class TestProtectedBroker:
    @pytest.fixture
    def guarded(self, tmp_path: Path) -> Iterator[PrivateBroker]:
        passwords = tmp_path / "passwords"
        subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "gw-hall-1", "sesame"], check=True)
        broker = PrivateBroker(tmp_path, "allow_anonymous false", f"password_file {passwords}")
        broker.start()
        yield broker
        broker.kill()

    def source(self, broker: PrivateBroker, secret: Path) -> Source:
        table = {"topics": "readers/#", "port": broker.port, "username": "gw-hall-1", "password_file": str(secret)}
        return make_source("gate-1", MqttOptions.parse(table), gateway="gw-hall-1")

    def test_the_right_password_opens(self, guarded: PrivateBroker, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("sesame\n")

        with Running(self.source(guarded, secret), stores=True) as running:
            running.ready()

    def test_the_wrong_password_is_refused_in_words(self, guarded: PrivateBroker, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("open")

        with Running(self.source(guarded, secret), stores=True) as running:
            lost = running.ended()

        assert lost is not None
        assert "refused us: Not authorized" in lost.reason


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed: apt-get install openssl")
class TestEncryptedBroker:
    @pytest.fixture
    def encrypted(self, tmp_path: Path) -> Iterator[PrivateBroker]:
        key, certificate = tmp_path / "key.pem", tmp_path / "ca.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=127.0.0.1",
             "-addext", "subjectAltName=IP:127.0.0.1"],
            check=True, capture_output=True,
        )  # fmt: skip
        broker = PrivateBroker(tmp_path, "allow_anonymous true", f"certfile {certificate}", f"keyfile {key}")
        broker.start()
        yield broker
        broker.kill()

    def source(self, broker: PrivateBroker, **table: object) -> Source:
        options = MqttOptions.parse({"topics": "readers/#", "port": broker.port, **table})
        return make_source("gate-1", options, gateway="gw-hall-1")

    def test_our_own_certificate_authority_is_trusted(self, encrypted: PrivateBroker, tmp_path: Path) -> None:
        ca = str(tmp_path / "ca.pem")
        with Running(self.source(encrypted, ca_file=ca), stores=True) as running:
            running.ready()
            self.publish(encrypted, ca, *[b"CODE-%d" % number for number in range(200)])

            assert running.codes(200) == [b"CODE-%d" % number for number in range(200)]

    def publish(self, broker: PrivateBroker, ca: str, *payloads: bytes) -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        client.tls_set(ca)
        client.connect(broker.host, broker.port)
        client.loop_start()
        for sent in [client.publish("readers/scanner", payload, qos=1) for payload in payloads]:
            sent.wait_for_publish(PATIENCE)
        leave(client)

    # paho leaves the socket of a failed handshake to be closed by whoever drops its frames.
    @pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
    def test_a_certificate_from_elsewhere_is_refused(self, encrypted: PrivateBroker) -> None:
        with Running(self.source(encrypted, tls=True), stores=True) as running:
            lost = running.ended()

        assert lost is not None
        assert "certificate verify failed" in lost.reason
