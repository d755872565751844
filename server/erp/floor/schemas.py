"""What programs send and get about stations and read points."""

from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints

from orderlight.autoid import OwnCode
from server.erp.floor.models import ReadPoint, Station
from server.http.fields import Key, Patch, ShortText, Shown, Strict
from server.tracking.states import Context

#: Lower-case letters and digits: the printed code OLS... holds the same in capitals.
StationKey = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,20}$")]
#: As gateway.toml writes it.
ReadPointKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
QuietSeconds = Annotated[int, Field(ge=0, le=86_400)]
#: Read points with the same word here hear the same tags.
OverlapGroup = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
OverlapSeconds = Annotated[int, Field(ge=1, le=60)]
CheckSeconds = Annotated[int, Field(ge=0, le=3_600)]
#: Where a second scan means something else than the first, a trigger that was pulled twice must not count for both.
QUIET_AT_TOGGLE = 2


def usual_quiet(fields: dict[str, Any]) -> int:
    """The quiet seconds of a read point that nobody gave any."""
    return QUIET_AT_TOGGLE if fields.get("context") is Context.TOGGLE else 0


class StationIn(Strict):
    """A new station."""

    key: StationKey
    name: ShortText
    area: ShortText | None = None
    work_center: Key
    active: bool = True


class StationPatch(Patch):
    """What may change about a station."""

    emptyable = frozenset({"area"})

    name: ShortText | None = None
    area: ShortText | None = None
    work_center: Key | None = None
    active: bool | None = None


class StationOut(Shown):
    """A station as programs see it."""

    key: str
    code: str
    name: str
    area: str | None
    work_center: str
    read_points: list[str]
    active: bool
    row_version: int

    @classmethod
    def of(cls, station: Station) -> Self:
        """The answer for a station whose work center and read points are loaded."""
        return cls(
            key=station.key,
            code=station_code(station.key),
            name=station.name,
            area=station.area,
            work_center=station.work_center.key,
            read_points=sorted(point.key for point in station.read_points),
            active=station.active,
            row_version=station.row_version,
        )


class ReadPointIn(Strict):
    """A new read point; the key is the one that gateway.toml gives the reader or antenna."""

    key: ReadPointKey
    name: ShortText
    station: StationKey
    context: Context
    #: Left out: 2 where a scan begins and the next one ends, else 0.
    quiet_seconds: QuietSeconds = Field(default_factory=usual_quiet)
    overlap_group: OverlapGroup | None = None
    overlap_seconds: OverlapSeconds = 5
    checks_passages: bool = False
    check_seconds: CheckSeconds = 0
    must_see: bool = False
    active: bool = True


class ReadPointPatch(Patch):
    """What may change about a read point."""

    emptyable = frozenset({"overlap_group"})

    name: ShortText | None = None
    station: StationKey | None = None
    context: Context | None = None
    quiet_seconds: QuietSeconds | None = None
    overlap_group: OverlapGroup | None = None
    overlap_seconds: OverlapSeconds | None = None
    checks_passages: bool | None = None
    check_seconds: CheckSeconds | None = None
    must_see: bool | None = None
    active: bool | None = None


class ReadPointOut(Shown):
    """A read point as programs see it."""

    key: str
    name: str
    station: str
    context: str
    quiet_seconds: int
    overlap_group: str | None
    overlap_seconds: int
    checks_passages: bool
    check_seconds: int
    must_see: bool
    active: bool
    row_version: int

    @classmethod
    def of(cls, point: ReadPoint) -> Self:
        """The answer for a read point whose station is loaded."""
        own = {field: getattr(point, field) for field in cls.model_fields if field != "station"}
        return cls(**own, station=point.station.key)


class StationList(Shown):
    """A page of stations."""

    items: list[StationOut]
    next: str | None


class ReadPointList(Shown):
    """A page of read points."""

    items: list[ReadPointOut]
    next: str | None


def station_code(key: str) -> str:
    """The code printed at the station: OLS, its key in capitals, a check character."""
    return str(OwnCode("S", key.upper()))
