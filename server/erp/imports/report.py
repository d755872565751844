"""What an import did, or every reason why it did nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from server.errors import Invalid, OrderlightError
from server.http.faults import sentence_of
from server.messages import N_
from server.messages import translate as _

Outcome = Literal["created", "updated", "unchanged"]

#: What a cell should have held, by pydantic's name of the mistake; others are told as a field of a form is.
_EXPECTED: Mapping[str, str] = {
    "missing": N_("It is needed here, and empty."),
    "decimal_parsing": N_("Expected a number such as 12.5"),
    "int_parsing": N_("Expected a whole number"),
    "bool_parsing": N_("Expected true or false"),
    "date_from_datetime_parsing": N_("Expected a date such as 2026-11-27"),
}


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong in a line of the file; line 1 is the header."""

    line: int
    column: str | None
    message: str

    def as_json(self) -> dict[str, Any]:
        """The error for programs."""
        return {"line": self.line, "column": self.column, "message": self.message}


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Counts of things by what happened to them, and all mistakes. With a mistake, nothing was stored."""

    kind: str
    dry_run: bool
    rows: int
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    errors: tuple[RowError, ...] = ()
    #: What somebody should look at although it can be stored.
    remarks: tuple[RowError, ...] = ()

    @property
    def applied(self) -> bool:
        """Whether the database now holds what the file says."""
        return not self.dry_run and not self.errors

    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "kind": self.kind,
            "dry_run": self.dry_run,
            "applied": self.applied,
            "rows": self.rows,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "errors": [error.as_json() for error in self.errors],
            "remarks": [remark.as_json() for remark in self.remarks],
        }


def of_validation(line: int, error: ValidationError) -> list[RowError]:
    """The mistakes of one row, by column."""
    return [
        RowError(line, str(found["loc"][0]) if found["loc"] else None, _in_words(found))
        for found in error.errors(include_url=False)
    ]


def _in_words(found: ErrorDetails) -> str:
    expected = _EXPECTED.get(found["type"])
    if expected is None:
        return sentence_of(found, _)
    expected = _(expected)
    return expected if found["type"] == "missing" else f"{expected}, got {str(found['input'])[:60]!r}."


def of_refusal(line: int, error: OrderlightError) -> list[RowError]:
    """Why a service did not take what a row says."""
    if isinstance(error, Invalid) and error.errors:
        return [RowError(line, found.field.partition(".")[0], found.message) for found in error.errors]
    return [RowError(line, None, error.detail)]


def sorted_errors(errors: Sequence[RowError]) -> tuple[RowError, ...]:
    """The mistakes in the order of the file."""
    return tuple(sorted(errors, key=lambda error: (error.line, error.column or "")))
