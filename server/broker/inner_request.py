"""A message as a request to our own application, so that both doors check keys and answer errors in one way."""

from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Final

from starlette.types import ASGIApp, Message, Scope

from orderlight.events import topics

#: In the scope of a request that came through the broker: the gateway in whose topic it stood.
TOPIC_GATEWAY: Final = "orderlight.topic_gateway"


@dataclass(slots=True)
class InnerAnswer:
    """What the application answered."""

    status: int = 500
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""

    def told(self) -> dict[str, str]:
        """The part of the head that a gateway needs, as user properties."""
        found = {topics.STATUS: str(self.status), topics.DATE: formatdate(usegmt=True)}
        if (wait := self.headers.get(b"retry-after")) is not None:
            found[topics.RETRY_AFTER] = wait.decode("latin-1")
        return found


async def request(app: ASGIApp, path: str, body: bytes, *, gateway: str, key: str, content_type: str) -> InnerAnswer:
    """POST `body` to the application and give its answer."""
    answer = InnerAnswer()
    parts = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Message:
        return next(parts, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.lower(): value for name, value in message.get("headers", ())}
        elif message["type"] == "http.response.body":
            answer.body += message.get("body", b"")

    await app(_scope(path, len(body), gateway=gateway, key=key, content_type=content_type), receive, send)
    return answer


def _scope(path: str, length: int, *, gateway: str, key: str, content_type: str) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"broker"),
            # What is no key is none: the door answers that, as it answers it to everybody.
            (b"authorization", b"Bearer " + key.encode("ascii", "replace")),
            (b"content-type", content_type.encode("latin-1", "replace")),
            (b"content-length", str(length).encode()),
        ],
        "client": ("broker", 0),
        "server": None,
        TOPIC_GATEWAY: gateway,
    }
