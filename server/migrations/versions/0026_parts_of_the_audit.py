"""Lines of the audit found by a part of who did it or of what it was done to, without reading every line."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_COLUMNS = ("actor", "subject")


def upgrade() -> None:
    """Move the schema forward."""
    if op.get_bind().dialect.name == "sqlite":
        _keep_triples()
        return
    for column in _COLUMNS:
        op.execute(f"CREATE INDEX ix_audit_{column}_part ON audit USING gin (lower({column}) gin_trgm_ops)")


def _keep_triples() -> None:
    # The texts themselves stay in the audit alone, and its lines are only ever added.
    names = ", ".join(_COLUMNS)
    op.execute(
        f"CREATE VIRTUAL TABLE audit_text USING fts5({names}, content='audit', content_rowid='id', tokenize='trigram')"
    )
    op.execute(f"INSERT INTO audit_text (rowid, {names}) SELECT id, {names} FROM audit")  # noqa: S608 - words of ours
    op.execute(
        "CREATE TRIGGER audit_text_insert_add AFTER INSERT ON audit "
        "BEGIN INSERT INTO audit_text (rowid, actor, subject) VALUES (new.id, new.actor, new.subject); END"
    )
