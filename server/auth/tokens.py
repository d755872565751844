"""Secrets: made from the system's randomness, shown once, kept as SHA-256.

A secret of 256 random bits cannot be guessed from its SHA-256, so the slow hash of passwords is not needed here.
"""

import hashlib
import secrets
from dataclasses import dataclass

#: Letters and digits that nobody mistakes for one another on a screen across the hall.
PAIRING_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
PAIRING_LENGTH = 8
_PREFIX_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_PREFIX_LENGTH = 8


def new_token() -> str:
    """256 random bits, safe in addresses and cookies."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def new_pairing_code() -> str:
    """Eight characters to read aloud; 40 random bits, valid for ten minutes."""
    return "".join(secrets.choice(PAIRING_ALPHABET) for _ in range(PAIRING_LENGTH))


@dataclass(frozen=True, slots=True)
class KeyText:
    """An API key as its owner holds it: `ol_<prefix>_<secret>`."""

    prefix: str
    secret: str

    @classmethod
    def new(cls) -> "KeyText":
        """A fresh key."""
        prefix = "".join(secrets.choice(_PREFIX_ALPHABET) for _ in range(_PREFIX_LENGTH))
        return cls(prefix, new_token())

    @classmethod
    def parse(cls, text: str) -> "KeyText | None":
        """The parts of a key, or None for a text that is none."""
        parts = text.split("_", 2)
        if len(parts) != 3 or parts[0] != "ol" or not parts[1] or not parts[2]:
            return None
        return cls(parts[1], parts[2])

    def __str__(self) -> str:
        return f"ol_{self.prefix}_{self.secret}"
