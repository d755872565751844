"""Which answers for tag memory are kept."""

from orderlight.autoid import identify_epc, sgtin96_hex
from orderlight.autoid.tag_reading import REMEMBERED


def _tag(number: int) -> str:
    return sgtin96_hex("80614141123458", str(number), 7)


def test_a_tag_that_stands_before_the_antenna_gets_the_same_answer_each_time() -> None:
    tag = _tag(4_000_001)
    first, second = identify_epc(tag), identify_epc(tag)
    assert first == second
    assert identify_epc(tag) is second


def test_tags_that_pass_once_push_out_no_answer_of_one_that_stays() -> None:
    tag = _tag(4_000_002)
    kept = [identify_epc(tag) for _ in range(2)][-1]
    for number in range(2 * REMEMBERED):
        identify_epc(_tag(5_000_000 + number))
    assert identify_epc(tag) is kept
