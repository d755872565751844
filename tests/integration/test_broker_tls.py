"""Both sides speak to a broker over TLS with an authority of the house, and to no other."""

import asyncio
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from gateway.uplink.http import TransportFault
from gateway.uplink.link import BrokerLink
from gateway.uplink.mqtt import broker_access
from orderlight.events import topics
from orderlight.events.topics import Leaf
from server.broker.door import BrokerDoor
from server.settings import Settings
from simulators.leaving import leave
from simulators.services import private_mosquitto


@dataclass(frozen=True)
class Secured:
    """A broker whose certificate our own authority signed."""

    url: str
    ca_file: Path


def openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("tls")
    ca, ca_key, cert, key, wish = (folder / name for name in ("ca.pem", "ca.key", "cert.pem", "key.pem", "wish"))
    new = ["-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj"]
    openssl("req", "-x509", *new, "/CN=House", "-days", "2", "-keyout", ca_key, "-out", ca)
    openssl("req", *new, "/CN=broker", "-keyout", key, "-out", wish)
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    signed = ["-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "2", "-extfile", folder / "names"]
    openssl("x509", "-req", "-in", wish, *signed, "-out", cert)
    with private_mosquitto(files={"certfile": cert, "keyfile": key}) as port:
        yield Secured(f"mqtts://127.0.0.1:{port}", ca)


async def echo(_scope: Any, receive: Any, send: Any) -> None:
    """An application that says what it heard."""
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def door(secured: Secured, tmp_path: Path) -> Iterator[BrokerDoor]:
    """A server at the broker, in a loop of its own."""
    settings = {
        "ORDERLIGHT_DATA_DIR": str(tmp_path),
        "ORDERLIGHT_BROKER_URL": secured.url,
        "ORDERLIGHT_BROKER_CA_FILE": str(secured.ca_file),
    }
    found = BrokerDoor(Settings.load(settings))
    loop, begun = asyncio.new_event_loop(), threading.Event()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> None:
        found.on_change = begun.set
        found.start(echo)

    asyncio.run_coroutine_threadsafe(start(), loop).result(5)
    assert begun.wait(5)
    yield found
    asyncio.run_coroutine_threadsafe(found.close(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


@pytest.fixture
def connect(secured: Secured) -> Iterator[Callable[[str | None], BrokerLink]]:
    made: list[BrokerLink] = []

    def start(ca_file: str | None) -> BrokerLink:
        access = broker_access(secured.url, "gw-1", ca_file=ca_file)
        made.append(BrokerLink(access, gateway="gw-1", key="ol_key", version="1"))
        made[-1].start()
        return made[-1]

    yield start
    for link in made:
        link.close()


def test_a_batch_goes_and_its_answer_comes_over_tls_whatever_its_size(
    door: BrokerDoor, secured: Secured, connect: Callable[[str | None], BrokerLink]
) -> None:
    link = connect(str(secured.ca_file))

    small = link.ask(Leaf.EVENTS, b"{}", 5.0)
    # Many records of TLS, more than one read takes.
    large = link.ask(Leaf.EVENTS, b"x" * 500_000, 5.0)

    assert door.state.ok
    assert (small.status, small.body, large.body) == (200, b"{}", b"x" * 500_000)
    assert small.date is not None


def test_a_broker_of_another_authority_is_told_nothing(connect: Callable[[str | None], BrokerLink]) -> None:
    with pytest.raises(TransportFault, match=r"cannot be reached.*certificate verify failed"):
        connect(None).ask(Leaf.EVENTS, b"{}", 0.5)


def test_a_question_that_names_no_way_back_is_counted_and_nothing_is_done(
    door: BrokerDoor, secured: Secured, connect: Callable[[str | None], BrokerLink]
) -> None:
    stranger = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    stranger.tls_set(str(secured.ca_file))
    host, _, port = secured.url.removeprefix("mqtts://").partition(":")
    stranger.connect(host, int(port))
    stranger.loop_start()
    stranger.publish(topics.topic("gw-1", Leaf.EVENTS), b"{}", qos=1).wait_for_publish(5)
    leave(stranger)

    # The door goes on.
    assert connect(str(secured.ca_file)).ask(Leaf.HEALTH, b"{}", 5.0).status == 200
    assert door.state.ok
