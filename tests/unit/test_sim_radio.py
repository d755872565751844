"""The radio field: tags come, are read again and again, wander in strength, and go."""

import itertools

import pytest

from simulators.radio import RadioField, RadioSettings

EPC = "30751FEB705C5904E3D50D70"
CLEAR = RadioSettings(antennas=2, read_probability=1.0, cross_probability=0.0)


def test_a_tag_is_read_while_it_dwells_and_not_after() -> None:
    field = RadioField(CLEAR, seed=1)
    field.enter(EPC, antenna=2, now=10.0, dwell=2.0)

    assert [(seen.epc, seen.antenna) for seen in field.round(11.9)] == [(EPC, 2)]
    assert field.round(12.0) == []


def test_a_tag_carried_off_is_gone_at_once() -> None:
    field = RadioField(CLEAR, seed=1)
    field.enter(EPC, now=0.0, dwell=60.0)
    field.leave(EPC)

    assert field.present(1.0) == []


def test_equal_seeds_give_equal_reads() -> None:
    fields = [RadioField(RadioSettings(antennas=3), seed=9) for _ in range(2)]
    for field in fields:
        field.enter(EPC, antenna=2, now=0.0, dwell=60.0)

    rounds = [[field.round(at / 10) for at in range(200)] for field in fields]

    assert rounds[0] == rounds[1]


def test_some_rounds_miss_the_tag_and_some_reads_cross_to_the_neighbour_weaker() -> None:
    field = RadioField(RadioSettings(antennas=2, read_probability=0.7, cross_probability=0.1), seed=5)
    field.enter(EPC, antenna=1, now=0.0, dwell=1e6)

    rounds = [field.round(float(at)) for at in range(1000)]

    own = [seen for seen_in_round in rounds for seen in seen_in_round if seen.antenna == 1]
    crossed = [seen for seen_in_round in rounds for seen in seen_in_round if seen.antenna == 2]
    assert 600 < len(own) < 800
    assert 50 < len(crossed) < 160
    assert max(seen.rssi_dbm for seen in crossed) < max(seen.rssi_dbm for seen in own) - 10
    assert all(-80.0 <= seen.rssi_dbm <= -35.0 for seen in own + crossed)


def test_the_strength_wanders_and_does_not_jump() -> None:
    field = RadioField(CLEAR, seed=3)
    field.enter(EPC, now=0.0, dwell=1e6)

    strengths = [field.round(float(at))[0].rssi_dbm for at in range(300)]

    assert len(set(strengths)) > 10
    assert max(abs(after - before) for before, after in itertools.pairwise(strengths)) <= 1.7


def test_an_antenna_the_reader_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="expected antenna 1 to 2, got 3"):
        RadioField(CLEAR).enter(EPC, antenna=3, now=0.0, dwell=1.0)
