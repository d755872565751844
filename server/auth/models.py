"""Tables of people, devices and keys. Every secret is stored as a hash and shown once."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, BigId, Json, UtcDateTime, Versioned


class User(Versioned, Base):
    """A person: staff with a role, or a customer's contact who sees that customer's orders alone."""

    __tablename__ = "user_account"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    login: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    #: operator | planner | sales | service | finance | manager | admin | customer
    role: Mapped[str] = mapped_column(String(20))
    #: Set for the role customer alone.
    customer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("customer.id"))
    #: argon2id; None for an operator who only ever shows a badge.
    password_hash: Mapped[str | None] = mapped_column(String(200))
    must_change_password: Mapped[bool] = mapped_column(Boolean, default=False)
    #: The body of the printed badge code OLB..., for example "17".
    badge: Mapped[str | None] = mapped_column(String(20), unique=True)
    language: Mapped[str] = mapped_column(String(10), default="en")
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_login_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SessionRecord(Base):
    """A signed-in browser; the cookie holds the token, the table its SHA-256."""

    __tablename__ = "session"
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("user_account.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApiKey(Versioned, Base):
    """A key of a gateway or of another program: `ol_<prefix>_<secret>`, stored as prefix and SHA-256."""

    __tablename__ = "api_key"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    prefix: Mapped[str] = mapped_column(String(12), unique=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    #: The gateway's key when this one may post that gateway's events; None for a program.
    gateway: Mapped[str | None] = mapped_column(String(80), index=True)
    #: Names from server.auth.scopes: events:write, orders:read, feed:read, metrics:read...
    scopes: Mapped[list[str]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The key that ends when this one is first used; set where a gateway brought it.
    replaces_id: Mapped[int | None] = mapped_column(BigInteger)


class Device(Base):
    """A station screen bound to one station; it pairs once with a short code and holds a token since."""

    __tablename__ = "device"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    #: The key of the station (erp); a screen that shows the board alone has none.
    station_key: Mapped[str | None] = mapped_column(String(40))
    #: Rises with what a person changes; pairing and being seen leave it alone.
    row_version: Mapped[int] = mapped_column(Integer, default=1)
    pairing_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    pairing_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    token_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    paired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OneTimeLink(Base):
    """A link that sets a password once: the first administrator's, or a reset."""

    __tablename__ = "one_time_link"
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("user_account.id"))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    detail: Mapped[dict[str, Any] | None] = mapped_column(Json)
