"""Readers that post."""

from typing import Final

from gateway.protocols.catalogue.mqtt import messages
from gateway.protocols.driver import Driver
from gateway.protocols.http_push import HttpPushOptions

DRIVER: Final = Driver(
    "http_push",
    "Readers that post JSON or plain text to the gateway: Impinj webhooks, Zebra IoT Connector, anything else.",
    HttpPushOptions,
    ("tag", "code"),
    (
        "Each device has a port of its own.",
        "Compressed bodies are refused.",
        "The gateway cannot know that a reader is away that posts only what it reads.",
        "The signals ok, warn, stop and stored cannot be shown at the reader.",
    ),
    "gateway.sources.http_push:make",
    messages,
    {"http_port": 8085},
)
