"""Customers that look like one company entered twice: scored by the traits they share, and explained."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Exists, Row, and_, exists, or_, select
from sqlalchemy.orm import Session

from server.errors import Conflict
from server.journal.audit import write_audit
from server.messages import N_
from server.messages import translate as _
from server.parties.matching import traits_of
from server.parties.models import Customer, DistinctPair, MatchKey, SuspectPair
from server.parties.people import make_addresses, make_contacts
from server.parties.schemas import CustomerIn
from server.parties.states import CustomerStatus
from server.parties.weights import SUSPECT, WEIGHTS

_PAGE: Final = 25
#: So many customers are asked about at once.
_TOGETHER: Final = 1000
#: The weaker trait says nothing more where the stronger one of the same kind is shared.
_IMPLIED: Final[Mapping[str, str]] = {"sound": "name", "person": "email"}

WHY: Final[Mapping[str, str]] = {
    "vat": N_("the same tax number"),
    "name": N_("the same name but for case, accents and company form"),
    "sound": N_("nearly the same name"),
    "email": N_("the same e-mail address"),
    "person": N_("a person of the same name at the same domain"),
    "phone": N_("the same phone number"),
    "address": N_("the same address"),
}


@dataclass(frozen=True, slots=True)
class Suspect:
    """A customer that looks like the one in question."""

    number: str
    name: str
    kind: str
    score: int
    #: The kinds of the shared traits, the strongest first.
    traits: tuple[str, ...]

    @property
    def why(self) -> str:
        """The shared traits in words."""
        return ", ".join(_(WHY[trait]) for trait in self.traits)

    def as_json(self) -> dict[str, Any]:
        """The suspect for programs."""
        return {"number": self.number, "name": self.name, "score": self.score, "traits": list(self.traits)}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two customers that look like one; `first` was there before `second`."""

    first: Suspect
    second: Suspect

    @property
    def score(self) -> int:
        """How much alike they are, of a hundred."""
        return self.first.score


def score(traits: Collection[str]) -> int:
    """How sure shared traits make us, of a hundred.

    >>> score({"name"}), score({"name", "sound", "address"}), score({"vat", "name"})
    (60, 90, 100)
    """
    telling = [trait for trait in traits if _IMPLIED.get(trait) not in traits]
    return min(100, sum(WEIGHTS[trait] for trait in telling))


def suspects(session: Session, traits: Iterable[tuple[str, str]], *, but: int | None = None) -> list[Suspect]:
    """The customers that share enough of these traits, the most similar first."""
    wanted = sorted(traits)
    if not wanted:
        return []
    # Each trait by the index of traits, and then who has it: together, the database would go through all customers.
    has = or_(*(and_(MatchKey.kind == kind, MatchKey.value == value) for kind, value in wanted))
    shared: dict[int, set[str]] = defaultdict(set)
    for customer_id, trait in session.execute(select(MatchKey.customer_id, MatchKey.kind).where(has).limit(500)):
        if customer_id != but:
            shared[customer_id].add(trait)
    statement = (
        select(Customer.id, Customer.number, Customer.name, Customer.kind)
        .where(Customer.id.in_(shared), Customer.status != CustomerStatus.MERGED.value)
        .order_by(Customer.id)
    )
    alike = [_suspect(row, shared[row.id]) for row in session.execute(statement)]
    return sorted((each for each in alike if each.score >= SUSPECT), key=lambda each: -each.score)


def suspects_of(session: Session, body: CustomerIn) -> list[Suspect]:
    """The customers that look like one that is about to be entered."""
    contacts, addresses = make_contacts(body.contacts), make_addresses(body.addresses)
    return suspects(session, traits_of(body.name, body.vat_number, contacts, addresses))


def refuse(session: Session, body: CustomerIn) -> None:
    """Raise Conflict, with the suspects, when the new one looks like a customer that is there already."""
    found = suspects_of(session, body)
    if found:
        first = found[0]
        raise Conflict(
            _("{name} looks like {number}, {other}: {why}. Take that one, or say that this is another.").format(
                name=body.name, number=first.number, other=first.name, why=first.why
            ),
            reason="possible_duplicate",
            extra={"suspects": [each.as_json() for each in found]},
        )


