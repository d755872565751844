"""`import_csv`: all of a file or nothing of it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy.orm import Session

from server.erp.imports import codes, customers, orders, products
from server.erp.imports.report import ImportReport, Outcome, RowError, sorted_errors
from server.erp.imports.table import Columns, Row, read_table
from server.errors import NotFound
from server.messages import translate as _


class Apply(Protocol):
    """Stores the rows of one kind of file and says what became of each thing, and every mistake."""

    def __call__(
        self, session: Session, rows: Sequence[Row], *, actor: str, now: datetime
    ) -> tuple[list[Outcome], list[RowError]]:
        """Collect mistakes; never raise them."""


class Look(Protocol):
    """Looks over what was just stored, before it may be taken back."""

    def __call__(self, session: Session, rows: Sequence[Row]) -> list[RowError]:
        """What a person should look at, by line."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file."""

    columns: Columns
    apply: Apply
    look: Look | None = None


KINDS: Final[Mapping[str, Kind]] = {
    "products": Kind(products.COLUMNS, products.apply),
    "customers": Kind(customers.COLUMNS, customers.apply, customers.look),
    "orders": Kind(orders.COLUMNS, orders.apply),
    "codes": Kind(codes.COLUMNS, codes.apply),
}


def import_csv(session: Session, kind: str, text: str, *, dry_run: bool, actor: str, now: datetime) -> ImportReport:
    """Store what the file says and report; with any mistake, or in a dry run, everything is taken back.

    A second import of the same file changes nothing. Raises NotFound for an unknown kind.
    """
    if kind not in KINDS:
        raise NotFound(
            _("There is no import of {kind!r}; expected {names}.").format(kind=kind[:40], names=", ".join(KINDS)),
            reason="unknown_kind",
        )
    table = read_table(text, KINDS[kind].columns)
    if table.errors and not table.rows:
        return ImportReport(kind, dry_run, rows=0, errors=table.errors)
    remarks: list[RowError] = []

    def apply() -> tuple[list[Outcome], list[RowError]]:
        outcomes, errors = KINDS[kind].apply(session, table.rows, actor=actor, now=now)
        look = KINDS[kind].look
        if look is not None and not errors:
            remarks.extend(look(session, table.rows))
        return outcomes, errors

    outcomes, errors = _tried(session, apply, keep=not dry_run and not table.errors)
    counts = Counter(outcomes)
    return ImportReport(
        kind,
        dry_run,
        rows=len(table.rows),
        created=counts["created"],
        updated=counts["updated"],
        unchanged=counts["unchanged"],
        errors=sorted_errors([*table.errors, *errors]),
        remarks=sorted_errors(remarks),
    )


def _tried(
    session: Session, apply: Callable[[], tuple[list[Outcome], list[RowError]]], *, keep: bool
) -> tuple[list[Outcome], list[RowError]]:
    """Run inside a savepoint, and roll it back unless everything went well and shall be kept."""
    noted = {name: set(value) if isinstance(value, set) else value for name, value in session.info.items()}
    savepoint = session.begin_nested()
    outcomes, errors = apply()
    if errors or not keep:
        savepoint.rollback()
        # Nothing changed, so nobody who watches needs to look again.
        session.info.clear()
        session.info.update(noted)
    else:
        savepoint.commit()
    return outcomes, errors
