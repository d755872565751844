"""Which version of a topic a page shows. It is read before the state, so that a change in between is not missed."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db.topics import TopicVersion


def versions(session: Session, *topics: str) -> dict[str, int]:
    """The versions of the topics now; 0 for one that nothing has touched yet."""
    statement = select(TopicVersion.topic, TopicVersion.version).where(TopicVersion.topic.in_(topics))
    known = dict(session.execute(statement).all())
    return {topic: known.get(topic, 0) for topic in topics}
