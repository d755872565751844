"""What the screen for scrap, rework and hold shows: a unit, where it has been, and the reasons to choose from."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.erp.production import repository
from server.erp.production.models import Operation, Unit, WorkOrder
from server.erp.production.repository import UnitRow
from server.tracking.states import OperationState, UnitKind, UnitState

_FIRST_LETTERS = "U-"


@dataclass(frozen=True, slots=True)
class StepChoice:
    """An operation to which the unit may go back, with what its code on the traveller carries."""

    body: str
    name: str
    #: The one that is meant when nobody says another.
    usual: bool


@dataclass(frozen=True, slots=True)
class UnitReport:
    """A unit at a station, before somebody says what is wrong with it."""

    row: UnitRow
    step_name: str | None
    steps: Sequence[StepChoice]


def last_unit(subjects: Sequence[str | None]) -> str | None:
    """The unit that was scanned last."""
    return next((subject for subject in subjects if subject and subject.startswith(_FIRST_LETTERS)), None)


def unit_report(session: Session, reference: str, work_center_id: int) -> UnitReport | None:
    """The unit of this number or code; None when there is none. Three queries."""
    row = repository.unit(session, reference) if reference else None
    if row is None or row.unit.kind == UnitKind.CONTAINER:
        return None
    statement = (
        select(Operation, WorkOrder.number)
        .join(WorkOrder, WorkOrder.id == Operation.work_order_id)
        .where(Operation.work_order_id == row.unit.work_order_id)
        .order_by(Operation.step)
    )
    found = [(operation, number) for operation, number in session.execute(statement)]
    now = next((operation.name for operation, _ in found if operation.step == row.unit.step), None)
    return UnitReport(row, now, _steps(row.unit, found, work_center_id))


def _steps(unit: Unit, route: Sequence[tuple[Operation, str]], work_center_id: int) -> list[StepChoice]:
    been = [each for each in route if each[0].state != OperationState.SKIPPED and _has_been(unit, each[0])]
    here = [operation for operation, _ in been if operation.work_center_id == work_center_id]
    usual = here or [operation for operation, _ in been]
    return [
        StepChoice(f"{number.partition('-')[2]}{operation.step:03d}", operation.name, operation is usual[-1])
        for operation, number in been
    ]


def _has_been(unit: Unit, operation: Operation) -> bool:
    """As server.tracking.rework sees it."""
    if unit.step is None:
        return unit.state != UnitState.PLANNED
    return operation.step < unit.step or (operation.step == unit.step and unit.state == UnitState.IN_PROCESS)
