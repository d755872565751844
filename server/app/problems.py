"""Errors as application/problem+json (RFC 9457) for programs and as a page for people, without echoing what was sent.

FastAPI's own handler repeats the input, and so fails itself on NaN or a lone surrogate.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from server.app.ways_back import page_above
from server.auth.http import find_principal
from server.auth.principal import Principal
from server.errors import (
    Conflict,
    FieldError,
    Forbidden,
    HttpError,
    Invalid,
    NotFound,
    OrderlightError,
    TooLarge,
    TooMany,
    Unauthorized,
    Unavailable,
)
from server.http.faults import sentence_of
from server.messages import translate as _
from server.metrics import DENIED
from server.web.page import PRIVATE
from server.web.problems import fallback_page, problem_page, wants_page

log = logging.getLogger("server.http")


class Problem(Response):
    """A problem document; anything that is not plain ASCII is escaped, so encoding it cannot fail."""

    media_type = "application/problem+json"

    def __init__(self, members: Mapping[str, Any], *, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(members, ensure_ascii=True, default=str).encode("ascii")
        super().__init__(body, status_code=int(members["status"]), headers=dict(headers or {}))


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every foreseen error in words."""
    app.add_exception_handler(OrderlightError, _on_orderlight_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    for away in (OperationalError, InterfaceError, PoolTimeout):
        app.add_exception_handler(away, _on_database_away)
    # The drivers say in words of their own what they cannot bind: too large a number, half a character.
    for unstorable in (DataError, OverflowError, UnicodeEncodeError):
        app.add_exception_handler(unstorable, _on_unstorable)
    for race in (IntegrityError, StaleDataError):
        app.add_exception_handler(race, _on_race)


async def answer_error(request: Request, error: OrderlightError) -> Response:
    """The error for whoever asked: a page for a person at a browser, else a problem document."""
    if isinstance(error, Unauthorized | Forbidden | TooMany):
        DENIED.labels(reason=error.reason).inc()
    if not wants_page(request):
        return problem_of(error)
    principal = await _principal_or_none(request)
    response = await run_in_threadpool(problem_page, request, error, principal)
    response.headers.update(error.headers)
    return response


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
    fields = [FieldError(_path(error["loc"]), sentence_of(error, _), str(error["type"])) for error in errors]
    if any(error["type"] == "json_invalid" for error in errors):
        return Invalid(_("The body is not valid JSON."), errors=fields, reason="json_invalid")
    return Invalid(_("Some fields are not valid; `errors` lists them."), errors=fields)


def last_resort(scope: Scope, request_id: str) -> Response:
    """The answer to what nobody foresaw; the log has the rest under the same request id."""
    if wants_page(Request(scope)):
        return fallback_page(500)
    members = {
        "type": "about:blank",
        "title": _(OrderlightError.title),
        "status": 500,
        "detail": _(OrderlightError.default_detail),
        "reason": "internal_error",
        "request_id": request_id,
    }
    return Problem(members)


async def _on_orderlight_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, OrderlightError)
    return await answer_error(request, error)


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    # Below the pages an address that cannot be names nothing, whoever asks; at the API it is told which part is wrong.
    is_page = not request.url.path.startswith("/api/")
    is_no_address = is_page and any(each["loc"][:1] == ("path",) for each in errors)
    return await answer_error(request, NotFound() if is_no_address else invalid_of(errors))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    page = page_above(request) if error.status_code == 405 else None
    if page is not None:
        return RedirectResponse(page, status_code=303, headers=PRIVATE)
    response = await answer_error(request, _our_own(error))
    response.headers.update(error.headers or {})
    return response


async def _on_database_away(request: Request, error: Exception) -> Response:
    log.error("The database cannot be reached: %s", _first_line(error))
    detail = _("The database cannot be reached now. Nothing is lost; wait a moment.")
    away = Unavailable(detail, reason="database_away")
    return fallback_page(503) if wants_page(request) else problem_of(away)


async def _on_unstorable(request: Request, error: Exception) -> Response:
    log.warning("The database refused a value: %s", _first_line(error))
    detail = _("A value of this request cannot be stored, such as a number that is too large.")
    return await answer_error(request, Invalid(detail, reason="unstorable"))


async def _on_race(request: Request, error: Exception) -> Response:
    log.warning("Two requests met at one row: %s", _first_line(error))
    return await answer_error(request, Conflict())


def _our_own(error: HTTPException) -> OrderlightError:
    """What the framework raised (no route, wrong method, unreadable body) as one of our errors."""
    if error.status_code == 404:
        return NotFound()
    if error.status_code == 413:
        return TooLarge(str(error.detail))
    phrase = HTTPStatus(error.status_code).phrase
    return HttpError(error.status_code, phrase, _ascii(error.detail) if isinstance(error.detail, str) else phrase)


async def _principal_or_none(request: Request) -> Principal | None:
    try:
        return await find_principal(request)
    except (OperationalError, InterfaceError, PoolTimeout):
        return None


def _path(location: Sequence[str | int]) -> str:
    # The first word is where the field came from (body, query, path); people look for the field.
    return ".".join(str(part) for part in (location[1:] if len(location) > 1 else location))


def _ascii(message: str) -> str:
    return message.encode("ascii", "backslashreplace").decode("ascii")


def _first_line(error: Exception) -> str:
    lines = str(getattr(error, "orig", None) or error).splitlines()
    return _ascii(lines[0]) if lines else type(error).__name__
