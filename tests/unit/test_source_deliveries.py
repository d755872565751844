"""Which broker message may be acknowledged when, across broken connections."""

from gateway.sources.deliveries import REMEMBERED, Arrival, Deliveries


def connected() -> Deliveries:
    deliveries = Deliveries()
    deliveries.connected(resumed=False)
    return deliveries


def test_a_message_is_acknowledged_when_its_last_read_is_stored() -> None:
    deliveries = connected()
    token = deliveries.emitted(7, b"two tags", 2)

    assert deliveries.stored(token) is None
    assert deliveries.stored(token) == 7
    assert len(deliveries) == 0


def test_storing_something_unknown_is_harmless() -> None:
    assert connected().stored(99) is None


def test_a_message_sent_again_before_it_is_stored_is_not_emitted_twice() -> None:
    deliveries = connected()
    token = deliveries.emitted(7, b"tag", 1)

    deliveries.connected(resumed=True)

    assert deliveries.arrived(7, b"tag", again=True) is Arrival.WAITING
    assert deliveries.stored(token) == 7


def test_a_message_sent_again_after_it_was_stored_is_only_acknowledged() -> None:
    deliveries = connected()
    token = deliveries.emitted(7, b"tag", 1)
    deliveries.stored(token)

    deliveries.connected(resumed=True)

    assert deliveries.arrived(7, b"tag", again=True) is Arrival.SETTLED


def test_stored_between_two_connections_it_is_acknowledged_at_its_return() -> None:
    deliveries = connected()
    token = deliveries.emitted(7, b"tag", 1)
    deliveries.connected(resumed=True)

    assert deliveries.stored(token) is None
    assert deliveries.arrived(7, b"tag", again=True) is Arrival.SETTLED


def test_a_message_whose_read_was_refused_is_new_when_it_is_sent_again() -> None:
    deliveries = connected()
    token = deliveries.emitted(7, b"tag", 1)
    deliveries.refused(token)
    deliveries.connected(resumed=True)

    assert deliveries.arrived(7, b"tag", again=True) is Arrival.NEW
    assert deliveries.stored(token) is None


def test_a_broker_that_forgot_us_uses_the_numbers_anew() -> None:
    deliveries = connected()
    old = deliveries.emitted(7, b"old", 1)
    deliveries.connected(resumed=False)
    assert deliveries.arrived(7, b"new", again=False) is Arrival.NEW
    new = deliveries.emitted(7, b"new", 1)

    assert deliveries.stored(old) is None
    assert deliveries.stored(new) == 7


def test_a_number_used_for_another_message_is_new_even_when_marked_as_sent_again() -> None:
    deliveries = connected()
    deliveries.stored(deliveries.emitted(7, b"one", 1))

    assert deliveries.arrived(7, b"two", again=True) is Arrival.NEW


def test_the_memory_of_settled_messages_is_bounded() -> None:
    deliveries = connected()

    for packet in range(3 * REMEMBERED):
        deliveries.stored(deliveries.emitted(packet, b"tag", 1))

    assert len(deliveries._settled) == REMEMBERED
