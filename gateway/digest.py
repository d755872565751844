"""SHA-256 without OpenSSL, which hashlib loads: a gateway that encrypts nothing would hold four megabytes for it."""

try:
    from _sha2 import sha256  # type: ignore[import-not-found] # Python 3.12 and later
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found]
    except ImportError:
        # A Python that was built otherwise; the standard library's own `random` finds its digest this way too.
        from hashlib import sha256


def sha256_hex(data: bytes) -> str:
    """The digest in 64 hex digits.

    >>> sha256_hex(b"abc")[:16]
    'ba7816bf8f01cfea'
    """
    found: str = sha256(data).hexdigest()
    return found
