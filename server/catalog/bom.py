"""Bills of material as a graph. Pure.

>>> circle("FRAME", ["WHEEL"], {"WHEEL": ["HUB"], "HUB": ["BOLT", "FRAME"]})
('FRAME', 'WHEEL', 'HUB', 'FRAME')
>>> circle("FRAME", ["WHEEL"], {"WHEEL": ["HUB"]}) is None
True
"""

from collections.abc import Collection, Mapping

from server.messages import translate as _


def circle(sku: str, components: Collection[str], edges: Mapping[str, Collection[str]]) -> tuple[str, ...] | None:
    """The way from the product through its components back to itself, or None; `edges` holds what lies below them."""
    came_from: dict[str, str] = dict.fromkeys(components, sku)
    waiting = list(came_from)
    while waiting:
        current = waiting.pop()
        if current == sku:
            return _way(sku, came_from)
        for component in edges.get(current, ()):
            if component not in came_from:
                came_from[component] = current
                waiting.append(component)
    return None


def _way(sku: str, came_from: Mapping[str, str]) -> tuple[str, ...]:
    steps, current = [sku], came_from[sku]
    while current != sku:
        steps.append(current)
        current = came_from[current]
    return (sku, *reversed(steps))


def in_words(way: Collection[str]) -> str:
    """The circle for people."""
    return _("The bill of material would run in a circle: {way}.").format(way=" takes ".join(way))
