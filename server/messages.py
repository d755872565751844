"""Marking sentences for translation: the bottom of the house, so that every room may."""


def N_(message: str) -> str:  # noqa: N802 - the customary name, which pybabel extracts
    """Mark a sentence for translation where it is declared; it is translated where it is used."""
    return message
