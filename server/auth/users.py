"""People: adding, changing, and giving them a link by which they set their own password."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from server.auth import repository
from server.auth.models import OneTimeLink, User
from server.auth.permissions import Role
from server.auth.tokens import hash_token, new_token
from server.auth.topic import AUTH_TOPIC
from server.db import touch
from server.errors import Conflict, FieldError, Invalid, NotFound, Refused
from server.journal.audit import write_audit
from server.messages import translate as _

LINK_HOURS = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A person to be added; without a password hash a one-time link lets him set one."""

    login: str
    name: str
    role: str
    customer_id: int | None = None
    badge: str | None = None
    language: str = "en"
    password_hash: str | None = None


def add_user(session: Session, new: NewUser, *, actor: str, now: datetime) -> User:
    """Add a person; raises Conflict for a login or badge that somebody has, Invalid for a wrong role."""
    login = new.login.strip().lower()
    _check(session, role=new.role, customer_id=new.customer_id)
    if repository.user_by_login(session, login) is not None:
        raise Conflict(_("{login} is taken. Choose another login.").format(login=login), reason="login_taken")
    _check_badge(session, new.badge, user_id=None)
    user = User(
        login=login,
        name=new.name,
        role=new.role,
        customer_id=new.customer_id,
        badge=new.badge,
        language=new.language,
        password_hash=new.password_hash,
        must_change_password=False,
        active=True,
        created_at=now,
    )
    session.add(user)
    session.flush()
    write_audit(session, at=now, actor=actor, action="user_added", subject=f"user:{login}", detail={"role": new.role})
    return user


#: What an administrator may change about a person.
CHANGEABLE = ("name", "role", "customer_id", "badge", "language", "active")


def change_user(session: Session, user: User, changes: Mapping[str, Any], *, actor: str, now: datetime) -> None:
    """Change some of CHANGEABLE; takes effect on the person's open pages at once."""
    after = {field: changes.get(field, getattr(user, field)) for field in CHANGEABLE}
    _check(session, role=after["role"], customer_id=after["customer_id"])
    _check_badge(session, after["badge"], user_id=user.id)
    _keep_one_admin(session, user, role=after["role"], active=after["active"])
    before = {field: getattr(user, field) for field in CHANGEABLE}
    differing = [field for field in CHANGEABLE if before[field] != after[field]]
    for field in differing:
        setattr(user, field, after[field])
    if not user.active:
        repository.delete_sessions(session, user.id)
        repository.end_links(session, user.id, now)
    session.flush()
    touch(session, AUTH_TOPIC)
    detail = {field: [before[field], after[field]] for field in differing}
    write_audit(session, at=now, actor=actor, action="user_changed", subject=f"user:{user.login}", detail=detail)


def make_link(session: Session, user: User, *, actor: str, now: datetime) -> str:
    """A token for /set-password/{token}, good once within three days; earlier links end."""
    if not user.active:
        raise Refused(_("{login} is disabled. Enable the person first.").format(login=user.login))
    repository.end_links(session, user.id, now)
    token = new_token()
    expires_at = now + timedelta(hours=LINK_HOURS)
    session.add(OneTimeLink(token_hash=hash_token(token), user_id=user.id, expires_at=expires_at))
    session.flush()
    write_audit(session, at=now, actor=actor, action="password_link_made", subject=f"user:{user.login}")
    return token


def user_of_link(session: Session, token: str, *, now: datetime) -> User:
    """The person whose password this link sets; raises NotFound for one that is used, old or unknown."""
    link = repository.link_by_hash(session, hash_token(token))
    user = repository.user_by_id(session, link.user_id) if link is not None else None
    if link is None or user is None or link.used_at is not None or link.expires_at <= now or not user.active:
        raise NotFound(_("This link was used or is too old. Ask an administrator for a new one."), reason="link_ended")
    return user


def use_link(session: Session, token: str, password_hash: str, *, now: datetime) -> User:
    """Set the password by a one-time link and end the link; all browsers of the person are signed out."""
    user = user_of_link(session, token, now=now)
    set_password(session, user, password_hash, actor=f"user:{user.login}", now=now)
    return user


def set_password(
    session: Session, user: User, password_hash: str, *, actor: str, now: datetime, keep: bytes | None = None
) -> None:
    """Set a checked and hashed password; every session but the one with the token hash `keep` ends."""
    user.password_hash = password_hash
    user.must_change_password = False
    repository.end_links(session, user.id, now)
    repository.delete_sessions(session, user.id, keep=keep)
    session.flush()
    touch(session, AUTH_TOPIC)
    write_audit(session, at=now, actor=actor, action="password_set", subject=f"user:{user.login}")


def get_user(session: Session, login: str) -> User:
    """The person with this login; raises NotFound."""
    user = repository.user_by_login(session, login)
    if user is None:
        raise NotFound
    return user


def _check(session: Session, *, role: str, customer_id: int | None) -> None:
    if role not in set(Role):
        known = ", ".join(Role)
        raise Invalid(errors=[FieldError("role", _("Expected one of {known}.").format(known=known))])
    if role == Role.CUSTOMER and customer_id is None:
        raise Invalid(errors=[FieldError("customer_id", _("A person of a customer needs the customer he belongs to."))])
    if role != Role.CUSTOMER and customer_id is not None:
        raise Invalid(errors=[FieldError("customer_id", _("Only the role customer belongs to a customer."))])
    if customer_id is not None and not repository.customer_exists(session, customer_id):
        raise Invalid(errors=[FieldError("customer_id", _("There is no such customer."))])


def _check_badge(session: Session, badge: str | None, *, user_id: int | None) -> None:
    if badge is None:
        return
    holder = repository.user_with_badge(session, badge)
    if holder is not None and holder.id != user_id:
        message = _("Badge {badge} belongs to {name}. Take it from there first, or print another.")
        raise Conflict(message.format(badge=badge, name=holder.name), reason="badge_taken")


def _keep_one_admin(session: Session, user: User, *, role: str, active: bool) -> None:
    loses_it = user.role == Role.ADMIN and user.active and (role != Role.ADMIN or not active)
    if loses_it and repository.count_active_admins(session) <= 1:
        message = _("{login} is the last administrator. Make another one first.")
        raise Refused(message.format(login=user.login), reason="last_admin")
