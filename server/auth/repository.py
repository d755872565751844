"""Every query about users, sessions, keys, devices and one-time links."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from server.auth.models import ApiKey, Device, OneTimeLink, SessionRecord, User
from server.db import Base
from server.journal.models import Gateway

# --- users ---


def users(session: Session) -> Sequence[User]:
    """All users by login."""
    return session.scalars(select(User).order_by(User.login)).all()


def user_by_login(session: Session, login: str) -> User | None:
    """The user of a login name; logins are stored in lower case."""
    return session.scalars(select(User).where(User.login == login.strip().lower())).one_or_none()


def user_by_id(session: Session, user_id: int) -> User:
    """The user of a row that points at him."""
    return session.get_one(User, user_id)


def user_with_badge(session: Session, badge: str) -> User | None:
    """Whoever holds the badge, active or not."""
    return session.scalars(select(User).where(User.badge == badge)).one_or_none()


def customer_exists(session: Session, customer_id: int) -> bool:
    """Whether a person may be bound to this customer; the mapped class lives in a room above this one."""
    customer = Base.metadata.tables["customer"]
    return session.execute(select(customer.c.id).where(customer.c.id == customer_id)).first() is not None


def count_active_admins(session: Session) -> int:
    """How many people could still let others in."""
    return session.execute(select(func.count()).where(User.role == "admin", User.active)).scalar_one()


# --- sessions ---


def session_with_user(session: Session, token_hash: bytes) -> tuple[SessionRecord, User] | None:
    """A signed-in browser and its person."""
    statement = (
        select(SessionRecord, User)
        .join(User, User.id == SessionRecord.user_id)
        .where(SessionRecord.token_hash == token_hash)
    )
    row = session.execute(statement).one_or_none()
    return (row[0], row[1]) if row is not None else None


def delete_sessions(session: Session, user_id: int, *, keep: bytes | None = None) -> None:
    """Sign a person out everywhere, but for the session `keep`."""
    statement = delete(SessionRecord).where(SessionRecord.user_id == user_id)
    if keep is not None:
        statement = statement.where(SessionRecord.token_hash != keep)
    session.execute(statement)


def delete_session(session: Session, token_hash: bytes) -> None:
    """Sign one browser out."""
    session.execute(delete(SessionRecord).where(SessionRecord.token_hash == token_hash))


def delete_expired_sessions(session: Session, now: datetime) -> None:
    """Clear away sessions that can never be used again."""
    session.execute(delete(SessionRecord).where(SessionRecord.expires_at <= now))


def note_session_use(session: Session, token_hash: bytes, now: datetime) -> None:
    """Remember that the browser was here."""
    session.execute(update(SessionRecord).where(SessionRecord.token_hash == token_hash).values(last_seen_at=now))


# --- keys ---


def key_by_prefix(session: Session, prefix: str) -> ApiKey | None:
    """The key with this public prefix, valid or not."""
    return session.scalars(select(ApiKey).where(ApiKey.prefix == prefix)).one_or_none()


def keys(session: Session) -> Sequence[ApiKey]:
    """All keys, newest first."""
    return session.scalars(select(ApiKey).order_by(ApiKey.id.desc())).all()


def live_gateway_keys(session: Session, gateways: Collection[str], now: datetime) -> Mapping[str, list[ApiKey]]:
    """The keys that each of these gateways may use now, oldest first."""
    statement = (
        select(ApiKey)
        .where(ApiKey.gateway.in_(gateways), ApiKey.revoked_at.is_(None))
        .where((ApiKey.expires_at.is_(None)) | (ApiKey.expires_at > now))
        .order_by(ApiKey.id)
    )
    found: dict[str, list[ApiKey]] = {gateway: [] for gateway in gateways}
    for key in session.scalars(statement):
        found[key.gateway or ""].append(key)
    return found


def note_key_use(session: Session, key_id: int, now: datetime) -> None:
    """Remember that the key was used."""
    session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now))


def gateway_by_code(session: Session, enrol_hash: bytes) -> Gateway | None:
    """The gateway that a one-time code was made for, used or not."""
    return session.scalars(select(Gateway).where(Gateway.enrol_hash == enrol_hash)).one_or_none()


# --- devices ---


def devices(session: Session) -> Sequence[Device]:
    """All station screens, newest first."""
    return session.scalars(select(Device).order_by(Device.id.desc())).all()


def device_by_token(session: Session, token_hash: bytes) -> Device | None:
    """The station screen that holds this token."""
    return session.scalars(select(Device).where(Device.token_hash == token_hash)).one_or_none()


def device_by_pairing(session: Session, pairing_hash: bytes) -> Device | None:
    """The device that waits for this pairing code."""
    return session.scalars(select(Device).where(Device.pairing_hash == pairing_hash)).one_or_none()


def note_device_use(session: Session, device_id: int, now: datetime) -> None:
    """Remember that the screen was on."""
    session.execute(update(Device).where(Device.id == device_id).values(last_seen_at=now))


# --- one-time links ---


def link_by_hash(session: Session, token_hash: bytes) -> OneTimeLink | None:
    """A one-time link, used or not."""
    return session.get(OneTimeLink, token_hash)


def end_links(session: Session, user_id: int, now: datetime) -> None:
    """Let no earlier link of this person set a password any more."""
    statement = update(OneTimeLink).where(OneTimeLink.user_id == user_id, OneTimeLink.used_at.is_(None))
    session.execute(statement.values(used_at=now))
