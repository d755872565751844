"""Lots that are worked with though nothing of them came in: somebody brought them past the warehouse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session, aliased

from server.erp.floor.models import Station, StationState
from server.erp.stock.models import StockBalance, StockMove
from server.tracking.goods_rows import materials_in


@dataclass(frozen=True, slots=True)
class Unreceived:
    """A lot at hand at a station of which nothing came in."""

    sku: str
    name: str
    lot: str
    station: str
    since: datetime


def came_in(product_id: Any, lot: Any) -> ColumnElement[bool]:
    """Whether anything of the lot was received, made here or found by a count.

    It came from nowhere that we know to a place of ours, neither because a use was taken back, nor taken back itself.
    """
    back = aliased(StockMove)
    taken_back = select(back.id).where(
        back.product_id == StockMove.product_id, back.lot == StockMove.lot, back.reverses_id == StockMove.id
    )
    move = select(StockMove.id).where(
        StockMove.product_id == product_id,
        StockMove.lot == lot,
        StockMove.from_location_id.is_(None),
        StockMove.to_location_id.is_not(None),
        StockMove.reverses_id.is_(None),
        ~taken_back.exists(),
    )
    return move.exists()


def unreceived(session: Session) -> Sequence[Unreceived]:
    """What is at hand at the stations and was never received, by station; two queries.

    It is asked anew each time, so whoever books the receipt has nothing to tick off.
    """
    stations = select(Station.name, StationState.stock).join(Station, Station.id == StationState.station_id)
    rows = session.execute(stations.where(StationState.stock.is_not(None)).order_by(Station.name)).all()
    told = [(name, one) for name, stock in rows for one in materials_in(stock) if one.get("received") is False]
    if not told:
        return []
    balance = StockBalance
    spots = sorted({(one["product_id"], one["lot"]) for _, one in told})
    came = select(balance.product_id, balance.lot).where(
        tuple_(balance.product_id, balance.lot).in_(spots), came_in(balance.product_id, balance.lot)
    )
    since = {(row[0], row[1]) for row in session.execute(came)}
    return [_unreceived(name, one) for name, one in told if (one["product_id"], one["lot"]) not in since]


def _unreceived(station: str, one: Mapping[str, Any]) -> Unreceived:
    return Unreceived(one["sku"], one["name"], one["lot"], station, datetime.fromisoformat(one["since"]))
