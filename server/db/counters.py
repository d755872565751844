"""Numbers from a counter row: dense enough to read aloud, and in commit order on every database."""

from sqlalchemy import BigInteger, String, insert, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.db.base import Base


class Counter(Base):
    """The last number given out under a name (event, fact, SO, WO, U, SH, HU, sscc...)."""

    __tablename__ = "counter"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger, nullable=False)


#: Names that people read start where a number looks like one; row ids start at one.
FIRST = {
    "SO": 1000, "Q": 1000, "WO": 1000, "SH": 1000, "HU": 1000, "C": 100, "U": 1000,
    "INV": 1000, "CN": 1000, "PAY": 1000, "PK": 1000, "MV": 1000, "CS": 1000,
}  # fmt: skip


def take(session: Session, name: str, count: int = 1) -> int:
    """Reserve `count` numbers and return the first; the row lock keeps them in commit order."""
    statement = (
        update(Counter)
        .where(Counter.name == name)
        .values(value=Counter.value + count)
        .returning(Counter.value)
        .execution_options(synchronize_session=False)
    )
    last = session.execute(statement).scalar_one_or_none()
    if last is None:
        session.execute(insert(Counter).values(name=name, value=FIRST.get(name, 1) - 1))
        last = session.execute(statement).scalar_one()
    return last - count + 1
