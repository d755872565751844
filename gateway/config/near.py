"""What somebody may have meant."""

from collections.abc import Iterable


def near_match(word: str, known: Iterable[str]) -> list[str]:
    """The known word that is most like this one, or nothing."""
    # Only a file with a mistake needs it: half a megabyte of memory less in a gateway that runs.
    import difflib

    return difflib.get_close_matches(word, list(known), n=1)
