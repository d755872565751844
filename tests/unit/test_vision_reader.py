"""Codes in drawn frames: clean ones at the first rung, spoilt ones further up, and never a wrong one."""

from functools import cache

import numpy as np
import pytest

from gateway.protocols.pictures import LINEAR
from gateway.vision import engines
from gateway.vision.motion import MotionGate
from gateway.vision.reader import PictureReader
from gateway.vision.symbols import Found
from simulators.camera.degraded import KINDS, Sample, samples
from simulators.camera.labels import Code, Picture, draw_label
from simulators.camera.scenes import View, take

GENTLE = tuple(kind for kind in KINDS if kind not in ("blur", "all together"))


@cache
def degraded() -> tuple[Sample, ...]:
    return tuple(samples(seed=3, each=1))


def scene(code: Code, view: View, seed: int = 1) -> Picture:
    return take(draw_label(code, 3), view, np.random.default_rng(seed))


@pytest.mark.parametrize("kind", GENTLE)
def test_every_symbology_is_read_however_it_is_turned_lit_or_squeezed(kind: str) -> None:
    reader = PictureReader()

    for sample in (sample for sample in degraded() if sample.kind == kind):
        found = reader.read_surely(sample.frame)
        assert [symbol.data.decode() for symbol in found] == [sample.expected], sample.symbology


def test_what_is_too_blurred_to_read_is_never_read_wrong() -> None:
    reader = PictureReader(LINEAR)

    for sample in degraded():
        if sample.kind not in GENTLE and sample.symbology in ("Code 128", "EAN-13"):
            assert {symbol.data.decode() for symbol in reader.read_surely(sample.frame)} <= {sample.expected}


def test_a_clean_frame_is_read_at_the_first_rung() -> None:
    reader = PictureReader()

    for sample in degraded():
        if sample.kind == "clean":
            reader.read(sample.frame)

    assert set(reader.rungs) == {"fast"}


def test_refocusing_reads_a_code_that_both_libraries_call_a_smear() -> None:
    frame = scene(Code("Code128", "OLU0011P"), View(blur=3.0))
    names = ("Code128",)

    alone = engines.read_thoroughly(frame, names) + engines.read_again(frame, names)
    found = PictureReader(names).read(frame)

    assert alone == []
    assert [symbol.data for symbol in found] == [b"OLU0011P"]


def test_the_gs1_flag_and_the_separator_stay_with_the_code() -> None:
    frame = scene(Code("DataMatrix", "(01)09506000134352(10)LOT(21)SER42", gs1=True), View())
    plain = scene(Code("Code128", "01095060001343"), View())

    found = PictureReader().read(frame) + PictureReader().read(plain)

    assert [symbol.raw for symbol in found] == [
        b"]d2010950600013435210LOT\x1d21SER42",
        b"]C001095060001343",
    ]


def test_the_second_opinion_claims_no_flag_that_zbar_cannot_know() -> None:
    frame = scene(Code("Code128", "(01)09506000134352(21)SER42", gs1=True), View())

    assert [symbol.aim for symbol in engines.read_again(frame, ("Code128",))] == [None]


def test_two_equal_labels_in_a_frame_are_one_read_and_two_others_are_two() -> None:
    label = draw_label(Code("Code128", "OLU0011P"), 2)
    other = draw_label(Code("Code128", "OLU0012N"), 2)
    frame = np.full((720, 1280), 96, np.uint8)
    for picture, left in ((label, 20), (label, 440), (other, 860)):
        frame[300 : 300 + picture.shape[0], left : left + picture.shape[1]] = picture

    assert sorted(symbol.data for symbol in PictureReader().read(frame)) == [b"OLU0011P", b"OLU0012N"]


def test_code_39_of_a_single_picture_needs_a_second_look_that_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = scene(Code("Code39", "BIN7"), View())

    assert [symbol.data for symbol in PictureReader().read_surely(frame)] == [b"BIN7"]

    looks = iter([[Found("Code39", "]A0", b"BIN7", False)], [Found("Code39", "]A0", b"BIN", False)]])
    monkeypatch.setattr(engines, "read_fast", lambda picture, names: next(looks))
    monkeypatch.setattr(engines, "read_again", lambda picture, names: [])
    assert PictureReader().read_surely(frame) == []


def test_an_empty_frame_is_given_up_when_its_time_is_spent() -> None:
    ticks = iter(range(100))
    reader = PictureReader(budget=1.5, monotonic=lambda: float(next(ticks)))

    assert reader.read(take(None, View(), np.random.default_rng(1))) == []
    # The clock says one second more at each look: two attempts are made, and no third.
    assert next(ticks) == 3


def test_the_gate_opens_for_a_label_and_stays_shut_before_an_empty_belt() -> None:
    gate = MotionGate(0.003, patience=0)
    belt = take(None, View(noise=3), np.random.default_rng(1))
    same = take(None, View(noise=3), np.random.default_rng(1))

    opened = [gate.opens(belt), gate.opens(same), gate.opens(scene(Code("Code128", "OLU0011P"), View(noise=3)))]

    assert opened == [True, False, True]


def test_equal_seeds_give_equal_frames() -> None:
    once, again = (next(samples(seed=5, each=1, kinds=("all together",))) for _time in range(2))

    assert np.array_equal(once.frame, again.frame)
    assert once.expected == again.expected


def test_an_ean_that_its_own_halves_do_not_confirm_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    # zxing-cpp gave this number, whose check digit fits, for a frame that compression had spoilt.
    wrong = Found("EAN13", "]E0", b"0064164202601", True)
    frame = scene(Code("EAN13", "9506000397306"), View())
    real = engines.read_fast
    looks = iter([[wrong]])
    monkeypatch.setattr(engines, "read_fast", lambda picture, names: next(looks, None) or real(picture, names))

    assert [symbol.data for symbol in PictureReader().read(frame)] == [b"9506000397306"]


def test_a_blurred_code_of_two_dimensions_is_refocused_as_a_whole_picture() -> None:
    frame = scene(Code("QRCode", "https://id.gs1.org/01/09506000134352/21/SER42"), View(blur=1.8))
    reader = PictureReader(("QRCode",))

    assert engines.read_thoroughly(frame, ("QRCode",)) == []
    assert [symbol.data[-5:] for symbol in reader.read(frame)] == [b"SER42"]
    assert set(reader.rungs) == {"sharpened"}
