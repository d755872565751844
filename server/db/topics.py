"""Topics: what a page watches (`order:SO-1000`, `station:cut`, `board`), each with a version that only rises."""

from collections.abc import Iterable

from sqlalchemy import BigInteger, Connection, Dialect, String
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.db.base import Base

_KEY = "topics"


class TopicVersion(Base):
    """The version of the state behind a topic, raised in the transaction that changes the state."""

    __tablename__ = "topic_version"
    topic: Mapped[str] = mapped_column(String(120), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, nullable=False)


def touch(session: Session, *topics: str) -> None:
    """Note that this transaction changes what viewers of these topics see."""
    session.info.setdefault(_KEY, set()).update(topics)


def touched(session: Session) -> set[str]:
    """The topics noted so far on this session."""
    noted: set[str] = session.info.get(_KEY, set())
    return noted


def bump(connection: Connection, topics: Iterable[str]) -> dict[str, int]:
    """Raise the version of each topic by one and return the new versions; sorted, so two writers never deadlock."""
    rows = [{"topic": topic, "version": 1} for topic in sorted(topics)]
    if not rows:
        return {}
    statement = _upsert(connection.dialect).values(rows)
    changed = statement.on_conflict_do_update(
        index_elements=["topic"], set_={"version": TopicVersion.version + 1}
    ).returning(TopicVersion.topic, TopicVersion.version)
    return {row.topic: row.version for row in connection.execute(changed)}


def _upsert(dialect: Dialect) -> "postgresql.Insert | sqlite.Insert":
    insert = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    return insert(TopicVersion)
