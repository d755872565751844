"""The settings of the server, from the environment, from `server.toml`, or by default (in this order)."""

from server.settings.load import Settings, SettingsError
from server.settings.table import SETTINGS, Setting

__all__ = ["SETTINGS", "Setting", "Settings", "SettingsError"]
