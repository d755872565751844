"""The exchange rates that finance keeps: rows are only added, and the newest day counts until the next one."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from server.erp.billing.exchange import Rate, Rates
from server.erp.billing.models import ExchangeRate
from server.erp.billing.rates_schemas import RateIn
from server.errors import FieldError, Invalid
from server.http.fields import plain
from server.journal.audit import write_audit
from server.messages import in_words
from server.messages import translate as _
from server.parties.repository import site


def rates_for(session: Session, currencies: Collection[str], *, now: datetime) -> Rates:
    """The rates that count today for these currencies; no query while there is only one currency."""
    known = set(currencies)
    return newest_rates(session, now=now) if len(known) > 1 else Rates(next(iter(known), ""))


def newest_rates(session: Session, *, now: datetime) -> Rates:
    """The rate of each currency that counts today: of its newest day, the one that was entered last."""
    ours = site(session)
    today = now.astimezone(ZoneInfo(ours.time_zone)).date()
    found = session.execute(_newest_of_each(ours.currency, today))
    return Rates(ours.currency, {code: Rate(value, as_of) for code, value, as_of in found})


def _newest_of_each(base: str, today: date) -> Select[str, Decimal, date]:
    """The rate of each currency that counts; it steps from currency to currency, however many rates there are."""
    row, newest = aliased(ExchangeRate), aliased(ExchangeRate)
    codes = select(func.min(row.currency).label("code")).where(row.base == base).cte("codes", recursive=True)
    further = select(func.min(row.currency)).where(row.base == base, row.currency > codes.c.code).scalar_subquery()
    codes = codes.union_all(select(further).where(codes.c.code.is_not(None)))
    counts = (
        select(newest.id)
        .where(newest.base == base, newest.currency == codes.c.code, newest.as_of <= today)
        .order_by(newest.as_of.desc(), newest.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns = (ExchangeRate.currency, ExchangeRate.value, ExchangeRate.as_of)
    return select(*columns).join(codes, ExchangeRate.id == counts)


def latest_entries(session: Session, *, before: int | None = None, limit: int = 25) -> Sequence[ExchangeRate]:
    """What was entered, the newest first, from below a row id on."""
    statement = select(ExchangeRate).order_by(ExchangeRate.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(ExchangeRate.id < before)
    return session.scalars(statement).all()


def add_rate(session: Session, body: RateIn, *, actor: str, now: datetime) -> ExchangeRate:
    """Keep a rate of a day; today's unless one is named. Raises Invalid."""
    ours = site(session)
    today = now.astimezone(ZoneInfo(ours.time_zone)).date()
    day = body.as_of or today
    if body.currency == ours.currency:
        message = _("{currency} is the site's own currency. Choose another.").format(currency=body.currency)
        raise Invalid(errors=[FieldError("currency", message, "own_currency")])
    if day > today:
        message = _("{day} is yet to come. A rate counts from the day it was known.").format(day=in_words(day))
        raise Invalid(errors=[FieldError("as_of", message, "future")])
    made = ExchangeRate(
        currency=body.currency, base=ours.currency, value=body.rate, as_of=day, entered_at=now, entered_by=actor
    )
    session.add(made)
    session.flush()
    detail = {"rate": plain(body.rate), "base": ours.currency, "as_of": day.isoformat()}
    write_audit(session, at=now, actor=actor, action="exchange_rate_set", subject=body.currency, detail=detail)
    return made
