"""The outermost layer of every request, where the sender goes away."""

import asyncio
import logging

import pytest
from prometheus_client import REGISTRY
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from server.app.envelope import CLIENT_GONE, Envelope

SCOPE: Scope = {"type": "http", "method": "POST", "path": "/api/v1/events", "headers": []}


async def read_whole(scope: Scope, receive: Receive, _send: Send) -> None:
    await Request(scope, receive).body()


def test_a_sender_that_goes_away_in_the_middle_is_no_fault_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    parts: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []
    faults = REGISTRY.get_sample_value("orderlight_http_faults_total")

    async def receive() -> Message:
        return parts.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    with caplog.at_level(logging.INFO, "server.http"):
        asyncio.run(Envelope(read_whole, https=False)(dict(SCOPE), receive, send))

    assert sent == []
    assert [(record.levelname, record.__dict__["status"]) for record in caplog.records] == [("INFO", CLIENT_GONE)]
    assert REGISTRY.get_sample_value("orderlight_http_faults_total") == faults
