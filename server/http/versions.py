"""Row versions at the door: ETag out, If-Match in (RFC 9110, 8.8.3 and 13.1.1).

>>> etag(3), expected_version('"3"'), expected_version("*")
('"3"', 3, None)
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from server.errors import Conflict, Invalid, OrderlightError
from server.messages import N_
from server.messages import translate as _

_TAG = re.compile(r'"(\d{1,9})"')


class PreconditionRequired(OrderlightError):
    """428: a change must say which version it was made against (RFC 6585, 3)."""

    status = 428
    title = N_("Say which version you change")
    default_reason = "precondition_required"
    default_detail = N_(
        "A change needs the header If-Match with the ETag of the version it was made against. Load it first."
    )


def etag(row_version: int) -> str:
    """The entity tag of a row version."""
    return f'"{row_version}"'


def expected_version(if_match: str | None) -> int | None:
    """The row version in an If-Match header, None for any; raises PreconditionRequired or Invalid."""
    if if_match is None:
        raise PreconditionRequired
    text = if_match.strip()
    if text == "*":
        return None
    found = _TAG.fullmatch(text)
    if found is None:
        raise Invalid(
            _('If-Match holds {text!a}; expected an ETag as it was given, such as "3".').format(text=text[:40])
        )
    return int(found[1])


def guard(what: str, *, expected: int | None, got: int, wanted: Mapping[str, Any], stored: Mapping[str, Any]) -> None:
    """Raise Conflict with the difference unless the change was made against the stored version."""
    if expected is None or expected == got:
        return
    difference = {
        field: {"wanted": value, "now": stored.get(field)}
        for field, value in wanted.items()
        if stored.get(field) != value
    }
    raise _stale(what, expected, got, {"difference": difference})


def guard_action(what: str, *, expected: int | None, got: int, stored: Callable[[], Mapping[str, Any]]) -> None:
    """The same for an action, which names no fields: the Conflict holds the whole thing as it is stored `now`."""
    if expected is not None and expected != got:
        raise _stale(what, expected, got, {"now": dict(stored())})


def _stale(what: str, expected: int, got: int, difference: Mapping[str, Any]) -> Conflict:
    message = _(
        "{what} was changed meanwhile: version {expected} was expected, version {got} is stored. "
        "Load it again, compare, then repeat your change."
    )
    return Conflict(
        message.format(what=what, expected=expected, got=got),
        reason="stale_version",
        extra={"expected": expected, "row_version": got, **difference},
    )
