"""What a read was understood to mean: the step to take, or why none is taken."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from server.tracking.goods_rows import Material, Place
from server.tracking.heard_rows import Identity, Strength
from server.tracking.naming import Named
from server.tracking.states import Command, GoodsAct
from server.tracking.table import Act
from server.tracking.world import Box, Operator, ReadPoint, ReasonCode, Shipment, Station, Unit

#: A command card holds for so many seconds of the edge's clock.
ARMED_SECONDS = 60
#: So long may an act be taken back.
UNDO_SECONDS = 600


class Read(NamedTuple):
    """One event as the rules see it, its times corrected."""

    #: Gateway and epoch, the same for all reads of a batch.
    life: tuple[str, str]
    sequence: int
    kind: str
    observed_at: datetime
    named: Named
    read_point: str | None
    #: `operator:B17`, `user:anna` or `gateway:gw-hall-1`, when no badge at the station says more.
    actor: str
    #: The event says itself who did it, so a badge at the station does not count.
    actor_is_person: bool
    corrects: Identity | None = None
    #: Set for a browser station: only its own read points count.
    station_key: str | None = None
    reader: str | None = None
    #: Of a tag.
    strength: Strength | None = None

    @property
    def identity(self) -> Identity:
        """Which event it was; made when it is asked for, which few reads are."""
        return Identity(*self.life, self.sequence)


class UnitStep(NamedTuple):
    """Do `act` with a unit at a station."""

    act: Act
    unit: Unit
    station: Station
    read_point: ReadPoint
    #: The read uses up the armed command.
    disarm: bool = False
    #: Why, and from which operation on again, when that was shown.
    reason: ReasonCode | None = None
    operation: str | None = None


class BoxStep(NamedTuple):
    """Do `act` with a box at a station."""

    act: Act
    box: Box
    station: Station
    #: The read uses up the armed command.
    disarm: bool = False


class ShipmentStep(NamedTuple):
    """A shipment has arrived."""

    shipment: Shipment
    station: Station
    disarm: bool = False


class SignIn(NamedTuple):
    """A badge at a station."""

    operator: Operator
    station: Station


class Arm(NamedTuple):
    """A command card that waits for the next unit."""

    command: Command
    station: Station


class Explain(NamedTuple):
    """A reason card, or an operation's code, for the command card that was shown before."""

    station: Station
    reason: ReasonCode | None = None
    operation: str | None = None
    shown: str = ""


class CloseBox(NamedTuple):
    """Close the station's open box."""

    station: Station


class ChoosePlace(NamedTuple):
    """Goods scanned here lie at this location from now on."""

    place: Place
    station: Station


class GoodsStep(NamedTuple):
    """Receive, count or take to hand a material."""

    act: GoodsAct
    material: Material
    lot: str
    quantity: Decimal
    station: Station
    place: Place | None
    #: The read uses up the armed command.
    disarm: bool = False
    #: A unit that goes into others.
    unit: Unit | None = None
    #: A lot that is taken to hand though nothing of it ever came in.
    is_unreceived: bool = False


class TakeBack(NamedTuple):
    """Undo what an event did."""

    target: Identity
    station: Station | None


class Note(NamedTuple):
    """Nothing moves; the event alone is kept."""

    template: str
    values: dict[str, str]
    subject: str | None = None


Step = UnitStep | BoxStep | ShipmentStep | SignIn | Arm | Explain | CloseBox | ChoosePlace | GoodsStep | TakeBack | Note
