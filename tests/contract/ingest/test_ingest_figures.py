"""The figures that watch over gateways: gaps in what they send, and what their heartbeats claim."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from server.auth import gateways
from server.settings.clock import utc_now

EPOCH = "00000000000000ab"


@pytest.fixture
def gateway(plant: Any, new_client: Callable[..., httpx.Client]) -> httpx.Client:
    """The connection of gateway gw-gaps, whose events are of now."""
    plant.now = utc_now() - timedelta(seconds=60)
    made = plant.database.write(
        lambda session: gateways.create_gateway(session, key="gw-gaps", name="Hall", actor="test", now=utc_now())
    )
    client = new_client(Authorization=f"Bearer {made.text}")
    del client.headers["Sec-Fetch-Site"]
    return client


def passed_over(gateway: str) -> float:
    return REGISTRY.get_sample_value("orderlight_gateway_sequence_gap_events_total", {"gateway": gateway}) or 0.0


def test_sequence_numbers_that_never_came_are_counted_once(plant: Any, gateway: httpx.Client) -> None:
    event = plant.event("HELLO")

    def send(*sequences: int) -> int:
        events = [{**event, "sequence": sequence} for sequence in sequences]
        answer = gateway.post("/api/v1/events", json={"gateway": "gw-gaps", "epoch": EPOCH, "events": events})
        assert answer.status_code == 200, answer.text
        return int(answer.json()["committed_sequence"])

    before = passed_over("gw-gaps")

    assert send(1, 2) == 2
    assert passed_over("gw-gaps") == before
    assert send(5, 6, 9) == 2
    assert passed_over("gw-gaps") == before + 4
    assert send(5, 6, 9) == 2
    assert passed_over("gw-gaps") == before + 4


def test_a_heartbeat_of_absurd_numbers_does_not_break_the_figures(plant: Any, gateway: httpx.Client) -> None:
    beat = {"backlog": 10**400, "oldest_age_seconds": "long", "set_aside": True}

    told = gateway.post("/api/v1/gateways/gw-gaps/health", content=json.dumps(beat).encode())
    figures = gateway.get("/metrics")

    assert (told.status_code, figures.status_code) == (200, 200)
    assert 'orderlight_gateway_backlog_events{gateway="gw-gaps"} 0.0' in figures.text
    assert 'orderlight_gateway_set_aside_events{gateway="gw-gaps"} 0.0' in figures.text


def test_a_gateway_taken_out_of_use_raises_no_alarm_of_silence(plant: Any, gateway: httpx.Client) -> None:
    gateway.post("/api/v1/gateways/gw-gaps/health", json={"backlog": 3})
    assert 'last_seen_timestamp_seconds{gateway="gw-gaps"}' in gateway.get("/metrics").text

    def retire(session: Any) -> None:
        found = gateways.get_gateway(session, "gw-gaps")
        gateways.retire_gateway(session, found, actor="test", now=utc_now())

    plant.database.write(retire)

    figures = gateway.get("/metrics").text
    assert 'last_seen_timestamp_seconds{gateway="gw-gaps"}' not in figures
    assert 'backlog_events{gateway="gw-gaps"}' not in figures
