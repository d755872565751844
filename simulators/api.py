"""The server as another program sees it: JSON over HTTP with a key."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import urllib3

_TIMEOUT = urllib3.Timeout(connect=5.0, read=30.0)
_PAGE = 200


class ApiFault(Exception):
    """The server did not do what it was asked; `status` is 0 where no answer came."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Api:
    """One server, one key, one connection. Not for several threads at once."""

    def __init__(self, url: str, key: str = "") -> None:
        self.url = url.rstrip("/")
        self._headers = {"Content-Type": "application/json", "User-Agent": "orderlight-sim"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=1, retries=False, timeout=_TIMEOUT)

    def get(self, path: str, **filters: object) -> Any:
        """The JSON behind a path; filters that are None are left out. Raises ApiFault."""
        query = urlencode({name: value for name, value in filters.items() if value is not None})
        return self._ask("GET", f"{path}?{query}" if query else path)

    def items(self, path: str, **filters: object) -> Iterator[dict[str, Any]]:
        """Every item of a collection, page after page. Raises ApiFault."""
        after: object = None
        while True:
            page = self.get(path, after=after, limit=_PAGE, **filters)
            yield from page["items"]
            after = page.get("next")
            if after is None:
                return

    def post(self, path: str, body: Mapping[str, object] | None = None, *, once: str | None = None) -> Any:
        """Post JSON; `once` is an Idempotency-Key that makes repeating it harmless. Raises ApiFault."""
        headers = {"Idempotency-Key": once} if once else {}
        return self._ask("POST", path, json.dumps(body or {}).encode(), headers)

    def post_raw(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Post these bytes and return status and body, whatever the status. Raises ApiFault where no answer came."""
        reply = self._send("POST", path, body, {})
        return reply.status, reply.data

    def text(self, path: str) -> str:
        """The text behind a path. Raises ApiFault."""
        reply = self._send("GET", path, None, {})
        if reply.status >= 300:
            raise ApiFault(reply.status, f"GET {path} was answered with {reply.status}: {_detail(reply.data)}")
        return reply.data.decode("utf-8", "replace")

    def is_ready(self) -> bool:
        """Whether the server says that it can take work."""
        try:
            return self._send("GET", "/readyz", None, {}).status == 200
        except ApiFault:
            return False

    def _ask(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Any:
        reply = self._send(method, path, body, headers or {})
        if reply.status >= 300:
            raise ApiFault(reply.status, f"{method} {path} was answered with {reply.status}: {_detail(reply.data)}")
        return json.loads(reply.data) if reply.data else None

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request(
                method, self.url + path, body=body, headers={**self._headers, **headers}, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise ApiFault(0, f"{method} {self.url}{path} got no answer: {error}") from error


def _detail(body: bytes) -> str:
    """The sentence of a problem (RFC 9457), or the beginning of whatever came."""
    try:
        problem = json.loads(body)
        sentence = str(problem.get("detail") or problem.get("title"))
        return sentence + (f" {problem['errors']}" if problem.get("errors") else "")
    except (ValueError, AttributeError):
        return body[:200].decode("utf-8", "replace")


def wait_until_ready(api: Api, seconds: float) -> bool:
    """Whether the server was ready within `seconds`."""
    deadline = time.monotonic() + seconds
    while not api.is_ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
