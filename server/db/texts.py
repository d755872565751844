"""Finding rows by a part of a text, or by how a number begins, without reading every row.

SQLite keeps the triples of letters of these columns in full-text tables that triggers keep up, PostgreSQL in trigram
indexes (migrations 0017 and 0026); both find what LIKE '%text%' finds. Numbers are found from their beginning, in the
order of their bytes, which on PostgreSQL has indexes of its own.
"""

from typing import Any

from sqlalchemy import ColumnElement, String, column, func, literal_column, select, table, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.db.base import table_of

#: A shorter part has no triple of letters; it is looked for at the beginning.
LEAST_LETTERS = 3
#: Behind every text that begins with what stands before it.
_LAST = "\U0010ffff"


def holds(
    session: Session, attribute: InstrumentedAttribute[Any], text: str, *, newest: int | None = None
) -> ColumnElement[bool]:
    """The indexed column holds the text, whatever its case; `newest` needs no more than so many of the newest rows."""
    if len(text) < LEAST_LETTERS:
        return begins(session, attribute, text)
    if not _is_sqlite(session):
        # What the index was made of is the column in small letters; ILIKE on the column itself would read every row.
        return func.lower(attribute).like(func.lower(f"%{_plain(text)}%"), escape="/")
    owner = table_of(attribute.parent.class_)
    name = f"{owner.name}_text"
    words = table(name, column("rowid"))
    phrase = f'{attribute.key} : "' + text.replace('"', '""') + '"'
    match = literal_column(name, String()).op("MATCH")(phrase)
    found = select(words.c.rowid).where(match)
    if newest is not None:
        found = found.order_by(words.c.rowid.desc()).limit(newest)
    return owner.c.id.in_(found)


def begins(
    session: Session, attribute: InstrumentedAttribute[Any], *texts: str, most: int | None = None
) -> ColumnElement[bool]:
    """The column begins with one of the texts, as typed or in capitals; `most` needs no more than so many rows of each.

    Each beginning is a stretch of the index of its own: asked for together they would be looked for in every row.
    """
    key = table_of(attribute.parent.class_).c.id
    compared = attribute if _is_sqlite(session) else attribute.collate("C")
    stretches = []
    for each in sorted({form for text in texts for form in (text, text.upper())}):
        stretch = select(key.label("id")).where(compared >= each, compared < each + _LAST)
        stretches.append(select(stretch.order_by(compared).limit(most).subquery().c.id) if most else stretch)
    return key.in_(union_all(*stretches))


def either(key: InstrumentedAttribute[int], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Rows that fulfil any of the conditions, each looked up by its own index: an OR would read every row."""
    return key.in_(union_all(*(select(key).where(condition) for condition in conditions)))


def _plain(text: str) -> str:
    """The text with no letter of it a wildcard."""
    return text.replace("/", "//").replace("%", "/%").replace("_", "/_")


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