def pairs(session: Session) -> list[Pair]:
    """The pairs of customers that look most like one, without those that somebody said are distinct; two queries."""
    statement = (
        select(SuspectPair.low_id, SuspectPair.high_id)
        .where(~_told())
        .order_by(SuspectPair.weight.desc(), SuspectPair.low_id, SuspectPair.high_id)
        .limit(2 * _PAGE)
    )
    ids = [(low, high) for low, high in session.execute(statement)]
    known = _known(session, ids)
    alike = [pair for low, high in ids if (pair := _pair(low, high, known)) is not None]
    return sorted(alike, key=lambda pair: -pair.score)[:_PAGE]


def alike(session: Session, numbers: Collection[str]) -> list[tuple[Suspect, Suspect]]:
    """Each of these customers with every one that it looks like; two queries for a thousand of them."""
    found: list[tuple[Suspect, Suspect]] = []
    asked = sorted(numbers)
    for first in range(0, len(asked), _TOGETHER):
        some = asked[first : first + _TOGETHER]
        mine = select(Customer.id).where(Customer.number.in_(some))
        statement = select(SuspectPair.low_id, SuspectPair.high_id).where(
            or_(SuspectPair.low_id.in_(mine), SuspectPair.high_id.in_(mine)), ~_told()
        )
        ids = [(low, high) for low, high in session.execute(statement.order_by(SuspectPair.low_id))]
        known = _known(session, ids)
        for pair in (_pair(low, high, known) for low, high in ids):
            if pair is not None:
                both = (pair.first, pair.second)
                # Of two that came together, the later one is told to look like the earlier.
                one, other = both[::-1] if pair.second.number in some else both
                found.append((one, other))
    return found


def _told() -> Exists:
    return exists().where(DistinctPair.low_id == SuspectPair.low_id, DistinctPair.high_id == SuspectPair.high_id)


def say_distinct(session: Session, one: Customer, other: Customer, *, actor: str, now: datetime) -> None:
    """Somebody looked: the two are not the same, and are never shown as suspects again."""
    low, high = sorted((one.id, other.id))
    if low != high and session.get(DistinctPair, (low, high)) is None:
        session.add(DistinctPair(low_id=low, high_id=high, said_by=actor, said_at=now))
        subject, detail = one.number, {"other": other.number}
        write_audit(session, at=now, actor=actor, action="customers_distinct", subject=subject, detail=detail)


@dataclass(frozen=True, slots=True)
class _Known:
    rows: Mapping[int, Row[*tuple[Any, ...]]]
    traits: Mapping[int, set[tuple[str, str]]]


def _known(session: Session, ids: Collection[tuple[int, int]]) -> _Known:
    every = {each for pair in ids for each in pair}
    statement = (
        select(Customer.id, Customer.number, Customer.name, Customer.kind, MatchKey.kind.label("trait"), MatchKey.value)
        .join(MatchKey, MatchKey.customer_id == Customer.id)
        .where(Customer.id.in_(every))
    )
    rows: dict[int, Row[*tuple[Any, ...]]] = {}
    traits: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for row in session.execute(statement).all():
        rows[row.id] = row
        traits[row.id].add((row.trait, row.value))
    return _Known(rows, traits)


def _pair(low: int, high: int, known: _Known) -> Pair | None:
    shared = {kind for kind, _value in known.traits[low] & known.traits[high]}
    first, second = _suspect(known.rows[low], shared), _suspect(known.rows[high], shared)
    return Pair(first, second) if first.score >= SUSPECT else None


def _suspect(row: Row[*tuple[Any, ...]], shared: set[str]) -> Suspect:
    telling = sorted((trait for trait in shared if _IMPLIED.get(trait) not in shared), key=lambda each: -WEIGHTS[each])
    return Suspect(row.number, row.name, row.kind, score(shared), tuple(telling))
