"""The doors to cases."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.auth.talk_limit import count_message
from server.crm.access import is_customer
from server.crm.cases import repository, service
from server.crm.cases.access import may_speak, visible_cases
from server.crm.cases.models import Case
from server.crm.cases.rules import CaseState
from server.crm.cases.schemas import (
    CaseIn,
    CaseList,
    CaseMessageOut,
    CaseOut,
    CasePatch,
    CaseRow,
    ReplyBody,
    ResolveBody,
)
from server.crm.cases.service import Speaker
from server.errors import Forbidden, NotFound
from server.http.door import Door, DoorDep, shown
from server.http.idempotency import Answer
from server.http.outside import told
from server.http.paging import DEFAULT_LIMIT, After, Limit, Number, Text, as_json
from server.http.versions import guard

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])

CasesRead = Annotated[Principal, Depends(require(Permission.CASES_READ))]
CasesWrite = Annotated[Principal, Depends(require(Permission.CASES_WRITE))]


@router.get("", response_model=CaseList)
def list_cases(
    database: DatabaseDep,
    principal: CasesRead,
    state: CaseState | None = None,
    customer: Text = None,
    order: Text = None,
    assigned_to: Text = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JSONResponse:
    """The cases that the caller may know of, by age."""
    internal = not is_customer(principal)
    wanted = repository.CaseFilter(
        states=[state.value] if state else None, customer=customer, order=order,
        assigned_to=assigned_to if internal else None,
    )  # fmt: skip
    with database.read() as session:
        page = repository.cases(session, wanted, visible=visible_cases(principal), after=after, limit=limit)
        items = [told(CaseRow.of(case, internal=internal), internal=internal) for case in page.items]
    return JSONResponse(as_json(items, more=page.more))


@router.get("/{number}", response_model=CaseOut)
def get_case(database: DatabaseDep, principal: CasesRead, number: Number) -> JSONResponse:
    """One case with what was said."""
    with database.read() as session:
        return shown(_body(session, found_case(session, principal, number), principal))


@router.post("", status_code=201, response_model=CaseOut)
def post_case(request: Request, door: DoorDep, principal: CasesRead, body: CaseIn) -> JSONResponse:
    """A new case with its first message; a customer's is about himself."""
    require_speaking(principal)
    count_message(request, principal)

    def make(session: Session) -> Answer:
        case = service.create_case(session, body, principal, now=door.now)
        return Answer(201, _body(session, case, principal))

    return door.post(principal, body, make)


@router.patch("/{number}", response_model=CaseOut)
def patch_case(door: DoorDep, principal: CasesWrite, number: Number, body: CasePatch) -> JSONResponse:
    """Change subject, priority or who takes care of it; needs If-Match."""
    expected = door.expected

    def make(session: Session) -> Answer:
        case = found_case(session, principal, number, lock=True)
        stored = _body(session, case, principal)
        wanted = body.model_dump(mode="json", exclude_unset=True)
        guard(number, expected=expected, got=case.row_version, wanted=wanted, stored=stored)
        service.edit_case(session, case, body, Speaker.of(principal, door.now))
        return Answer(200, _body(session, case, principal))

    return door.change(make)


@router.post("/{number}/reply", response_model=CaseOut)
def reply(request: Request, door: DoorDep, principal: CasesRead, number: Number, body: ReplyBody) -> JSONResponse:
    """Say something. The customer's word opens a resolved case again; ours with `ask` waits for him."""
    require_speaking(principal)
    count_message(request, principal)

    def act(session: Session, case: Case, by: Speaker) -> None:
        service.reply(session, case, body.body, by, ask=body.ask)

    return _act(door, principal, number, act, body)


@router.post("/{number}/resolve", response_model=CaseOut)
def resolve(door: DoorDep, principal: CasesWrite, number: Number, body: ResolveBody) -> JSONResponse:
    """Say what was done about it."""

    def act(session: Session, case: Case, by: Speaker) -> None:
        service.resolve(session, case, body.body, by)

    return _act(door, principal, number, act, body)


@router.post("/{number}/open", response_model=CaseOut)
def reopen(door: DoorDep, principal: CasesWrite, number: Number) -> JSONResponse:
    """Take it into work, for the first time or again."""
    return _act(door, principal, number, service.reopen)


@router.post("/{number}/close", response_model=CaseOut)
def close(door: DoorDep, principal: CasesWrite, number: Number) -> JSONResponse:
    """Nothing more is said about a resolved case."""
    return _act(door, principal, number, service.close)


def found_case(session: Session, principal: Principal, number: str, *, lock: bool = False) -> Case:
    """The case if it exists for this caller; raises NotFound."""
    case = repository.case(session, number, visible=visible_cases(principal), lock=lock)
    if case is None:
        raise NotFound
    return case


def require_speaking(principal: Principal) -> None:
    """Raise Forbidden for somebody who reads cases and neither is the customer nor takes care of them."""
    if not may_speak(principal):
        raise Forbidden(extra={"permission": Permission.CASES_WRITE.value})


def _act(
    door: Door,
    principal: Principal,
    number: str,
    act: Callable[[Session, Case, Speaker], None],
    body: BaseModel | None = None,
) -> JSONResponse:
    def make(session: Session) -> Answer:
        case = found_case(session, principal, number, lock=True)
        door.check_if_given(number, case.row_version, lambda: _body(session, case, principal))
        act(session, case, Speaker.of(principal, door.now))
        return Answer(200, _body(session, case, principal))

    return door.post(principal, body, make)


def _body(session: Session, case: Case, principal: Principal) -> dict[str, Any]:
    internal = not is_customer(principal)
    row = CaseRow.of(case, internal=internal)
    said = [CaseMessageOut.of(each, internal=internal) for each in repository.messages(session, case.id)]
    return told(CaseOut(**row.model_dump(), messages=said), internal=internal)
