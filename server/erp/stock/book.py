"""Booking moves: the moves as new rows, and the balances that follow, in few statements whatever their number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.db.counters import take
from server.erp.stock.models import StockBalance, StockItem, StockMove
from server.erp.stock.rules import Flow, MoveKind, Spot, balances

#: So many balances change in one statement.
_CHUNK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMove:
    """A move of goods about to be written."""

    kind: MoveKind
    product_id: int
    uom: str
    quantity: Decimal
    source_id: int | None
    target_id: int | None
    actor: str
    at: datetime
    lot: str = ""
    cause: str | None = None
    reference: str | None = None
    work_order_id: int | None = None
    unit_id: int | None = None
    station_id: int | None = None
    fact_id: int | None = None
    reverses_id: int | None = None

    @property
    def flow(self) -> Flow:
        """The move as balances know it."""
        return Flow(self.product_id, self.lot, self.source_id, self.target_id, self.quantity)


@dataclass(frozen=True, slots=True)
class Booked:
    """The numbers of the moves in their order, and what lies now where something moved."""

    numbers: Sequence[str]
    lying: Mapping[Spot, Decimal]


def book(session: Session, moves: Sequence[NewMove]) -> Booked:
    """Write the moves and change the balances; at least four statements, more only with many places."""
    if not moves:
        return Booked((), {})
    first = take(session, "MV", len(moves))
    numbers = [f"MV-{number}" for number in range(first, first + len(moves))]
    rows = [_row(number, move) for number, move in zip(numbers, moves, strict=True)]
    session.connection().execute(insert(StockMove), rows)
    _count_from_now(session, sorted({move.product_id for move in moves}))
    return Booked(numbers, _add(session, balances(move.flow for move in moves)))


def _row(number: str, move: NewMove) -> dict[str, Any]:
    names = (
        "product_id", "uom", "quantity", "actor", "at", "lot", "cause", "reference", "work_order_id", "unit_id",
        "station_id", "fact_id", "reverses_id",
    )  # fmt: skip
    own = {name: getattr(move, name) for name in names}
    return own | {
        "number": number,
        "kind": move.kind.value,
        "from_location_id": move.source_id,
        "to_location_id": move.target_id,
    }


def _count_from_now(session: Session, product_ids: Sequence[int]) -> None:
    rows = [{"product_id": found, "row_version": 1} for found in product_ids]
    statement = _insert(session, StockItem).values(rows).on_conflict_do_nothing()
    session.connection().execute(statement)


def _add(session: Session, differences: Mapping[Spot, Decimal]) -> dict[Spot, Decimal]:
    """Add to the balances, in one order everywhere, so that two writers never wait for one another in a circle."""
    lying: dict[Spot, Decimal] = {}
    ordered = sorted(differences.items())
    for start in range(0, len(ordered), _CHUNK):
        rows = [
            {"product_id": product_id, "location_id": location_id, "lot": lot, "quantity": quantity}
            for (product_id, location_id, lot), quantity in ordered[start : start + _CHUNK]
        ]
        given = _insert(session, StockBalance).values(rows)
        statement = given.on_conflict_do_update(
            index_elements=["product_id", "location_id", "lot"],
            set_={"quantity": StockBalance.quantity + given.excluded.quantity},
        ).returning(StockBalance.product_id, StockBalance.location_id, StockBalance.lot, StockBalance.quantity)
        for row in session.connection().execute(statement):
            lying[row[0], row[1], row[2]] = row[3]
    return lying


def _insert(session: Session, model: type[Any]) -> Any:
    made = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return made(model)
