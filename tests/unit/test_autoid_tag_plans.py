"""The short way from tag memory to keys says what the long way says, and nothing where that finds a fault."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orderlight.autoid import AutoIdError, check_digit, sgtin96_hex, tag_plans
from orderlight.autoid.answers import Asked, from_fields
from orderlight.autoid.epc import clean_hex, read_hex
from orderlight.autoid.schemes import BY_NAME, PREFIX_BITS, SCHEMES

# The characters of the examples of GS1 EPC Tag Data Standard 2.3, annex E.3; what stands in them is changed bit by bit.
OF_TEXT = [
    "3666C4409047E159B2C2BF100000000000000000000000000000",
    "3976451FD46072CD9615F8800000000000000000000000000000",
    "3776451FD40C0E59B2C2BF1000000000000000000000",
    "3876451FD59B2C2BF10000000000000000000000000000000000",
    "3E76451FD7039B061438997367D0C18B266D1AB66EE0",
    "4176451FD40C0E4082DBDD8B36600000000000000000000000000000",
    "3F76451FD612640000019907",
    "4076451FD40C0E40820000000F54",
    "2D76451FD4499602D2000000",
]


def _agrees(memory: str) -> bool:
    """Whether both ways say the same; also whether there was a short one."""
    short = tag_plans.read(memory)
    try:
        long = from_fields(Asked(memory), read_hex(clean_hex(memory)), with_tag=True)
    except AutoIdError:
        assert short is None
        return False
    assert short is not None or memory[:2] in ("35", "3D") or memory.startswith("3000")
    if short is not None:
        assert (short.keys, short.filter, short.reason) == (long.keys, long.filter, long.reason)
        assert short.as_json() == long.as_json()
    return True


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_any_bits_of_a_scheme_are_read_alike_on_both_ways(name: str) -> None:
    scheme = BY_NAME[name]
    padding = 4 * scheme.hex_digits - scheme.bits

    @given(st.integers(0, 7), st.integers(0, 7), st.integers(0, 2 ** (scheme.bits - 14) - 1), st.booleans())
    def check(filter_value: int, partition: int, rest: int, has_zeros: bool) -> None:
        if has_zeros and scheme.tail == "zeros":
            rest = rest >> scheme.tail_bits << scheme.tail_bits
        front = scheme.header << 6 | filter_value << 3 | partition
        _agrees(f"{(front << scheme.bits - 14 | rest) << padding:0{scheme.hex_digits}X}")

    check()


@given(st.sampled_from(OF_TEXT), st.integers(0, 180))
def test_tags_of_characters_with_one_bit_changed_are_read_alike_on_both_ways(memory: str, bit: int) -> None:
    size = 4 * len(memory)
    changed = f"{int(memory, 16) ^ (1 << size - 1 - bit % size):0{len(memory)}X}"

    assert _agrees(memory)
    if int(changed[:2], 16) in SCHEMES:
        _agrees(changed)


@given(
    st.sampled_from(sorted(BY_NAME)),
    st.integers(0, 6),
    st.integers(0, 10**12 - 1),
    st.lists(st.integers(0), max_size=6),
)
def test_tags_of_one_company_are_read_alike_on_both_ways(
    name: str, partition: int, prefix: int, rests: list[int]
) -> None:
    scheme = BY_NAME[name]
    behind = 4 * scheme.hex_digits - 14 - PREFIX_BITS[partition]
    company = (scheme.header << 6 | 1 << 3 | partition) << PREFIX_BITS[partition] | prefix % 10 ** (12 - partition)

    for rest in [0, 1, (1 << behind) - 1, *rests]:
        memory = f"{company << behind | rest % (1 << behind):0{scheme.hex_digits}X}"
        _agrees(memory)
        _agrees(memory.lower())
        # What is cut, or has something behind it, has no short way of the front that it shares.
        for other in (memory[:-1], memory[:-4], memory + "0", memory + "0000", memory + "00" * 8):
            assert tag_plans.read(other) is None


def test_more_companies_than_are_kept_are_read_alike_on_both_ways() -> None:
    for number in range(1, 2 * tag_plans.MOST_FRONTS):
        body = f"1{number:09d}000"
        assert _agrees(sgtin96_hex(body + check_digit(body), "7", 9))

    assert len(tag_plans.PLANS) <= tag_plans.MOST_FRONTS


@given(st.text("0123456789abcdefABCDEF", max_size=60))
@example("3034257BF7194E400000 1A85")
@example("3034257BF7194E400000_A85")
@example("30\u0663\u0664257BF7194E4000001A85")
@example("3000E2000000000000000000")
def test_what_is_no_sound_tag_has_no_short_way(memory: str) -> None:
    found = tag_plans.read(memory)

    assert found is None or _agrees(memory)


@given(st.text("0123456789", min_size=2, max_size=17), st.integers(0, 15))
def test_two_neighbours_that_changed_places_are_found_unless_they_differ_by_five(body: str, place: int) -> None:
    whole = body + check_digit(body)
    place %= len(whole) - 1
    first, second = whole[place], whole[place + 1]
    swapped = whole[:place] + second + first + whole[place + 2 :]

    # Weights 3 and 1 differ by 2, and twice 5 is a multiple of ten (GS1 General Specifications 7.9.1).
    is_found = check_digit(swapped[:-1]) != swapped[-1]
    assert is_found == (abs(int(first) - int(second)) not in (0, 5))
