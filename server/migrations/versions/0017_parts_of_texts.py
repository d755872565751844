"""Names and references found by a part of them, and numbers by their beginning, without reading every row."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

#: Table -> the column that people remember a part of.
_TEXTS = {
    "customer": "search_name",
    "sales_order": "customer_reference",
    "quote": "customer_reference",
    "shipment": "tracking_reference",
    "case_file": "subject",
}
_NUMBERED = ("sales_order", "work_order", "shipment", "handling_unit", "quote", "invoice", "case_file")


def upgrade() -> None:
    """Move the schema forward."""
    if op.get_bind().dialect.name == "sqlite":
        for table, column in _TEXTS.items():
            _keep_triples(table, column)
        return
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for table, column in _TEXTS.items():
        op.execute(f"CREATE INDEX ix_{table}_{column}_part ON {table} USING gin (lower({column}) gin_trgm_ops)")
    for table in _NUMBERED:
        op.execute(f'CREATE INDEX ix_{table}_number_begins ON {table} (number COLLATE "C")')
    for table, column in (*_TEXTS.items(), ("invoice", "credit_note")):
        op.execute(f'CREATE INDEX ix_{table}_{column}_begins ON {table} ({column} COLLATE "C")')


def _keep_triples(table: str, column: str) -> None:
    # The text itself stays in the table alone; the index is told of what comes and goes.
    kept = f"{table}_text"
    op.execute(
        f"CREATE VIRTUAL TABLE {kept} USING fts5({column}, content='{table}', content_rowid='id', tokenize='trigram')"
    )
    add = f"INSERT INTO {kept} (rowid, {column}) VALUES (new.id, new.{column})"  # noqa: S608 - words of ours
    take = f"INSERT INTO {kept} ({kept}, rowid, {column}) VALUES ('delete', old.id, old.{column})"  # noqa: S608
    old, new = f"old.{column} IS NOT NULL", f"new.{column} IS NOT NULL"
    op.execute(f"INSERT INTO {kept} (rowid, {column}) SELECT id, {column} FROM {table} WHERE {column} IS NOT NULL")  # noqa: S608
    for when, condition, act in (
        ("INSERT", new, add),
        ("DELETE", old, take),
        (f"UPDATE OF {column}", old, take),
        (f"UPDATE OF {column}", new, add),
    ):
        name = f"{kept}_{when.split()[0].lower()}_{'add' if act is add else 'take'}"
        timing = "BEFORE" if act is take else "AFTER"
        op.execute(f"CREATE TRIGGER {name} {timing} {when} ON {table} WHEN {condition} BEGIN {act}; END")
    if column != "search_name":
        # What is shorter than a triple is found by its beginning; names have an index for that already.
        op.execute(f"CREATE INDEX ix_{table}_{column} ON {table} ({column})")
