"""Both ways to the server keep one promise: the server's own answer comes back, or a fault in words."""

import http.server
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.outbox import Parcel
from gateway.uplink.backoff import Backoff
from gateway.uplink.deliver import Deliverer, read_receipt
from gateway.uplink.http import HttpTransport, Reply, Transport, TransportFault
from gateway.uplink.link import BrokerLink
from gateway.uplink.mqtt import MqttTransport, broker_access
from gateway.uplink.state import UplinkPhase
from orderlight.events import ReceiptError, topics
from orderlight.events.topics import Leaf
from simulators.leaving import leave
from simulators.services import Mosquitto, free_port, killable_mosquitto, private_mosquitto

PATH = "/api/v1/events"
Script = Callable[[bytes], Reply | None]


class HttpServer:
    """Answers each POST as its script says; None keeps silent."""

    def __init__(self) -> None:
        self.script: Script = lambda _body: Reply(200, b"{}")
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                reply = owner.script(self.rfile.read(int(self.headers["Content-Length"])))
                if reply is None:
                    time.sleep(0.4)
                    return
                self.send_response(reply.status)
                if reply.retry_after:
                    self.send_header("Retry-After", reply.retry_after)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, format: str, *args: Any) -> None:
                """Nobody reads it."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.transport: Transport = HttpTransport(
            f"http://127.0.0.1:{self._server.server_port}", "ol_key", agent="test/1"
        )

    def close(self) -> None:
        self.transport.close()
        self._server.shutdown()
        self._server.server_close()


class BrokerServer:
    """Answers each message as its script says, at a broker, several times where `copies` says so."""

    def __init__(self, port: int, gateway: str = "gw-1") -> None:
        self.script: Script = lambda _body: Reply(200, b"{}")
        self.asked: list[paho.MQTTMessage] = []
        self.copies = 1
        self.gateway = gateway
        heard = threading.Event()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self.client.on_message = self._on_message
        self.client.on_subscribe = lambda *_: heard.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.client.subscribe(topics.topic("+", Leaf.EVENTS), qos=1)
        assert heard.wait(5)
        self.link = BrokerLink(
            broker_access(f"mqtt://127.0.0.1:{port}", gateway), gateway=gateway, key="ol_key", version="1.2"
        )
        self.link.start()
        self.transport: Transport = MqttTransport(self.link)

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        self.asked.append(message)
        reply = self.script(bytes(message.payload))
        if reply is not None:
            for _ in range(self.copies):
                self.answer(message.properties.CorrelationData, reply)

    def answer(self, correlation: bytes, reply: Reply) -> None:
        properties = Properties(PacketTypes.PUBLISH)
        properties.CorrelationData = correlation
        properties.UserProperty = [("status", str(reply.status))]
        if reply.retry_after:
            properties.UserProperty = ("retry-after", reply.retry_after)
        self.client.publish(topics.topic(self.gateway, Leaf.ANSWERS), reply.body, qos=1, properties=properties)

    def close(self) -> None:
        self.link.close()
        leave(self.client)


@pytest.fixture(scope="module")
def at_broker(mosquitto: int) -> Iterator[BrokerServer]:
    server = BrokerServer(mosquitto)
    yield server
    server.close()


@pytest.fixture(scope="module")
def over_http() -> Iterator[HttpServer]:
    server = HttpServer()
    yield server
    server.close()


@pytest.fixture(params=["over_http", "at_broker"])
def server(request: pytest.FixtureRequest) -> HttpServer | BrokerServer:
    found: HttpServer | BrokerServer = request.getfixturevalue(request.param)
    found.script = lambda _body: Reply(200, b"{}")
    return found


@pytest.fixture
def broker_server(at_broker: BrokerServer) -> BrokerServer:
    at_broker.script, at_broker.copies = lambda _body: Reply(200, b"{}"), 1
    at_broker.asked.clear()
    return at_broker


@pytest.mark.parametrize("status", [200, 401, 403, 413, 422, 429, 503])
def test_an_answer_of_any_status_comes_back_with_its_words(server: HttpServer | BrokerServer, status: int) -> None:
    server.script = lambda body: Reply(status, b'{"detail":"' + body + b'"}', "7")

    reply = server.transport.post(PATH, b"hello")

    assert (reply.status, reply.body, reply.retry_after) == (status, b'{"detail":"hello"}', "7")


def test_silence_is_a_fault_and_the_next_question_is_answered(server: HttpServer | BrokerServer) -> None:
    server.script = lambda _body: None
    with pytest.raises(TransportFault, match="does not answer in time"):
        server.transport.post(PATH, b"1", 0.2)

    server.script = lambda body: Reply(200, body)
    assert server.transport.post(PATH, b"2").body == b"2"


@pytest.mark.parametrize("scheme", ["http", "mqtt"])
def test_a_closed_door_is_a_fault_in_words(scheme: str) -> None:
    url = f"{scheme}://127.0.0.1:{free_port()}"
    link = BrokerLink(broker_access(url, "gw-1"), gateway="gw-1", key="k", version="1") if scheme == "mqtt" else None
    if link:
        link.start()
    transport: Transport = MqttTransport(link) if link else HttpTransport(url, "k", agent="t")

    with pytest.raises(TransportFault, match=r"cannot be reached.*refused"):
        transport.post(PATH, b"1", 0.3)
    if link:
        link.close()


# --- the broker's own traps ---


def test_a_question_carries_the_key_where_to_answer_and_an_end(broker_server: BrokerServer) -> None:
    broker_server.transport.post(PATH, b"{}", 9.5)

    message = broker_server.asked[-1]
    assert message.topic == "orderlight/v1/gw-1/events"
    assert message.properties.ResponseTopic == "orderlight/v1/gw-1/answers"
    assert dict(message.properties.UserProperty) == {"key": "ol_key"}
    assert message.properties.MessageExpiryInterval == 9


def test_answers_that_come_twice_or_belong_to_another_question_are_counted_and_passed_over(
    broker_server: BrokerServer,
) -> None:
    before, broker_server.copies = broker_server.link.strays, 2
    broker_server.transport.post(PATH, b"1")
    earlier = broker_server.asked[-1].properties.CorrelationData

    def swapped(body: bytes) -> Reply:
        broker_server.answer(earlier, Reply(200, b"of the one before"))
        return Reply(200, body)

    broker_server.script, broker_server.copies = swapped, 1
    reply = broker_server.transport.post(PATH, b"2")

    assert reply.body == b"2"
    assert broker_server.link.strays == before + 2


def test_a_kept_answer_is_of_some_time_ago_and_no_answer(broker_server: BrokerServer) -> None:
    properties = Properties(PacketTypes.PUBLISH)
    properties.CorrelationData = b"x"
    kept = topics.topic("gw-1", Leaf.ANSWERS)
    broker_server.client.publish(kept, b"{}", qos=1, retain=True, properties=properties).wait_for_publish(5)

    assert broker_server.transport.post(PATH, b"2").status == 200
    broker_server.client.publish(kept, b"", qos=1, retain=True).wait_for_publish(5)


class Heap:
    """An outbox of one parcel after the other, in memory."""

    def __init__(self, *bodies: bytes) -> None:
        self.stored = threading.Event()
        self.waiting = dict(enumerate(bodies, 1))
        self.aside: list[int] = []

    def oldest(self, max_events: int, max_bytes: int) -> Parcel | None:
        first = sorted(self.waiting)[:max_events]
        return Parcel("e" * 16, tuple(first), tuple(self.waiting[number] for number in first)) if first else None

    def delete(self, epoch: str, sequences: Any) -> int:
        return len([self.waiting.pop(number) for number in sequences])

    def set_aside(self, epoch: str, sequence: int, reason: str, at: float) -> None:
        self.aside.append(sequence)
        del self.waiting[sequence]


def receipt(body: bytes) -> Reply:
    told = json.loads(body)
    numbers = [event["sequence"] for event in told["events"]]
    results = [{"sequence": n, "status": "applied", "signal": "ok", "say": "Done."} for n in numbers]
    head = {"gateway": told["gateway"], "epoch": told["epoch"], "committed_sequence": numbers[-1], "results": results}
    return Reply(200, json.dumps(head).encode())


def event(number: int, size: int = 10) -> bytes:
    return json.dumps({"sequence": number, "code": "x" * size}).encode()


def test_a_broker_that_takes_little_at_once_gets_halves_and_what_never_fits_is_set_aside() -> None:
    with private_mosquitto(None, "max_packet_size 4000") as port:
        server = BrokerServer(port)
        server.script = receipt
        heap = Heap(event(1, 900), event(2, 900), event(3, 900), event(4, 9000), event(5, 900))

        pause = Deliverer(heap, server.transport, gateway="gw-1", on_answers=lambda *_: None).deliver_pending()
        server.close()

    assert (pause, heap.waiting, heap.aside) == (0.0, {}, [4])


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    with killable_mosquitto() as found:
        yield found


def test_nothing_leaves_the_outbox_while_no_server_listens_whatever_the_broker_acknowledges(broker: Mosquitto) -> None:
    link = BrokerLink(broker_access(f"mqtt://127.0.0.1:{broker.port}", "gw-2"), gateway="gw-2", key="k", version="1")
    link.start()
    heap, soon = Heap(event(1), event(2)), Backoff(lambda: 0.1)
    transport = MqttTransport(link)
    deliverer = Deliverer(heap, transport, gateway="gw-2", on_answers=lambda *_: None, backoff=soon)

    assert deliverer.deliver_pending() > 0
    assert deliverer.state.phase is UplinkPhase.OFFLINE
    assert "No server listens at the broker" in str(deliverer.state.detail)
    assert len(heap.waiting) == 2

    # It dies without a word, comes back empty, and with it a server.
    broker.kill()
    with pytest.raises(TransportFault):
        transport.post(PATH, b"{}", 0.2)
    broker.start()
    server = BrokerServer(broker.port, "gw-2b")
    server.gateway, server.script = "gw-2", receipt
    until = time.monotonic() + 10
    while heap.waiting and time.monotonic() < until:
        deliverer.deliver_pending()
    link.close()
    server.close()

    assert heap.waiting == {}
    assert len(server.asked) == 1


def test_a_receipt_of_other_events_deletes_nothing_even_under_the_right_correlation(
    broker_server: BrokerServer,
) -> None:
    broker_server.script = lambda body: receipt(body.replace(b'"sequence": 1,', b'"sequence": 9,'))
    heap = Heap(event(1))
    deliverer = Deliverer(heap, broker_server.transport, gateway="gw-1", on_answers=lambda *_: None)

    assert deliverer.deliver_pending() > 0
    assert list(heap.waiting) == [1]
    with pytest.raises(ReceiptError):
        read_receipt(b"{}", "gw-1", Parcel("e" * 16, (1,), (b"{}",)))


# --- state, commands and the access list ---


class Listener:
    """Somebody at the broker who hears some topics."""

    def __init__(self, port: int, *wanted: str, user: str = "") -> None:
        self.heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
        granted = threading.Event()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        if user:
            self.client.username_pw_set(user, None)
        self.client.on_message = lambda _client, _data, message: self.heard.put((message.topic, message.payload))
        self.client.on_subscribe = lambda *_: granted.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.client.subscribe([(topic, 1) for topic in wanted])
        assert granted.wait(5)

    def close(self) -> None:
        leave(self.client)


def test_the_broker_keeps_that_a_gateway_is_online_and_that_it_left_in_good_order(mosquitto: int) -> None:
    link = BrokerLink(broker_access(f"mqtt://127.0.0.1:{mosquitto}", "gw-9"), gateway="gw-9", key="k", version="1.2")
    listener = Listener(mosquitto, topics.topic("gw-9", Leaf.STATE))
    link.start()

    online = json.loads(listener.heard.get(timeout=5)[1])
    link.close()
    offline = json.loads(listener.heard.get(timeout=5)[1])
    listener.close()

    assert (online["state"], online["version"], offline["state"]) == ("online", "1.2", "offline")
    golden = max((Path(__file__).parents[1] / "golden").iterdir()) / "mqtt_state.json"
    assert set(online) == set(offline) == set(json.loads(golden.read_bytes()))


def test_a_command_is_answered_under_its_own_correlation(broker_server: BrokerServer, mosquitto: int) -> None:
    broker_server.link.on_command = lambda body, respond: respond(b"did " + body)
    heard: queue.Queue[paho.MQTTMessage] = queue.Queue()
    listener = Listener(mosquitto, topics.topic("gw-1", Leaf.RESULTS))
    listener.client.on_message = lambda _client, _data, message: heard.put(message)
    properties = Properties(PacketTypes.PUBLISH)
    properties.CorrelationData = b"c-17"

    broker_server.transport.post(PATH, b"{}")
    listener.client.publish(topics.topic("gw-1", Leaf.COMMANDS), b"pause", qos=1, properties=properties)
    result = heard.get(timeout=5)
    listener.close()

    assert (result.payload, result.properties.CorrelationData) == (b"did pause", b"c-17")


def test_the_access_list_opens_to_a_gateway_its_own_topics_alone() -> None:
    acl = Path(__file__).parents[2] / "deploy" / "mosquitto" / "acl"
    with private_mosquitto(files={"acl_file": acl}) as port:
        url = f"mqtt://127.0.0.1:{port}"
        server = Listener(port, topics.topic("+", Leaf.EVENTS), user="server")
        thief = Listener(port, topics.topic("+", Leaf.EVENTS), user="gw-b")
        own = BrokerLink(broker_access(url, "gw-a", username="gw-a"), gateway="gw-a", key="k", version="1")
        other = BrokerLink(broker_access(url, "gw-a", username="gw-b"), gateway="gw-a", key="k", version="1")
        own.start()
        with pytest.raises(TransportFault, match="in time"):
            own.ask(Leaf.EVENTS, b"mine", 0.3)
        own.close()
        other.start()
        refused = other.ask(Leaf.EVENTS, b"foreign", 2.0)
        other.close()
        thief.close()
        server.close()

    assert server.heard.get(timeout=5) == ("orderlight/v1/gw-a/events", b"mine")
    assert server.heard.empty()
    assert thief.heard.empty()
    assert (refused.status, b"access list" in refused.body) == (403, True)
