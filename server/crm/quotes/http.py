"""The doors to quotes: the list, one quote with its versions, and what our own people do with it."""

from collections.abc import Callable
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session

from server.auth.http import DatabaseDep, require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.access import is_customer
from server.crm.here import Here
from server.crm.quotes import repository, service
from server.crm.quotes.access import visible_quotes
from server.crm.quotes.capable import capable_to_promise
from server.crm.quotes.lines import find_version, in_force
from server.crm.quotes.models import Quote, QuoteVersion
from server.crm.quotes.pipeline import Pipeline, pipeline
from server.crm.quotes.repeat import repeat_quote
from server.crm.quotes.rules import OPEN, WITHDRAWN, QuoteState
from server.crm.quotes.schemas import QuoteIn, QuotePatch, ReasonBody, ReviseBody
from server.crm.quotes.shown import QuoteList, QuoteOut, QuoteRow, Reader, VersionOut, difference_json
from server.errors import Forbidden, NotFound
from server.http.door import Door, DoorDep, shown
from server.http.idempotency import Answer
from server.http.outside import told
from server.http.paging import DEFAULT_LIMIT, After, Limit, Number, Text, as_json
from server.http.versions import guard
from server.parties.repository import site
from server.settings.clock import utc_now

router = APIRouter(prefix="/api/v1/quotes", tags=["quotes"])

QuotesRead = Annotated[Principal, Depends(require(Permission.QUOTES_READ))]
QuotesWrite = Annotated[Principal, Depends(require(Permission.QUOTES_WRITE))]
VersionAt = Annotated[int, Path(ge=1, le=100_000)]
StateWord = Annotated[str | None, Query(pattern=f"^({'|'.join([*QuoteState, WITHDRAWN])})$")]
VersionQuery = Annotated[int | None, Query(ge=1, le=100_000)]

Act = Callable[[Session, Quote, Here], object]


