"""The gateway's own page: its readers, how far their reads came, and a place to try codes. The standard library serves
it; it only looks, and changes nothing."""

from gateway.page.recent import Recent, Seen
from gateway.page.server import LocalPage
from gateway.page.sight import Sight

__all__ = ["LocalPage", "Recent", "Seen", "Sight"]
