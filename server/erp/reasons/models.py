"""The table of reason codes."""

from sqlalchemy import Boolean, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, BigId, Versioned


class ReasonCode(Versioned, Base):
    """Why something is scrapped, worked on again or held; its card is a command card with this code."""

    __tablename__ = "reason_code"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: Capitals and digits, as its card carries them: OLC<code>.
    code: Mapped[str] = mapped_column(String(20), unique=True)
    #: server.tracking.states.ReasonKind
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(80))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