@router.get("", response_model=QuoteList)
def list_quotes(
    database: DatabaseDep,
    principal: QuotesRead,
    state: StateWord = None,
    customer: Text = None,
    owner: Text = None,
    text: Text = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JSONResponse:
    """The quotes that the caller may know of, by age; states are judged today."""
    with database.read() as session:
        here = here_of(session)
        owner = None if is_customer(principal) else owner
        wanted = repository.QuoteFilter(
            today=here.today, states=[state] if state else None, customer=customer, owner=owner, text=text
        )
        page = repository.quotes(session, wanted, visible=visible_quotes(principal), after=after, limit=limit)
        reader = Reader.of(session, principal, page.items, here.today)
        items = [told(QuoteRow.of(quote, reader), internal=reader.internal) for quote in page.items]
    return JSONResponse(as_json(items, more=page.more))


@router.get("/pipeline")
def get_pipeline(database: DatabaseDep, principal: QuotesRead) -> JSONResponse:
    """Open quotes weighted by their probability, by state and currency; and apart from them what is ordered."""
    _require_staff(principal)
    with database.read() as session:
        found = pipeline(session, visible_quotes(principal), here=here_of(session), states=OPEN)
    return JSONResponse(_pipeline_json(found))


@router.get("/{number}", response_model=QuoteOut)
def get_quote(database: DatabaseDep, principal: QuotesRead, number: Number) -> JSONResponse:
    """One quote with the version in force."""
    with database.read() as session:
        quote = found_quote(session, principal, number)
        return shown(quote_json(session, principal, quote, here_of(session)))


@router.post("", status_code=201, response_model=QuoteOut)
def post_quote(door: DoorDep, principal: QuotesWrite, body: QuoteIn) -> JSONResponse:
    """A new draft."""

    def make(session: Session) -> Answer:
        here = here_of(session)
        quote = service.create_quote(session, body, actor=principal.actor, here=here)
        return Answer(201, quote_json(session, principal, quote, here))

    return door.post(principal, body, make)


@router.patch("/{number}", response_model=QuoteOut)
def patch_quote(door: DoorDep, principal: QuotesWrite, number: Number, body: QuotePatch) -> JSONResponse:
    """Change the draft version, or owner and probability of an open quote; needs If-Match."""
    expected = door.expected

    def make(session: Session) -> Answer:
        quote, here = found_quote(session, principal, number, lock=True), here_of(session)
        wanted = body.model_dump(mode="json", exclude_unset=True)
        stored = service.plain_quote(quote)
        guard(number, expected=expected, got=quote.row_version, wanted=wanted, stored=stored)
        service.change_quote(session, quote, body, actor=principal.actor, here=here)
        return Answer(200, quote_json(session, principal, quote, here))

    return door.change(make)


@router.post("/{number}/send", response_model=QuoteOut)
def send(door: DoorDep, principal: QuotesWrite, number: Number) -> JSONResponse:
    """Put the draft version before the customer."""

    def act_on(session: Session, quote: Quote, here: Here) -> None:
        service.send_quote(session, quote, actor=principal.actor, here=here)

    return act(door, principal, number, act_on)


@router.post("/{number}/withdraw", response_model=QuoteOut)
def withdraw(door: DoorDep, principal: QuotesWrite, number: Number, body: ReasonBody) -> JSONResponse:
    """Take the quote off the table, with a reason."""

    def act_on(session: Session, quote: Quote, here: Here) -> None:
        service.withdraw_quote(session, quote, reason=body.reason, actor=principal.actor, here=here)

    return act(door, principal, number, act_on, body)


@router.post("/{number}/copy")
def copy(door: DoorDep, principal: QuotesWrite, number: Number) -> JSONResponse:
    """A new draft quote with the same lines at today's prices; `remarks` says what is not as it was."""

    def make(session: Session) -> Answer:
        quote = found_quote(session, principal, number)
        made = repeat_quote(session, quote, actor=principal.actor, here=here_of(session))
        return Answer(200, {"number": made.number, "remarks": list(made.remarks)})

    return door.post(principal, None, make)


# --- versions ---


@router.get("/{number}/versions")
def list_versions(database: DatabaseDep, principal: QuotesRead, number: Number) -> JSONResponse:
    """All versions the caller may know of, oldest first."""
    with database.read() as session:
        quote = found_quote(session, principal, number)
        internal = not is_customer(principal)
        items = [
            told(VersionOut.of(session, quote, version, internal=internal), internal=internal)
            for version in visible_versions(quote, principal)
        ]
    return JSONResponse(as_json(items, more=False, name="version"))


@router.post("/{number}/versions", response_model=QuoteOut)
def add_version(door: DoorDep, principal: QuotesWrite, number: Number, body: ReviseBody | None = None) -> JSONResponse:
    """Begin the next version as a copy of an earlier one."""
    source = body.copy_of if body else None

    def act_on(session: Session, quote: Quote, here: Here) -> None:
        service.begin_version(session, quote, actor=principal.actor, here=here, copy_of=source)

    return act(door, principal, number, act_on, body)


@router.get("/{number}/versions/{version}", response_model=VersionOut)
def get_version(database: DatabaseDep, principal: QuotesRead, number: Number, version: VersionAt) -> JSONResponse:
    """One version with its lines."""
    with database.read() as session:
        quote = found_quote(session, principal, number)
        found = known_version(quote, principal, version)
        internal = not is_customer(principal)
        return shown(told(VersionOut.of(session, quote, found, internal=internal), internal=internal))


@router.get("/{number}/difference")
def get_difference(
    database: DatabaseDep,
    principal: QuotesRead,
    number: Number,
    from_version: Annotated[int | None, Query(alias="from", ge=1, le=100_000)] = None,
    to: VersionQuery = None,
) -> JSONResponse:
    """What differs between two versions, line by line and in words; the last two unless they are named."""
    with database.read() as session:
        quote = found_quote(session, principal, number)
        known = visible_versions(quote, principal)
        now = known_version(quote, principal, to or known[-1].version)
        earlier = [version.version for version in known if version.version < now.version]
        before = known_version(quote, principal, from_version or (earlier or [now.version])[-1])
        return JSONResponse(difference_json(before, now, quote.currency))


@router.get("/{number}/estimate")
def get_estimate(database: DatabaseDep, principal: QuotesRead, number: Number) -> JSONResponse:
    """When we could deliver if it were ordered now, for our own people with its reckoning; null where we cannot."""
    with database.read() as session:
        quote = found_quote(session, principal, number)
        version = find_version(quote, quote.sent_version) if is_customer(principal) else in_force(quote)
        found = capable_to_promise(session, quote, version, now=utc_now())
    estimate = found.as_json(internal=not is_customer(principal)) if found else None
    return JSONResponse({"number": number, "version": version.version, "estimate": estimate})


# --- what the doors share ---


def here_of(session: Session) -> Here:
    """The site's clock."""
    return Here(ZoneInfo(site(session).time_zone), utc_now())


def found_quote(session: Session, principal: Principal, number: str, *, lock: bool = False) -> Quote:
    """The quote if it exists for this caller; raises NotFound."""
    quote = repository.quote(session, number, visible=visible_quotes(principal), lock=lock)
    if quote is None:
        raise NotFound
    return quote


def visible_versions(quote: Quote, principal: Principal) -> list[QuoteVersion]:
    """The versions that exist for this caller: a customer knows of those that were sent."""
    return [version for version in quote.versions if version.sent_at is not None or not is_customer(principal)]


def known_version(quote: Quote, principal: Principal, version: int) -> QuoteVersion:
    """One of them; raises NotFound."""
    for found in visible_versions(quote, principal):
        if found.version == version:
            return found
    raise NotFound


def quote_json(session: Session, principal: Principal, quote: Quote, here: Here) -> dict[str, Any]:
    """The answer for a wholly loaded quote."""
    reader = Reader.of(session, principal, [quote], here.today)
    return told(QuoteOut.whole(session, quote, reader), internal=reader.internal)


def act(door: Door, principal: Principal, number: str, act_on: Act, body: BaseModel | None = None) -> JSONResponse:
    """Do one thing to a quote in a transaction that keeps others away from it."""

    def make(session: Session) -> Answer:
        quote, here = found_quote(session, principal, number, lock=True), here_of(session)
        door.check_if_given(number, quote.row_version, lambda: quote_json(session, principal, quote, here))
        act_on(session, quote, here)
        return Answer(200, quote_json(session, principal, quote, here))

    return door.post(principal, body, make)


def _require_staff(principal: Principal) -> None:
    if is_customer(principal):
        raise Forbidden(extra={"permission": Permission.QUOTES_WRITE.value})


def _pipeline_json(found: Pipeline) -> dict[str, Any]:
    return {
        "as_of": found.as_of.isoformat(),
        "quotes": [
            {"state": each.state, "currency": each.currency, "count": each.count, "total": str(each.total),
             "weighted": str(each.weighted)}
            for each in found.sums
        ],
        "weighted": {currency: str(amount) for currency, amount in found.weighted().items()},
        "confirmed_orders": [
            {"currency": each.currency, "count": each.count, "total": str(each.total)} for each in found.demand
        ],
    }  # fmt: skip
