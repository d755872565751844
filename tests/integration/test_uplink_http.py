"""The gateway's HTTP over real sockets: one connection kept, and every fault in words."""

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.uplink import http
from gateway.uplink.http import HttpTransport, TransportFault

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: now\r\n\r\n{}"


class Server:
    """Answers each request with the next of its answers, byte for byte; None closes the connection instead."""

    def __init__(self, answers: Sequence[bytes | None], tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.requests: list[bytes] = []
        self.connections = 0
        self._answers = iter(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            # A client that does not trust us breaks the handshake off.
            with (
                contextlib.suppress(ssl.SSLError, ConnectionError),
                peer,
                self._tls.wrap_socket(peer, server_side=True) if self._tls else peer as open_peer,
            ):
                self._talk(open_peer)

    def _talk(self, peer: socket.socket) -> None:
        while request := peer.recv(65536):
            self.requests.append(request)
            answer = next(self._answers)
            if answer is None:
                return
            peer.sendall(answer)
            if b"Connection: close" in answer:
                return


@contextmanager
def talking(*answers: bytes | None) -> Iterator[tuple[Server, HttpTransport]]:
    server = Server(answers)
    transport = HttpTransport(server.url, "ol_key", agent="test/1")
    try:
        yield server, transport
    finally:
        transport.close()
        server.close()


def test_requests_share_one_connection_and_each_is_one_packet() -> None:
    with talking(OK, OK) as (server, transport):
        first = transport.post("/api/v1/events", b'{"a":1}')
        transport.post("/api/v1/events", b'{"a":2}')

    assert (first.status, first.body, first.date) == (200, b"{}", "now")
    assert server.connections == 1
    head, _, body = server.requests[1].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Authorization: Bearer ol_key" in head
    assert body == b'{"a":2}'


def test_a_connection_that_went_stale_is_opened_again_without_a_word() -> None:
    with talking(OK, None, OK) as (server, transport):
        transport.post("/x", b"1")
        reply = transport.post("/x", b"2")

    assert reply.status == 200
    assert server.connections == 2


def test_a_server_that_wants_to_close_is_let_go() -> None:
    with talking(OK.replace(b"Date: now", b"Connection: close"), OK) as (server, transport):
        transport.post("/x", b"1")
        transport.post("/x", b"2")

    assert server.connections == 2


def test_an_answer_in_chunks_is_read_whole() -> None:
    chunked = b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\nRetry-After: 7\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    with talking(chunked) as (_, transport):
        reply = transport.post("/x", b"1")

    assert (reply.status, reply.body, reply.retry_after) == (503, b"abc", "7")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "cannot be reached"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "cannot be reached"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n{}", "broke off"),
    ],
)
def test_what_is_no_answer_is_a_fault_in_words(answer: bytes | None, words: str) -> None:
    with talking(answer) as (_, transport), pytest.raises(TransportFault, match=words):
        transport.post("/x", b"1")


def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 10)
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + b"x" * 20

    with talking(endless) as (_, transport), pytest.raises(TransportFault, match="too long"):
        transport.post("/x", b"1")


def test_silence_and_a_closed_door_are_told_apart() -> None:
    with talking(b"") as (server, transport):
        with pytest.raises(TransportFault, match="does not answer in time"):
            transport.post("/x", b"1", 0.2)
        server.close()
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

    with pytest.raises(TransportFault, match=r"cannot be reached \(Connection refused\)"):
        HttpTransport(url, "k", agent="t").post("/x", b"1")


def openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority of our own, a certificate of it for this machine, one for another, and a second authority."""
    folder = tmp_path_factory.mktemp("papers")
    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    for name in ("ca", "stranger"):
        usage = "keyUsage=critical,keyCertSign"
        out = ("-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem")
        openssl(*new, *out, "-subj", f"/CN=Factory {name}", "-addext", usage)
    for name, host in (("server", "IP:127.0.0.1"), ("other", "DNS:other.example")):
        signed = ("-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key", "-addext", f"subjectAltName={host}")
        out = ("-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem")
        openssl(*new, *signed, *out, "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:FALSE")
    return folder


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed: apt-get install openssl")
class TestOwnAuthority:
    @contextmanager
    def posting(self, papers: Path, name: str, ca: str | None) -> Iterator[HttpTransport]:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(papers / f"{name}.pem", papers / f"{name}.key")
        server = Server([OK, OK], tls)
        url = f"https://127.0.0.1:{server.port}"
        transport = HttpTransport(url, "ol_key", agent="test/1", ca_file=str(papers / f"{ca}.pem") if ca else None)
        try:
            yield transport
        finally:
            transport.close()
            server.close()

    def test_a_server_whose_certificate_is_of_our_authority_is_trusted(self, papers: Path) -> None:
        with self.posting(papers, "server", "ca") as transport:
            assert [transport.post("/api/v1/events", b"{}").status for _ in range(2)] == [200, 200]

    @pytest.mark.parametrize(
        ("name", "ca", "why"),
        [
            ("server", None, "certificate verify failed"),
            ("server", "stranger", "certificate verify failed"),
            ("other", "ca", "certificate is not valid for"),
        ],
    )
    def test_any_other_server_hears_no_key_and_no_event(
        self, papers: Path, name: str, ca: str | None, why: str
    ) -> None:
        with self.posting(papers, name, ca) as transport:
            with pytest.raises(TransportFault, match="no certificate that is trusted here") as fault:
                transport.post("/api/v1/events", b"{}")
            assert why in str(fault.value)
