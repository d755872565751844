"""The edge of a collection: one transaction a request, the answer after the commit, ETag and Location on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep
from server.auth.principal import Principal
from server.db import Database
from server.http.idempotency import Answer, Retry, once
from server.http.versions import etag, expected_version, guard_action
from server.settings.clock import utc_now


@dataclass(frozen=True, slots=True)
class Door:
    """One request that may change something."""

    database: Database
    method: str
    path: str
    idempotency_key: str | None
    if_match: str | None
    now: datetime

    def post(
        self,
        principal: Principal,
        body: BaseModel | None,
        make: Callable[[Session], Answer],
        *,
        named_by: str = "",
    ) -> JSONResponse:
        """Do the work of a POST once, however often it is sent with the same Idempotency-Key.

        What is new is found under its number, sku or key, or whatever member of the answer `named_by` tells.
        """
        content = None if body is None else body.model_dump(mode="json")
        retry = Retry(principal.actor, self.idempotency_key, (f"{self.method} {self.path}", content))
        answer = self.database.write(lambda session: once(session, retry, lambda: make(session), now=self.now))
        return self._response(answer, named_by)

    def change(self, make: Callable[[Session], Answer]) -> JSONResponse:
        """Do the work of a PATCH; `expected` says against which version it was made."""
        return self._response(self.database.write(make))

    @property
    def expected(self) -> int | None:
        """The row version in If-Match; raises PreconditionRequired or Invalid."""
        return expected_version(self.if_match)

    def check_if_given(self, what: str, row_version: int, stored: Callable[[], Mapping[str, Any]]) -> None:
        """Actions need no If-Match; one that is sent must fit. Raises Conflict with what is `stored`, as it is told."""
        if self.if_match is not None:
            guard_action(what, expected=self.expected, got=row_version, stored=stored)

    def _response(self, answer: Answer, named_by: str = "") -> JSONResponse:
        response = shown(answer.body, status=answer.status)
        if answer.status == 201:
            name = next(answer.body[member] for member in (named_by, "number", "sku", "key") if answer.body.get(member))
            response.headers["Location"] = f"{self.path}/{quote(str(name), safe='')}"
        if answer.repeated:
            response.headers["Idempotency-Replayed"] = "true"
        return response


def shown(body: dict[str, Any], *, status: int = 200) -> JSONResponse:
    """One thing as JSON, with its row version as ETag where it has one."""
    response = JSONResponse(body, status_code=status)
    if isinstance(body.get("row_version"), int):
        response.headers["ETag"] = etag(body["row_version"])
    # What one person may see is nothing for a shared cache.
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def door(
    request: Request,
    database: DatabaseDep,
    idempotency_key: Annotated[str | None, Header()] = None,
    if_match: Annotated[str | None, Header()] = None,
) -> Door:
    """The door of this request."""
    return Door(database, request.method, request.url.path, idempotency_key, if_match, utc_now())


DoorDep = Annotated[Door, Depends(door)]
