"""The table of codes on reels."""

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, BigId


class ReelCode(Base):
    """One code on a reel; a label that has bars and a tag carries two of them at one place."""

    __tablename__ = "reel_code"
    __table_args__ = (Index("ix_reel_code_reel_place", "reel", "place"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reel: Mapped[str] = mapped_column(String(40))
    #: Where on the reel, from 1.
    place: Mapped[int] = mapped_column(Integer)
    #: As `Identifier.value`: no code is on two reels.
    value: Mapped[str] = mapped_column(String(160), unique=True)
    #: The unit it was dealt to; None while it is on the reel.
    unit_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("unit.id"), index=True)
