"""When the rest of a frame is given up: by looks that found nothing, not by the clock alone."""

from gateway.sources.r200 import FRAME_GAP, LOOK, Silence


def test_looks_in_vain_add_up() -> None:
    silence = Silence()

    for _look in range(round(FRAME_GAP / LOOK)):
        silence.lasted(LOOK, LOOK + 0.001)

    assert silence.seconds >= 0.99 * FRAME_GAP


def test_whatever_comes_begins_it_anew() -> None:
    silence = Silence()
    silence.lasted(LOOK, LOOK)

    silence.broken()

    assert silence.seconds == 0.0


def test_a_machine_that_stood_still_for_a_minute_has_looked_once() -> None:
    silence = Silence()

    silence.lasted(LOOK, 60.0)

    assert silence.seconds == LOOK
    assert silence.seconds < FRAME_GAP


def test_a_look_that_was_ended_early_counts_for_as_long_as_it_took() -> None:
    silence = Silence()

    silence.lasted(LOOK, 0.01)

    assert silence.seconds == 0.01
