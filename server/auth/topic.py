"""The topic that every change of rights touches, so that nobody's rights are remembered beyond it."""

from typing import Final

AUTH_TOPIC: Final = "auth"
