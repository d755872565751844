"""CSV files as rows of named cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.erp.imports.products import bom, routing
from server.erp.imports.table import MAX_CELL, Columns, read_table

COLUMNS = Columns(required=("sku", "name"), optional=("price",), decimals=("price",))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_separators_line_ends_and_byte_order_marks_do_not_matter(separator: str, end: str, mark: str) -> None:
    text = mark + end.join(["SKU; Name ;price", "", " A ;Bolt;", "B;Nut;2"]).replace(";", separator)

    table = read_table(text, COLUMNS)

    assert table.errors == ()
    assert [(row.line, dict(row.cells)) for row in table.rows] == [
        (3, {"sku": "A", "name": "Bolt"}),
        (4, {"sku": "B", "name": "Nut", "price": "2"}),
    ]


def test_a_row_is_called_by_the_line_where_it_begins() -> None:
    table = read_table('sku,name\nA,"two\nlines"\nB,x\n', COLUMNS)

    assert [row.line for row in table.rows] == [2, 4]


def test_a_decimal_comma_becomes_a_point_where_commas_do_not_separate() -> None:
    assert read_table("sku;name;price\nA;1,5;2,5\n", COLUMNS).rows[0].cells == {
        "sku": "A",
        "name": "1,5",
        "price": "2.5",
    }


def test_a_cell_of_ten_thousand_letters_is_a_mistake_of_its_row() -> None:
    errors = read_table(f"sku,name\nA,{'x' * 10_000}\n", COLUMNS).errors

    assert [(error.line, error.column) for error in errors] == [(2, "name")]
    assert f"at most {MAX_CELL} fit" in errors[0].message


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    table = read_table(text, COLUMNS)

    assert table.rows or table.errors or text.strip("\ufeff\r\n \t;,")


def test_steps_and_parts_are_read_from_a_cell() -> None:
    assert routing("Cut@cut:2/5; Weld@weld:0/8.5*4 |Pack@pack") == [
        {"name": "Cut", "work_center": "cut", "setup_minutes": "2", "run_minutes": "5"},
        {
            "name": "Weld",
            "work_center": "weld",
            "setup_minutes": "0",
            "run_minutes": "8.5",
            "transfer_quantity": "4",
        },
        {"name": "Pack", "work_center": "pack"},
    ]
    assert bom("TUBE:1.5;BOLT:8") == [{"component": "TUBE", "quantity": "1.5"}, {"component": "BOLT", "quantity": "8"}]


@pytest.mark.parametrize("cell", ["Cut", "@cut", "Cut@cut:2", "Cut@cut:a/b", "Cut@cut:-1/2", "Cut@cut:1/2*"])
def test_a_step_that_cannot_be_read_is_shown(cell: str) -> None:
    with pytest.raises(ValueError, match="Expected a step such as Cut@cut:2/5, got"):
        routing(cell)
