"""Readers that post their reads over HTTP: who may, what a request is answered, and what its body holds. Sans-I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from gettext import gettext as _
from ipaddress import ip_address

from gateway.protocols import json_shape
from gateway.protocols.line import address_mistakes
from gateway.protocols.mqtt_json import JsonFormat
from gateway.protocols.options import option, required, toml
from gateway.protocols.tokens import shows


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPushOptions(JsonFormat):
    """Options of a reader that posts to the gateway."""

    http_port: int = required("The port at which the gateway listens.", example="8085", low=1, high=65_535)
    host: str = option("127.0.0.1", "The gateway's own address to listen at; 0.0.0.0 for all.")
    path: str = option("/", "Where the reader posts.")
    token_file: str = option(
        "",
        "File that holds the word the reader must show, as Bearer or as a Basic password; "
        "a relative path starts at gateway.toml.",
        path=True,
    )
    allow: tuple[str, ...] = option((), "Addresses that may post; empty: any that reaches us.")
    cert_file: str = option("", "Certificate chain (PEM); with it the gateway listens for https.", path=True)
    key_file: str = option("", "The certificate's private key.", path=True)
    max_bytes: int = option(1_048_576, "Longest body that is taken.", low=1024, high=16_777_216)
    max_connections: int = option(16, "Connections at a time; more are turned away.", low=1, high=200)
    patience_s: float = option(
        10.0, "Longest wait for the disk before the reader is asked to post again.", low=1, high=60
    )

    @property
    def listens_at(self) -> tuple[str, int]:
        """The gateway's own address and port that it takes."""
        return self.host, self.http_port

    def check(self) -> list[str]:
        """The mistakes that only show when options are seen together."""
        mistakes = address_mistakes("host", self.host)
        mistakes.extend(mistake for address in self.allow for mistake in address_mistakes("allow", address))
        if not self.path.startswith("/"):
            mistakes.append(_('path: expected a path such as "/gate-1", got {got}.').format(got=toml(self.path)))
        if bool(self.cert_file) != bool(self.key_file):
            mistakes.append(_("cert_file and key_file belong together: give both, or neither."))
        if not mistakes and not (self.token_file or self.allow or ip_address(self.host).is_loopback):
            sentence = _("token_file: missing. Whoever reaches {host} could post; give token_file or allow.")
            mistakes.append(sentence.format(host=self.host))
        return mistakes + json_shape.mapping_mistakes(self.mapping)


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a request, before its body is read; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    peer: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the reader is told."""

    status: int
    sentence: str
    headers: tuple[tuple[str, str], ...] = ()


def refuse(request: Request, options: HttpPushOptions, token: str) -> Answer | None:
    """Why this request's body is not even read; None where it may come."""
    if options.allow and request.peer not in options.allow:
        return Answer(403, _("This address may not post here."))
    if request.path.partition("?")[0] != options.path:
        return Answer(404, _("Nothing is read at this path."))
    if request.method not in ("POST", "PUT"):
        return Answer(405, _("Only POST is read here."), (("Allow", "POST, PUT"),))
    if token and not shows(request.headers.get("authorization", ""), token):
        return Answer(401, _("The token is wrong or missing."), (("WWW-Authenticate", 'Basic realm="reads"'),))
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        return Answer(415, _("Compressed bodies are not read; switch compression off at the reader."))
    return _too_long(request.headers, options.max_bytes)


def _too_long(headers: Mapping[str, str], limit: int) -> Answer | None:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return None
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        return Answer(411, _("Content-Length is missing."))
    return too_long(limit) if len(length) > 12 or int(length) > limit else None


def too_long(limit: int) -> Answer:
    """The body is longer than what is taken."""
    return Answer(413, _("At most {limit} bytes are read.").format(limit=limit))


def stored(reads: int) -> Answer:
    """All that the body held is on disk."""
    return Answer(200, _("Reads stored: {reads}.").format(reads=reads))


def try_again() -> Answer:
    """It could not be stored, or not in time: the reader keeps it."""
    return Answer(503, _("The reads could not be stored now; post them again."), (("Retry-After", "2"),))
