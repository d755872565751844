"""A shared secret in a request's head."""

import base64
import binascii
import hmac


def shows(authorization: str, token: str) -> bool:
    """Whether the header shows the token, as Bearer or as the password of any user; compared in constant time."""
    scheme, _space, shown = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            shown = base64.b64decode(shown, validate=True).decode("utf-8", "replace").partition(":")[2]
        except binascii.Error:
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(shown.strip().encode(), token.encode())
