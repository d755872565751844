"""Circles in bills of material."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from server.catalog.bom import circle, in_words

NAMES = st.sampled_from("ABCDEF")


def test_a_product_cannot_take_itself() -> None:
    assert circle("A", ["A"], {}) == ("A", "A")


def test_the_way_of_a_circle_is_told() -> None:
    way = circle("A", ["X", "B"], {"B": ["C"], "C": ["D", "A"], "X": []})

    assert way is not None
    assert in_words(way) == "The bill of material would run in a circle: A takes B takes C takes A."


def test_one_part_below_two_others_is_no_circle() -> None:
    assert circle("A", ["B", "C"], {"B": ["BOLT"], "C": ["BOLT"]}) is None


def test_a_circle_elsewhere_ends() -> None:
    assert circle("A", ["B"], {"B": ["C"], "C": ["B"]}) is None


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=4), max_size=6), st.lists(NAMES, min_size=1, max_size=4))
def test_a_way_that_is_told_exists(edges: dict[str, list[str]], components: list[str]) -> None:
    way = circle("A", components, edges)

    if way is not None:
        assert way[0] == way[-1] == "A"
        assert way[1] in components
        assert all(below in edges.get(above, []) for above, below in pairwise(way[1:]))
