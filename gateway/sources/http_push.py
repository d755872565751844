"""Readers that post over HTTP to the gateway. Each connection has a thread; there are few of them at a time."""

import dataclasses
import json
import threading
import time
from collections import Counter
from gettext import gettext as _
from pathlib import Path
from typing import Final

from gateway.protocols.http_push import Answer, HttpPushOptions, Request, refuse, stored, too_long, try_again
from gateway.protocols.json_inputs import input_changes
from gateway.protocols.mqtt_json import JsonReader
from gateway.protocols.reads import DevicePhase, DeviceState, Read
from gateway.sources.base import Emit, Report, SourceLost, Surroundings
from gateway.sources.link import LONGEST_WAIT
from gateway.sources.listener import Limits, Listener, RequestHandler, tls_of
from gateway.sources.posts import Post, Posts
from gateway.wake import Waker

#: A request that takes longer in all is broken off; a kept connection begins anew with each.
REQUEST_SECONDS: Final = 40.0
_CHUNK_LINE: Final = 64


class HttpPushSource:
    """Listens for one reader's posts; see sources.base.Source for the contract.

    A post is answered 200 when every read in it is on disk, and 503 when one could not be stored, so that the
    reader keeps it. A post that comes again because its answer was lost or late is not read a second time.
    """

    def __init__(self, name: str, options: HttpPushOptions) -> None:
        self.name = name
        self.options = options
        self.token = ""
        self._reader = JsonReader(name, options)
        self._posts = Posts()
        self._waker = Waker()
        self._counts: Counter[str] = Counter()
        self._emit: Emit | None = None
        # Reads of several connections go on one after the other: the pipeline expects one thread per device.
        self._turn = threading.Lock()

    def run(self, emit: Emit, stop: threading.Event, state: Report) -> None:
        """Listen until `stop`; raises SourceLost where the port cannot be had."""
        state(DeviceState(DevicePhase.CONNECTING))
        self.token = _token(self.options)
        server = _open(self, self.options)
        self._emit = emit
        try:
            state(DeviceState(DevicePhase.READY))
            while not stop.is_set():
                if self._waker.wait(server.fileno(), LONGEST_WAIT):
                    server.handle_request()
                server.sweep(time.monotonic())
        finally:
            self._emit = None
            server.server_close()
            server.sweep(float("inf"))
        state(DeviceState(DevicePhase.STOPPED))

    def take(self, body: bytes) -> Answer:
        """Bring a posted body to disk, and say how that went."""
        again = self._posts.known(body)
        if again is not None and not again.refused:
            self._counts["again"] += 1
            return self._await(again)
        with self._turn:
            emit = self._emit
            if emit is None:
                return try_again()
            for change in input_changes(self.name, body):
                self._counts["inputs"] += 1
                emit(change)
            reads = self._reader.feed(body)
            if not reads:
                return stored(0)
            token, post = self._posts.begin(body, len(reads))
            for read in reads:
                emit(dataclasses.replace(read, delivery=token))
        return self._await(post)

    def _await(self, post: Post) -> Answer:
        if post.settled.wait(self.options.patience_s):
            return try_again() if post.refused else stored(post.reads)
        self._counts["late"] += 1
        self._posts.unanswered(post)
        return try_again()

    def unheard(self, body: bytes, post: Answer) -> None:
        """The answer did not reach the reader, who will post the same again."""
        if post.status == 200:
            _token, done = self._posts.begin(body, 1)
            self._posts.stored(_token)
            self._posts.unanswered(done)

    def acknowledge(self, read: Read) -> None:
        """This read is stored; the post is answered when it was its last."""
        if read.delivery is not None:
            self._posts.stored(read.delivery)

    def refuse(self, read: Read) -> None:
        """This read could not be stored: the reader is asked to post it again."""
        if read.delivery is not None:
            self._posts.refused(read.delivery)

    def feedback(self, signal: str) -> None:
        """Nothing: the answer to a post says only whether it is stored."""

    def cancel(self) -> None:
        """Let run() look at `stop` now."""
        self._waker.wake()

    def count(self, what: str) -> None:
        """One more of these."""
        self._counts[what] += 1

    def counters(self) -> dict[str, int]:
        """messages, inputs, tags, codes, faults, ignored, answers by status, again, late, turned_away and waiting."""
        return {**self._reader.counts, **self._counts, "waiting": len(self._posts)}


class _Server(Listener):
    """The reader's door."""

    def __init__(self, source: HttpPushSource) -> None:
        self.source, options = source, source.options
        super().__init__(
            (options.host, options.http_port),
            _Handler,
            Limits(options.max_connections, REQUEST_SECONDS),
            count=source.count,
            context=tls_of(options.cert_file, options.key_file),
        )


class _Handler(RequestHandler):
    server: _Server

    def do_POST(self) -> None:
        """Judge the head, read the body, store it, answer."""
        source = self.server.source
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.client_address[0])
        refused = refuse(request, source.options, source.token)
        body = None if refused else self._body(headers, source.options.max_bytes)
        if body is None:
            # What is left of the request would be taken for the next one.
            self.close_connection = True
            self._answer(refused or too_long(source.options.max_bytes))
            return
        answer = source.take(body)
        try:
            self._answer(answer)
        except OSError:
            source.unheard(body, answer)
            raise

    def do_PUT(self) -> None:
        """The same."""
        self.do_POST()

    def do_GET(self) -> None:
        """Somebody looks with a browser, and is told what is read here."""
        self.do_POST()

    def _body(self, headers: dict[str, str], limit: int) -> bytes | None:
        if "chunked" not in headers.get("transfer-encoding", "").lower():
            body = self.rfile.read(int(headers["content-length"]))
            if len(body) < int(headers["content-length"]):
                raise ConnectionError("The reader hung up in the middle of its body.")
            return body
        parts, total = [], 0
        while size := int(self.rfile.readline(_CHUNK_LINE).partition(b";")[0], 16):
            total += size
            if size < 0 or total > limit:
                return None
            parts.append(self.rfile.read(size))
            self.rfile.readline(_CHUNK_LINE)
        self.rfile.readline(_CHUNK_LINE)
        return b"".join(parts)

    def _answer(self, answer: Answer) -> None:
        self.server.source.count(f"answered_{answer.status}")
        body = json.dumps({"status": answer.status, "detail": answer.sentence}).encode()
        self.send_response(answer.status)
        for name, value in (*answer.headers, ("Content-Type", "application/json"), ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _open(source: HttpPushSource, options: HttpPushOptions) -> _Server:
    try:
        return _Server(source)
    except OSError as error:
        sentence = _("Nobody can post to {host}:{port}: {error}. Choose an address of this machine and a free port.")
        words = str(error.strerror or error).rstrip(".")
        raise SourceLost(sentence.format(host=options.host, port=options.http_port, error=words)) from error


def _token(options: HttpPushOptions) -> str:
    if not options.token_file:
        return ""
    try:
        token = Path(options.token_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceLost(_("The token file could not be read: {error}.").format(error=error)) from error
    if not token:
        raise SourceLost(_("The token file {path} is empty.").format(path=options.token_file))
    return token


def make(name: str, options: HttpPushOptions, _around: Surroundings) -> HttpPushSource:
    """The source of one device."""
    return HttpPushSource(name, options)
