"""From what was typed to a checked value, with a sentence for each field that is wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, TypeVar

from fastapi import Depends
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from server.errors import Conflict, FieldError, Invalid, OrderlightError
from server.http.faults import OTHERWISE, sentence_of
from server.messages import N_
from server.web.forms import Form, read_form
from server.web.page import Page

FormDep = Annotated[Form, Depends(read_form)]

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

#: More pieces than this in one field are a slip of the finger.
_MOST_PIECES = 1_000_000


@dataclass(frozen=True, slots=True)
class Fault(Exception):
    """The form must be shown again, with this status."""

    form: Form
    status: int


def checked(
    page: Page, form: Form, *, model: type[M], data: Mapping[str, Any], words: Mapping[str, str] | None = None
) -> M:
    """The value; raises Fault with a sentence a field. `words` says which form a field (by its last name) has."""
    try:
        return model.model_validate(dict(data))
    except ValidationError as error:
        faults = [_fault(page, found, words or {}) for found in error.errors()]
        raise fault_of(form, Invalid(errors=faults)) from error


def attempt(page: Page, form: Form, work: Callable[[Session], T], *, fields: Mapping[str, str] | None = None) -> T:
    """The result of `work` in its transaction; raises Fault. `fields` tells which field a reason is about."""
    try:
        return page.database.write(work)
    except (Invalid, Conflict) as refusal:
        raise fault_of(form, refusal, fields or {}) from refusal


def fault_of(form: Form, refusal: OrderlightError, fields: Mapping[str, str] | None = None) -> Fault:
    """What was typed with what was wrong: beside its field where the service named one, else above the form."""
    field = (fields or {}).get(refusal.reason)
    if field is not None:
        return Fault(form.with_faults({field: refusal.detail}), refusal.status)
    errors = refusal.errors if isinstance(refusal, Invalid) else ()
    faults = {error.field: error.message for error in errors if error.field}
    whole = [error.message for error in errors if not error.field] or ([] if errors else [refusal.detail])
    return Fault(form.with_faults(faults, " ".join(whole) or None), refusal.status)


def typed_number(page: Page, text: str | None) -> Decimal | None:
    """A quantity as people type it; raises Invalid."""
    if text is None:
        return None
    try:
        found = Decimal(text.replace(",", "."))
    except InvalidOperation:
        found = Decimal("NaN")
    if found.is_finite() and found > _MOST_PIECES:
        raise Invalid(
            page.say(
                N_("%(got)s is more than can be entered at once; at most %(most)s."), got=text[:20], most=_MOST_PIECES
            )
        )
    if not found.is_finite() or found <= 0 or found != round(found, 6):
        raise Invalid(page.say(N_("Expected how many as a number above 0, got %(got)s."), got=text[:20]))
    return found


def given(form: Form, *names: str) -> dict[str, str]:
    """The fields that were filled in; defaults stand for the others."""
    return {name: value for name in names if (value := form.get(name)) is not None}


def changed(form: Form, *names: str, emptyable: Sequence[str] = ()) -> dict[str, str | None]:
    """All the fields of a change: an empty one empties what may be empty, and is a mistake elsewhere."""
    return {name: form.get(name) if name in emptyable else form.text(name) for name in names}


def version_of(form: Form) -> int:
    """The row version that the form was made from; a mangled one matches nothing."""
    text = form.text("row_version")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else -1


# --- rows: `routing.0.name`, `routing.1.name`... ---


def compact(form: Form, prefix: str, columns: Sequence[str], *, marks: Sequence[str]) -> Form:
    """The form with the rows of `prefix` numbered anew, those left out in which all of `marks` are empty."""
    kept = [row for row in _numbers(form, prefix) if any(form.get(f"{prefix}.{row}.{mark}") for mark in marks)]
    others = {name: value for name, value in form.values.items() if not name.startswith(prefix + ".")}
    rows = {
        f"{prefix}.{place}.{column}": form.values.get(f"{prefix}.{row}.{column}", "")
        for place, row in enumerate(kept)
        for column in columns
    }
    return Form(others | rows, form.faults, form.fault)


def rows_of(form: Form, prefix: str, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a compact form, each with the columns that were filled in."""
    return [
        {column: value for column in columns if (value := form.get(f"{prefix}.{row}.{column}")) is not None}
        for row in _numbers(form, prefix)
    ]


def typed_rows(prefix: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Stored rows as a form would bring them."""
    return {
        f"{prefix}.{place}.{column}": "" if value is None else str(value)
        for place, row in enumerate(rows)
        for column, value in row.items()
    }


def count_rows(form: Form, prefix: str, *, spare: int) -> int:
    """How many rows to show: those that are there and some empty ones."""
    numbers = _numbers(form, prefix)
    return (numbers[-1] + 1 if numbers else 0) + spare


def _numbers(form: Form, prefix: str) -> list[int]:
    start = len(prefix) + 1
    found = {
        name[start:].partition(".")[0] for name in form.values if name.startswith(prefix + ".") and name.count(".") == 2
    }
    # Four digits are more rows than any form has.
    return sorted({int(number) for number in found if number.isascii() and number.isdigit() and len(number) <= 4})


def _fault(page: Page, error: Mapping[str, Any], words: Mapping[str, str]) -> FieldError:
    path = ".".join(str(part) for part in error["loc"])
    kind = str(error["type"])
    if kind == "value_error":
        return FieldError(path, str((error.get("ctx") or {}).get("error", error["msg"])))
    own = words.get(path.rpartition(".")[2], OTHERWISE) if kind == "string_pattern_mismatch" else OTHERWISE
    return FieldError(path, sentence_of(error, page.say, otherwise=own), kind)
