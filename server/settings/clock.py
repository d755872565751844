"""The server's clock. Edges ask it and hand the time in; nothing below an edge does."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)
