"""Moments as text."""

from datetime import UTC, datetime


def text_of(seconds: float | None) -> str | None:
    """Seconds since 1970 as an ISO time in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
