"""gateway.toml and the environment: what the gateway is told, with every mistake found at once.

This package only parses. The options of a device belong to its driver's protocol; `pipeline.check` joins both.
"""

from gateway.config.reader import DEFAULT_PATHS, load, survey
from gateway.config.settings import DEVICE_SETTINGS, SETTINGS, Setting
from gateway.config.values import (
    ConfigError,
    DeviceTable,
    Draft,
    GatewayConfig,
    LocalPageConfig,
    Mistake,
    OutboxConfig,
    ServerConfig,
)

__all__ = [
    "DEFAULT_PATHS",
    "DEVICE_SETTINGS",
    "SETTINGS",
    "ConfigError",
    "DeviceTable",
    "Draft",
    "GatewayConfig",
    "LocalPageConfig",
    "Mistake",
    "OutboxConfig",
    "ServerConfig",
    "Setting",
    "load",
    "survey",
]
