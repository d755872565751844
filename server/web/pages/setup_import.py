"""Import: a CSV file is tried out first, row by row; then the same text is applied, all of it or nothing."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.erp.imports import KINDS, ImportReport, customers, import_csv
from server.erp.imports.table import MAX_BYTES
from server.erp.imports_http import decoded
from server.errors import Forbidden, Invalid, NotFound
from server.messages import N_
from server.web.page import Page, PageDep
from server.web.sections import SETUP, show_in

router = APIRouter(prefix="/import", include_in_schema=False)

Importer = Annotated[Principal, Depends(require(Permission.IMPORTS_WRITE))]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: its name, the right to enter the same by hand, where it is seen afterwards, an example."""

    label: str
    permission: Permission
    href: str
    example: str


_KINDS = {
    "products": Kind(
        N_("Products"),
        Permission.CATALOG_WRITE,
        "/setup/products",
        "sku,name,gtin,routing,bom\n"
        "TUBE-34,Steel tube 34 mm,,,\n"
        "FRAME-CITY,City bicycle frame,09506000134352,Cut@cut:10/2;Weld@weld:15/8,TUBE-34:4",
    ),
    "customers": Kind(
        N_("Customers"),
        Permission.CUSTOMERS_WRITE,
        "/customers",
        "number,name,contact_name,contact_email,address,postal_code,city,country\n"
        "C-200,Aurora Bikes,Purchasing,purchasing@aurora-bikes.example,Norrland Quay 4,903 26,Umeå,SE",
    ),
    "orders": Kind(
        N_("Orders"),
        Permission.ORDERS_WRITE,
        "/orders",
        "number,customer,promise_date,product,quantity,configuration\n"
        "SO-2000,C-200,2027-03-01,FRAME-CITY,20,colour=signal red\n"
        "SO-2000,C-200,2027-03-01,FRAME-CITY,4,colour=mint",
    ),
    "codes": Kind(
        N_("Codes of units"),
        Permission.INBOX_DECIDE,
        "/units",
        "reel,unit,code,epc\nR-7,,(01)09506000134352(21)REEL0001,\n,U-2,,3034257BF7194E4000001A85",
    ),
}


@dataclass(frozen=True, slots=True)
class Upload:
    """What the form brought: a file, or the text that was tried out."""

    kind: str
    text: str
    name: str
    apply: bool
    fault: str | None = None


async def read_upload(request: Request) -> Upload:
    """The dependency of the form's POST; a file that is not text is a fault, not an error."""
    async with request.form(max_part_size=4 * MAX_BYTES) as posted:
        kind, apply = str(posted.get("kind") or ""), posted.get("step") == "apply"
        file, name = posted.get("file"), str(posted.get("name") or "")[:120]
        if not isinstance(file, UploadFile):
            return Upload(kind, str(posted.get("text") or ""), name, apply)
        try:
            return Upload(kind, decoded(await file.read()), (file.filename or "")[:120], apply)
        except Invalid as refusal:
            return Upload(kind, "", (file.filename or "")[:120], apply, refusal.detail)


@router.get("")
def show_import(page: PageDep, _principal: Importer, kind: str = "products") -> Response:
    """The form, with the columns of each kind of file."""
    return _show(page, Upload(kind if kind in KINDS else "products", "", "", apply=False))


@router.post("")
def take_file(page: PageDep, principal: Importer, upload: Annotated[Upload, Depends(read_upload)]) -> Response:
    """Try the file out, or apply what was tried out."""
    found = _KINDS.get(upload.kind)
    if found is None:
        raise NotFound
    if not principal.may(found.permission):
        raise Forbidden(extra={"permission": found.permission.value})
    if upload.kind == "customers":
        customers.require_columns(principal, upload.text)
    if upload.fault is not None:
        return _show(page, upload, status=422, fault=upload.fault)
    if not upload.text.strip():
        return _show(page, upload, status=422, fault=page.say(N_("Choose a file first; this one is empty.")))
    report = _run(page, principal, upload)
    if not report.applied:
        return _show(page, upload, status=422 if report.errors else 200, report=report)
    said = page.say(
        N_("Imported: %(created)s new, %(updated)s changed, %(unchanged)s as they were."),
        created=report.created, updated=report.updated, unchanged=report.unchanged,
    )  # fmt: skip
    return page.go(found.href, said)


def _run(page: Page, principal: Principal, upload: Upload) -> ImportReport:
    return page.database.write(
        lambda session: import_csv(
            session, upload.kind, upload.text, dry_run=not upload.apply, actor=principal.actor, now=page.now
        )
    )


def _show(
    page: Page, upload: Upload, *, status: int = 200, report: ImportReport | None = None, fault: str | None = None
) -> Response:
    principal = page.principal
    kinds = {key: kind for key, kind in _KINDS.items() if principal is not None and principal.may(kind.permission)}
    return show_in(
        SETUP,
        page,
        "setup/import.html",
        status=status,
        kinds=kinds,
        columns={key: KINDS[key].columns for key in kinds},
        upload=upload,
        report=report,
        fault=fault,
    )
