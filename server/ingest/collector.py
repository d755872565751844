"""Python's search for circular garbage, which finds none among the things of a batch and looks through all of them."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def resting() -> Iterator[None]:
    """Put the search off until the batch is done and its things are gone; whatever else waits is found then.

    It would come when most things are alive, for their number is what starts it. Two batches at one time may end each
    other's rest, which costs a search and nothing else.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
