"""The ways the outbox says no."""


class OutboxError(Exception):
    """The outbox could not do what it was asked."""


class OutboxFull(OutboxError):
    """The event was not stored: the quota or the disk has no room. Whoever scanned must be told."""


class OutboxBroken(OutboxError):
    """The outbox file cannot be used any more in this process; a restart sets it aside and salvages it."""


class OutboxInUse(OutboxError):
    """Another gateway process owns this data directory."""
