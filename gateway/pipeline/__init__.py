"""Puts the parts of the gateway together, and nothing else."""

from gateway.pipeline.aside import DISCARD, LIST, RETRY, set_aside
from gateway.pipeline.check import Plan, PlannedDevice, check, plan
from gateway.pipeline.door import ask
from gateway.pipeline.gateway import Gateway
from gateway.pipeline.health import status_at_rest
from gateway.pipeline.replay import ReplayError, replay
from gateway.pipeline.way import opened_transport, version
from gateway.protocols import describe as describe_drivers

__all__ = [
    "DISCARD",
    "LIST",
    "RETRY",
    "Gateway",
    "Plan",
    "PlannedDevice",
    "ReplayError",
    "ask",
    "check",
    "describe_drivers",
    "opened_transport",
    "plan",
    "replay",
    "set_aside",
    "status_at_rest",
    "version",
]
