"""A factory with years behind it, and the address of every page and list in it: for benchmarks and statement counts."""

from simulators.crowd.addresses import QUERIES, addresses, things_of
from simulators.crowd.multiply import count, multiply
from simulators.crowd.seed import seed_empty, seed_factory

__all__ = ["QUERIES", "addresses", "count", "multiply", "seed_empty", "seed_factory", "things_of"]
