"""Who did it: the actors of facts by the names of people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth.models import User
from server.crm.quotes.models import Quote, QuoteLink

_USER, _BADGE, _LINK = "user:", "operator:", "visit:quote-"


@dataclass(frozen=True, slots=True)
class Doers:
    """The people behind some actors; a gateway or the program itself is nobody."""

    names: Mapping[str, str] = field(default_factory=dict)
    #: Who signed by a private link, and when.
    signed: Mapping[str, tuple[str, datetime]] = field(default_factory=dict)

    def name(self, actor: str, at: datetime) -> str | None:
        """The name of a person. Of a private link only the signature is known, and only for what it did."""
        name, moment = self.signed.get(actor, (None, None))
        return name if moment == at else self.names.get(actor)


def doers(session: Session, actors: Iterable[str]) -> Doers:
    """The names of these actors; a query for people and one for private links, where there are any."""
    found = set(actors)
    return Doers(_people(session, found), _signatures(session, found))


def _people(session: Session, actors: Iterable[str]) -> Mapping[str, str]:
    logins = [actor.removeprefix(_USER) for actor in actors if actor.startswith(_USER)]
    badges = [actor.removeprefix(_BADGE) for actor in actors if actor.startswith(_BADGE)]
    if not logins and not badges:
        return {}
    statement = select(User.login, User.badge, User.name).where(User.login.in_(logins) | User.badge.in_(badges))
    found: dict[str, str] = {f"{_USER}{login}": login for login in logins}
    found |= {f"{_BADGE}{badge}": badge for badge in badges}
    for login, badge, name in session.execute(statement):
        found[f"{_USER}{login}"] = name
        found[f"{_BADGE}{badge}"] = name
    return found


def _signatures(session: Session, actors: Iterable[str]) -> Mapping[str, tuple[str, datetime]]:
    links = [int(actor.removeprefix(_LINK)) for actor in actors if actor.startswith(_LINK)]
    if not links:
        return {}
    statement = (
        select(QuoteLink.id, Quote.accepted_by, Quote.accepted_at)
        .join(Quote, Quote.id == QuoteLink.quote_id)
        .where(QuoteLink.id.in_(links), Quote.accepted_at.is_not(None))
    )
    found = session.execute(statement)
    return {f"{_LINK}{link}": (name, at) for link, name, at in found if name is not None and at is not None}
