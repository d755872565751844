"""The sliding window of tries, in bounded memory."""

import pytest

from server.auth.limiter import Limiter, network_of


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


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("unknown", "unknown", True),
    ],
)
def test_whoever_has_a_whole_network_of_ipv6_counts_as_one_place(one: str, other: str, is_same: bool) -> None:
    assert (network_of(one) == network_of(other)) is is_same
