"""One box or pallet with what lies in it, as a tree; for our own people."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.catalog.models import Product
from server.crm.access import visible_orders
from server.erp.logistics.contents import boxes_on, pallets_of
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.logistics.repository import handling_unit
from server.erp.orders.models import SalesOrder
from server.erp.production.models import Unit
from server.errors import NotFound
from server.tracking.states import HandlingUnitKind, HandlingUnitState, UnitKind


@dataclass(frozen=True, slots=True)
class Piece:
    """A unit in a box."""

    number: str
    product: str
    state: str
    held: bool
    hold_reason: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """A box with the units in it."""

    number: str
    sscc: str
    state: str
    pieces: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class BoxPage:
    """Everything that the page of a box or pallet shows."""

    number: str
    sscc: str
    kind: str
    state: str
    order: SalesOrder
    opened_at: datetime
    closed_at: datetime | None
    shipped_at: datetime | None
    shipment: str | None
    pallet: str | None
    #: The boxes on a pallet; of a box, itself.
    boxes: Sequence[Held]
    #: Closed boxes of the order that lie on no pallet yet.
    loose: Sequence[str] = ()

    @property
    def is_pallet(self) -> bool:
        """Whether it holds boxes."""
        return self.kind == HandlingUnitKind.PALLET

    @property
    def is_here(self) -> bool:
        """Whether something may still be taken out."""
        return self.state in (HandlingUnitState.OPEN, HandlingUnitState.CLOSED)

    @property
    def units(self) -> int:
        """How many units lie in it."""
        return sum(len(box.pieces) for box in self.boxes)

    @property
    def held(self) -> Sequence[Piece]:
        """What keeps it here."""
        return [piece for box in self.boxes for piece in box.pieces if piece.held]


def box_page(session: Session, principal: Principal, number: str) -> BoxPage:
    """The handling unit of this number or SSCC, if its order is visible to this caller; raises NotFound."""
    found = handling_unit(session, number, visible=visible_orders(principal))
    if found is None:
        raise NotFound
    is_pallet = found.kind == HandlingUnitKind.PALLET
    boxes = boxes_on(session, [found.id]).get(found.id, []) if is_pallet else [found]
    pieces = _pieces(session, [box.id for box in boxes])
    pallet = pallets_of(session, [found.id]).get(found.id)
    return BoxPage(
        number=found.number,
        sscc=found.sscc,
        kind=found.kind,
        state=found.state,
        order=found.order,
        opened_at=found.opened_at,
        closed_at=found.closed_at,
        shipped_at=found.shipped_at,
        shipment=session.scalar(select(Shipment.number).where(Shipment.id == found.shipment_id)),
        pallet=pallet.number if pallet is not None else None,
        boxes=[Held(box.number, box.sscc, box.state, pieces.get(box.id, [])) for box in boxes],
        loose=_loose(session, found) if is_pallet and found.state == HandlingUnitState.OPEN else (),
    )


def _pieces(session: Session, box_ids: Sequence[int]) -> Mapping[int, list[Piece]]:
    statement = (
        select(Unit.parent_id, Unit.number, Product.name, Unit.state, Unit.held, Unit.hold_reason)
        .outerjoin(Product, Product.id == Unit.product_id)
        .where(Unit.parent_id.in_(box_ids), Unit.kind != UnitKind.CONTAINER.value)
        .order_by(Unit.id)
    )
    found: dict[int, list[Piece]] = defaultdict(list)
    for box_id, number, product, state, held, reason in session.execute(statement):
        found[box_id or 0].append(Piece(number, product or "", state, held, reason))
    return found


def _loose(session: Session, pallet: HandlingUnit) -> Sequence[str]:
    """What may go onto the pallet."""
    statement = (
        select(HandlingUnit.number)
        .join(Unit, Unit.id == HandlingUnit.id)
        .where(HandlingUnit.order_id == pallet.order_id, HandlingUnit.kind == HandlingUnitKind.BOX.value)
        .where(HandlingUnit.state == HandlingUnitState.CLOSED.value, Unit.parent_id.is_(None))
        .order_by(HandlingUnit.id)
    )
    return session.scalars(statement).all()
