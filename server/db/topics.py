"""Topics: what a page watches (`order:SO-1000`, `station:cut`, `board`), each with a version that only rises."""

import json
from collections.abc import Iterable

from sqlalchemy import BigInteger, Connection, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.db.base import Base
from server.db.driver import ask

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


def versions(session: Session, *watched: str) -> dict[str, int]:
    """The versions of the topics now; 0 for one that nothing has touched yet.

    Ask before reading the state itself, so that a change in between is not missed.
    """
    statement = select(TopicVersion.topic, TopicVersion.version).where(TopicVersion.topic.in_(watched))
    known = dict(session.execute(statement).all())
    return {topic: known.get(topic, 0) for topic in watched}


def bump(connection: Connection, topics: Iterable[str]) -> dict[str, int]:
    """Raise the version of each topic by one and return the new versions; sorted, so two writers never deadlock."""
    wanted = sorted(topics)
    if not wanted:
        return {}
    # One text for any number of topics: a statement of so many values would be compiled anew for every commit.
    if connection.dialect.name == "postgresql":
        found = ask(connection, _POSTGRESQL, (wanted,))
    else:
        found = ask(connection, _SQLITE, (json.dumps(wanted),))
    return {row[0]: row[1] for row in found}


_RAISE = "ON CONFLICT (topic) DO UPDATE SET version = topic_version.version + 1 RETURNING topic, version"
_POSTGRESQL = f"INSERT INTO topic_version (topic, version) SELECT topic, 1 FROM unnest(%s::text[]) AS topic {_RAISE}"  # noqa: S608
# SQLite reads the WHERE so that it does not take ON CONFLICT for a join condition (SQLite, UPSERT, 2.2).
_SQLITE = f"INSERT INTO topic_version (topic, version) SELECT value, 1 FROM json_each(?) WHERE true {_RAISE}"  # noqa: S608
