"""Text folded for searching.

>>> fold("Ærø  Straße ÉTÉ")
'ærø strasse ete'
"""

import unicodedata


def fold(text: str) -> str:
    """The text without case and accents, with single spaces: what search_name columns hold."""
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(plain.casefold().split())
