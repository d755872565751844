"""Codes of units from CSV: a reel of serials that are printed already, or of tags that are encoded, one a row.

A row is what a person does in the inbox: from now on the code names the unit. A code that names another is refused.
Rows that name a work order are a reel: its codes are dealt to the units in turn (`reels`). Those that name a reel wait
on it until it is chosen at a release (`kept_reels`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.erp.imports import kept_reels, reels
from server.erp.imports.reels import Wanted
from server.erp.imports.report import Outcome, RowError
from server.erp.imports.table import Columns, Row
from server.erp.production.models import IN_USE, Identifier, Unit
from server.erp.production.resolve import scheme_of
from server.journal.audit import write_audit
from server.messages import translate as _
from server.tracking.naming import Named, name_event

_MEMORY = re.compile(r"(?:[0-9A-F]{4}){1,31}")
COLUMNS = Columns(required=(), optional=("unit", "work_order", "reel", "code", "epc"))


@dataclass(frozen=True, slots=True)
class _Cell:
    """A code or the memory of a tag, as an event would bring it."""

    code: str | None = None
    epc: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    raw: str | None = None


def apply(session: Session, rows: Sequence[Row], *, actor: str, now: datetime) -> tuple[list[Outcome], list[RowError]]:
    """Let each code name its unit; mistakes are collected, never raised."""
    errors: list[RowError] = []
    wanted = [found for row in rows for found in _read(row, errors)]
    values = {found.named.values[0] for found in wanted}
    bound = select(Identifier.value, Identifier.unit_id).where(Identifier.value.in_(values), IN_USE)
    owners = dict(iter(session.execute(bound)))
    kept = kept_reels.keep(session, [each for each in wanted if each.reel], owners, errors)
    wanted, spare = reels.deal(session, [each for each in wanted if not each.reel], owners, errors)
    numbers = {found.unit for found in wanted}
    units = {unit.number: unit.id for unit in session.scalars(select(Unit).where(Unit.number.in_(numbers)))}
    outcomes = kept
    outcomes += ["unchanged"] * spare
    for found in wanted:
        outcome = _bind(session, found, units, owners)
        if isinstance(outcome, RowError):
            errors.append(outcome)
        else:
            outcomes.append(outcome)
    made = outcomes.count("created")
    if made and not errors:
        write_audit(session, at=now, actor=actor, action="codes_imported", subject="identifier", detail={"count": made})
    return outcomes, errors


def _read(row: Row, errors: list[RowError]) -> list[Wanted]:
    """What the row wants, for its code and for its tag; what is misread or no code of a unit is a mistake."""
    unit, work_order, reel = (row.cells.get(column, "") for column in ("unit", "work_order", "reel"))
    if sum(map(bool, (unit, work_order, reel))) != 1:
        message = _(
            "Expected a unit, a work order whose units take the codes in turn, or the reel that the code is on."
        )
        errors.append(RowError(row.line, "unit", message))
        return []
    given = [(column, row.cells[column]) for column in ("code", "epc") if column in row.cells]
    if not given:
        errors.append(RowError(row.line, "code", _("Expected a code or the memory of a tag.")))
    found = []
    for column, text in given:
        named = _named(column, text)
        if named is None or named.kind != "unit":
            errors.append(RowError(row.line, column, _("{code!r} is no code of a unit.").format(code=text[:40])))
        elif named.error is not None:
            errors.append(RowError(row.line, column, named.error))
        else:
            found.append(Wanted(row.line, column, unit, work_order, reel, named))
    return found


def _named(column: str, text: str) -> Named | None:
    """What the cell names; None for a tag whose memory is not hexadecimal."""
    if column == "code":
        return name_event(_Cell(code=text))
    memory = text.removeprefix("epc:").upper()
    return name_event(_Cell(epc=memory)) if _MEMORY.fullmatch(memory) else None


def _bind(session: Session, found: Wanted, units: Mapping[str, int], owners: dict[str, int]) -> Outcome | RowError:
    unit_id = units.get(found.unit)
    if unit_id is None:
        message = _("There is no unit {number}. Check the number.").format(number=found.unit[:40])
        return RowError(found.line, "unit", message)
    value = found.named.values[0]
    owner = owners.get(value)
    if owner is None:
        session.add(Identifier(scheme=scheme_of(value), value=value, unit_id=unit_id, active=True))
        owners[value] = unit_id
        return "created"
    if owner == unit_id:
        return "unchanged"
    message = _("{code} names another unit already. Check the label.").format(code=found.named.shown)
    return RowError(found.line, found.column, message)
