"""What may go wrong in words: each error knows its HTTP status, a machine-readable reason and a sentence.

The handlers in `server.app.problems` turn them into application/problem+json (RFC 9457).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from server.messages import N_
from server.messages import translate as _


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of a request; `field` is its dotted path, such as `lines.0.quantity`."""

    field: str
    message: str
    reason: str = "invalid"

    def as_json(self) -> dict[str, str]:
        """The entry of the `errors` member of a problem."""
        return {"field": self.field, "message": self.message, "reason": self.reason}


class OrderlightError(Exception):
    """The base of every error that a caller is told about. `detail` is a whole sentence."""

    status: int = 500
    title: str = N_("Something went wrong here")
    default_reason: ClassVar[str] = "internal_error"
    default_detail: ClassVar[str] = N_(
        "The server could not do this. Try again; if it stays so, tell the administrator."
    )

    def __init__(
        self, detail: str | None = None, *, reason: str | None = None, extra: Mapping[str, Any] | None = None
    ) -> None:
        self.detail = detail if detail is not None else _(self.default_detail)
        self.reason = reason or self.default_reason
        self.extra: dict[str, Any] = dict(extra or {})
        super().__init__(self.detail)

    @property
    def headers(self) -> dict[str, str]:
        """Response headers that belong to this error."""
        return {}


class HttpError(OrderlightError):
    """What the framework itself refuses: no such method, a body that cannot be read."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail, reason=title.lower().replace(" ", "_"))
        self.status = status
        self.title = title


class Unauthorized(OrderlightError):
    """401: nobody is signed in, or the key is not valid (any more)."""

    status = 401
    title = N_("Sign in first")
    default_reason = "not_signed_in"
    default_detail = N_("This needs a signed-in person or a valid key.")

    @property
    def headers(self) -> dict[str, str]:
        """RFC 9110, 15.5.2: a 401 names the way to authenticate."""
        return {"WWW-Authenticate": 'Bearer realm="orderlight"'}


class Forbidden(OrderlightError):
    """403: known, but not allowed to do this."""

    status = 403
    title = N_("Not allowed")
    default_reason = "forbidden"
    default_detail = N_("This is not among your rights. Ask an administrator.")


class NotFound(OrderlightError):
    """404: does not exist, or belongs to somebody else; the default sentence is the same for both on purpose."""

    status = 404
    title = N_("Not found")
    default_reason = "not_found"
    default_detail = N_("There is nothing here for you under this address. Check the number.")


class Conflict(OrderlightError):
    """409: the thing changed meanwhile, or exists already."""

    status = 409
    title = N_("Conflict")
    default_reason = "conflict"
    default_detail = N_("This was changed by somebody else meanwhile. Load it again, then repeat your change.")


class Refused(Conflict):
    """409: understood, but the state of the thing does not allow it."""

    title = N_("Not possible in this state")
    default_reason = "refused"
    default_detail = N_("This is not possible in the present state.")


class TooLarge(OrderlightError):
    """413: the request body is larger than this door takes."""

    status = 413
    title = N_("Too large")
    default_reason = "too_large"
    default_detail = N_("The request is larger than the server takes.")


class UnsupportedMedia(OrderlightError):
    """415: the body is not in a format this door reads."""

    status = 415
    title = N_("Unsupported format")
    default_reason = "unsupported_media"
    default_detail = N_("This door reads application/json.")


class Invalid(OrderlightError):
    """422: one or more fields are wrong; `errors` lists all of them."""

    status = 422
    title = N_("Not valid")
    default_reason = "invalid"
    default_detail = N_("Some fields are not valid.")

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        reason: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.errors = tuple(errors)
        if detail is None and self.errors:
            detail = " ".join(error.message for error in self.errors)
        super().__init__(detail, reason=reason, extra=extra)


class _Later(OrderlightError):
    """An error that passes by itself; `retry_after` is in seconds."""

    def __init__(
        self,
        detail: str | None = None,
        *,
        retry_after: int = 5,
        reason: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.retry_after = retry_after
        super().__init__(detail, reason=reason, extra=extra)

    @property
    def headers(self) -> dict[str, str]:
        """RFC 9110, 10.2.3: Retry-After in whole seconds."""
        return {"Retry-After": str(self.retry_after)}


class TooMany(_Later):
    """429: too many tries in a short time."""

    status = 429
    title = N_("Too many tries")
    default_reason = "too_many"
    default_detail = N_("Too many tries in a short time. Wait a minute, then try again.")


class Unavailable(_Later):
    """503: the server cannot serve this now, but will again."""

    status = 503
    title = N_("Not available now")
    default_reason = "unavailable"
    default_detail = N_("The server cannot do this now. It will again; wait a moment.")


__all__ = [
    "Conflict",
    "FieldError",
    "Forbidden",
    "HttpError",
    "Invalid",
    "NotFound",
    "OrderlightError",
    "Refused",
    "TooLarge",
    "TooMany",
    "Unauthorized",
    "Unavailable",
    "UnsupportedMedia",
]
