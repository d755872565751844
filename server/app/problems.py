"""Errors as application/problem+json (RFC 9457), in words, without echoing what was sent.

FastAPI's own handler repeats the input, and so fails itself on NaN or a lone surrogate.
"""

import json
from collections.abc import Mapping, Sequence
from gettext import gettext as _
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from server.errors import FieldError, Forbidden, Invalid, NotFound, OrderlightError, TooMany, Unauthorized
from server.metrics import DENIED


class Problem(Response):
    """A problem document; anything that is not plain ASCII is escaped, so encoding it cannot fail."""

    media_type = "application/problem+json"

    def __init__(self, members: Mapping[str, Any], *, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(members, ensure_ascii=True, default=str).encode("ascii")
        super().__init__(body, status_code=int(members["status"]), headers=dict(headers or {}))


def problem_of(error: OrderlightError) -> Problem:
    """The problem document of one of our own errors."""
    members: dict[str, Any] = {
        "type": "about:blank",
        "title": _(error.title),
        "status": error.status,
        "detail": error.detail,
        "reason": error.reason,
    }
    if isinstance(error, Invalid) and error.errors:
        members["errors"] = [field.as_json() for field in error.errors]
    members.update({key: value for key, value in error.extra.items() if key not in members})
    return Problem(members, headers=error.headers)


def invalid_of(errors: Sequence[Mapping[str, Any]]) -> Invalid:
    """The field errors of pydantic as one of our own, without the input they complain about."""
    fields = [FieldError(_path(error["loc"]), _clean(error["msg"]), str(error["type"])) for error in errors]
    is_json = any(error["type"] == "json_invalid" for error in errors)
    detail = _("The body is not valid JSON.") if is_json else _("Some fields are not valid; `errors` lists them.")
    return Invalid(detail, errors=fields, reason="json_invalid" if is_json else "invalid")


def problem_of_http(error: HTTPException) -> Problem:
    """The problem document of an error the framework itself raised: no route, wrong method, body not readable."""
    if error.status_code == 404:
        return problem_of(NotFound())
    title = HTTPStatus(error.status_code).phrase
    members = {
        "type": "about:blank",
        "title": title,
        "status": error.status_code,
        "detail": error.detail if isinstance(error.detail, str) else title,
        "reason": title.lower().replace(" ", "_"),
    }
    return Problem(members, headers=error.headers)


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every foreseen error in words."""
    app.add_exception_handler(OrderlightError, _on_orderlight_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)


async def _on_orderlight_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, OrderlightError)
    if isinstance(error, Unauthorized | Forbidden | TooMany):
        DENIED.labels(reason=error.reason).inc()
    return problem_of(error)


async def _on_validation_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem_of(invalid_of(error.errors()))


async def _on_http_exception(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem_of_http(error)


def _path(location: Sequence[str | int]) -> str:
    # The first word is where the field came from (body, query, path); people look for the field.
    return ".".join(str(part) for part in (location[1:] if len(location) > 1 else location))


def _clean(message: str) -> str:
    return message.encode("ascii", "backslashreplace").decode("ascii")
