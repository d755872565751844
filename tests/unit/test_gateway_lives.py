"""Two programs that speak as one gateway are told from one that was started anew or moved to another address."""

from datetime import UTC, datetime, timedelta

from server.journal.lives import Life, as_stored, doubles, read_lives, sentence, with_life

BEGAN = datetime(2026, 11, 27, 8, tzinfo=UTC)
Beat = tuple[int, str, str]


def heard(*beats: Beat) -> tuple[list[Life], datetime]:
    """What is remembered after heartbeats: seconds after the beginning, start of the program, its address."""
    lives: list[Life] = []
    now = BEGAN
    for seconds, started_at, address in beats:
        now = BEGAN + timedelta(seconds=seconds)
        lives = with_life(read_lives(as_stored(lives)), {"started_at": started_at, "version": "1"}, address, now)
    return lives, now


def test_two_that_take_turns_are_doubles_with_their_addresses() -> None:
    lives, now = heard((0, "a", "10.0.0.5"), (3, "b", "10.0.0.9"), (10, "a", "10.0.0.5"))

    beside = doubles(lives, now)

    assert [(life.started_at, life.address) for life in beside] == [("a", "10.0.0.5"), ("b", "10.0.0.9")]
    assert sentence("gw-1", beside) == (
        "2 devices speak as gw-1, from 10.0.0.5 and 10.0.0.9. Stop one, and give it a name and a key of its own."
    )


def test_a_restart_is_no_double() -> None:
    lives, now = heard((0, "a", "10.0.0.5"), (10, "a", "10.0.0.5"), (20, "b", "10.0.0.5"), (30, "b", "10.0.0.5"))

    assert doubles(lives, now) == ()
    assert sentence("gw-1", ()) is None


def test_an_address_that_changes_to_and_fro_is_no_double() -> None:
    lives, now = heard((0, "a", "10.0.0.5"), (10, "a", "2001:db8::5"), (20, "a", "10.0.0.5"))

    assert doubles(lives, now) == ()
    assert [life.address for life in lives] == ["10.0.0.5"]


def test_doubles_without_a_start_are_told_by_their_addresses() -> None:
    lives, now = heard((0, "", "10.0.0.5"), (3, "", "10.0.0.9"), (10, "", "10.0.0.5"))

    assert [life.address for life in doubles(lives, now)] == ["10.0.0.5", "10.0.0.9"]


def test_a_double_that_fell_silent_is_forgotten_after_two_minutes() -> None:
    lives, now = heard((0, "a", "x"), (3, "b", "y"), (10, "a", "x"), (123, "a", "x"))
    assert len(doubles(lives, now)) == 2

    lives, now = heard((0, "a", "x"), (3, "b", "y"), (10, "a", "x"), (124, "a", "x"))
    assert doubles(lives, now) == ()


def test_what_somebody_else_wrote_is_no_life() -> None:
    assert read_lives("a") == read_lives(None) == read_lives([{"at": 1}, 7, None]) == []
