"""The door to imports: a CSV file in, a report out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.imports import customers, import_csv
from server.erp.imports.table import MAX_BYTES
from server.errors import FieldError, Forbidden, Invalid, TooLarge, UnsupportedMedia
from server.http.paging import Number
from server.messages import translate as _
from server.settings.clock import utc_now

router = APIRouter(prefix="/api/v1/imports")

#: What a file brings in needs the same right as entering it by hand.
_ALSO = {
    "products": Permission.CATALOG_WRITE,
    "customers": Permission.CUSTOMERS_WRITE,
    "orders": Permission.ORDERS_WRITE,
    "codes": Permission.INBOX_DECIDE,
}
_TYPES = ("text/csv", "application/csv", "text/plain")


async def csv_text(request: Request) -> str:
    """The body as text; raises UnsupportedMedia, TooLarge or Invalid."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _TYPES:
        raise UnsupportedMedia(_("An import takes text/csv, got {kind!r}.").format(kind=kind[:60] or "nothing"))
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise TooLarge(_("The file is larger than {max_bytes} bytes. Split it.").format(max_bytes=MAX_BYTES))
    return decoded(bytes(body))


def decoded(body: bytes) -> str:
    """The file as text, with or without a byte order mark; raises Invalid when it is not UTF-8."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise Invalid(
            _("The file is not UTF-8: line {line} holds the byte {byte:02X}. Save it as UTF-8.").format(
                line=line, byte=body[error.start]
            ),
            reason="not_utf8",
        ) from error


@router.post("/{kind}")
def post_import(
    database: DatabaseDep,
    principal: Annotated[Principal, Depends(require(Permission.IMPORTS_WRITE))],
    kind: Number,
    text: Annotated[str, Depends(csv_text)],
    dry_run: bool = False,
) -> JSONResponse:
    """Take a CSV file in, all of it or nothing; with dry_run=true, only say what it would do."""
    also = _ALSO.get(kind)
    if also is not None and not principal.may(also):
        raise Forbidden(extra={"permission": also.value})
    if kind == "customers":
        customers.require_columns(principal, text)
    now, actor = utc_now(), principal.actor
    report = database.write(lambda session: import_csv(session, kind, text, dry_run=dry_run, actor=actor, now=now))
    if report.errors and not dry_run:
        raise Invalid(
            _("Nothing was imported. Mistakes in the file: {count}.").format(count=len(report.errors)),
            errors=[FieldError(_place(error.line, error.column), error.message) for error in report.errors],
            reason="import_refused",
            extra={"report": report.as_json()},
        )
    return JSONResponse(report.as_json())


def _place(line: int, column: str | None) -> str:
    return f"{line}.{column}" if column else str(line)
