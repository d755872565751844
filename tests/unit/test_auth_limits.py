"""The sliding window of tries, in bounded memory."""

from server.auth.limiter import Limiter


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_window_lets_so_many_through_and_tells_how_long_to_wait() -> None:
    clock = Clock()
    limiter = Limiter(2, 60, clock=clock)

    assert [limiter.try_once("anna") for _ in range(2)] == [0, 0]
    clock.now += 10
    assert limiter.try_once("anna") == 50
    assert limiter.try_once("berta") == 0


def test_a_refused_try_does_not_make_the_wait_longer() -> None:
    clock = Clock()
    limiter = Limiter(1, 60, clock=clock)
    limiter.try_once("anna")
    clock.now += 59
    limiter.try_once("anna")

    clock.now += 1

    assert limiter.try_once("anna") == 0


def test_a_success_forgets_the_tries_before_it() -> None:
    limiter = Limiter(1, 60, clock=Clock())
    limiter.try_once("anna")

    limiter.clear("anna")

    assert limiter.try_once("anna") == 0


def test_a_flood_of_names_does_not_fill_the_memory() -> None:
    limiter = Limiter(1, 60, most_keys=100, clock=Clock())

    for number in range(10_000):
        limiter.try_once(f"name {number}")

    assert len(limiter) == 100
