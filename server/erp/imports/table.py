"""A CSV file as rows of named cells: header, separator and size are checked here. Pure."""

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from server.erp.imports.report import RowError
from server.messages import translate as _

MAX_BYTES = 1_000_000
MAX_ROWS = 2000
MAX_CELL = 4000
_SEPARATORS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file: the cells that hold something, by column."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file, or what is wrong with its form."""

    rows: tuple[Row, ...]
    errors: tuple[RowError, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a kind of file."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    #: Columns of numbers: where commas do not separate cells, they may stand before decimals.
    decimals: tuple[str, ...] = ()


def read_table(text: str, columns: Columns) -> Table:
    """Take the file apart; a byte order mark, semicolons, tabs and blank lines are fine."""
    if len(text) > MAX_BYTES:
        return _nothing(
            _("The file has {count} characters; at most {max_bytes} go at once. Split it.").format(
                count=len(text), max_bytes=MAX_BYTES
            )
        )
    text = text.removeprefix("\ufeff")
    separator = _separator(text)
    try:
        lines = list(_lines(text, separator))
    except csv.Error as error:
        return _nothing(_("The file cannot be read as CSV: {error}.").format(error=error))
    if not lines:
        return _nothing(_("The file is empty; expected a header with the names of the columns."))
    header = [name.strip().lower() for name in lines[0][1]]
    errors = _header_errors(header, columns)
    if errors:
        return Table((), tuple(errors))
    if len(lines) - 1 > MAX_ROWS:
        return _nothing(
            _("The file has {rows} rows; at most {max_rows} go at once. Split it.").format(
                rows=len(lines) - 1, max_rows=MAX_ROWS
            )
        )
    return _rows(lines[1:], header, columns.decimals if separator != "," else ())


def _nothing(message: str) -> Table:
    return Table((), (RowError(1, None, message),))


def _separator(text: str) -> str:
    """The separator that the header uses most."""
    header = text.lstrip("\r\n").partition("\n")[0]
    return max(_SEPARATORS, key=header.count)


def _lines(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not blank, each with the number where it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield begins, cells
        begins = reader.line_num + 1


def _header_errors(header: list[str], columns: Columns) -> list[RowError]:
    known = (*columns.required, *columns.optional)
    errors = [
        RowError(
            1,
            name,
            _("The column {name} is missing. Needed are {names}.").format(name=name, names=", ".join(columns.required)),
        )
        for name in columns.required
        if name not in header
    ]
    errors += [
        RowError(
            1,
            name[:60] or None,
            _("There is no column {name!r} here. Known are {names}.").format(name=name[:60], names=", ".join(known)),
        )
        for name in header
        if name not in known
    ]
    errors += [
        RowError(1, name, _("The column {name} appears {times} times.").format(name=name, times=header.count(name)))
        for name in dict.fromkeys(header)
        if header.count(name) > 1
    ]
    return errors


def _rows(lines: list[tuple[int, list[str]]], header: list[str], decimals: Collection[str]) -> Table:
    rows, errors = [], []
    for line, cells in lines:
        if len(cells) > len(header):
            message = _("The row has {count} cells, the header {columns}. Is a separator or quote too many?").format(
                count=len(cells), columns=len(header)
            )
            errors.append(RowError(line, None, message))
            continue
        named = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        errors += [
            RowError(
                line,
                name,
                _("The cell has {count} characters; at most {max_cell} fit.").format(
                    count=len(cell), max_cell=MAX_CELL
                ),
            )
            for name, cell in named.items()
            if len(cell) > MAX_CELL
        ]
        rows.append(Row(line, {name: _point(name, cell, decimals) for name, cell in named.items() if cell}))
    return Table(tuple(rows), tuple(errors))


def _point(name: str, cell: str, decimals: Collection[str]) -> str:
    """The cell, with a decimal comma made a point."""
    if name in decimals and cell.count(",") == 1 and cell.replace(",", "").isdigit():
        return cell.replace(",", ".")
    return cell
