"""The outbox's limits, as gateway.toml sets them."""

from gateway.config import GatewayConfig
from gateway.outbox import Quota


def quota_of(config: GatewayConfig) -> Quota:
    """The outbox's limits."""
    limits = config.outbox
    return Quota(limits.max_bytes, limits.max_age_days, limits.min_free_bytes, limits.ballast_bytes)
