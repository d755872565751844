"""/api/v1/users: who works here, by an administrator."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth import users
from server.auth.http import AdminPrincipal, DatabaseDep, SettingsDep, require
from server.auth.models import User
from server.auth.permissions import Permission, Role
from server.auth.users import NewUser
from server.http.door import DoorDep, shown
from server.http.fields import Language, Name, Shown, Strict
from server.http.idempotency import Answer
from server.http.paging import DEFAULT_LIMIT, After, Keyset, Limit, Number, as_json
from server.http.versions import guard

router = APIRouter(prefix="/api/v1/users", tags=["users"], dependencies=[Depends(require(Permission.ADMIN))])

LoginName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9._@+-]{0,78}[a-z0-9])?$", to_lower=True)]
Badge = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,20}$")]
CustomerId = Annotated[int, Field(ge=1, le=2**31 - 1)]


class UserIn(Strict):
    """A person to be added."""

    login: LoginName
    name: Name
    role: Role
    customer_id: CustomerId | None = None
    badge: Badge | None = None
    language: Language = "en"


class UserPatch(Strict):
    """What may change about a person; a field that is left out stays."""

    name: Name | None = None
    role: Role | None = None
    customer_id: CustomerId | None = None
    badge: Badge | None = None
    language: Language | None = None
    active: bool | None = None


class UserOut(Shown):
    """A person, without anything secret."""

    login: str
    name: str
    role: str
    customer_id: int | None
    badge: str | None
    language: str
    active: bool
    has_password: bool
    created_at: datetime
    last_login_at: datetime | None
    row_version: int

    @classmethod
    def of(cls, user: User) -> "UserOut":
        """The row as it is shown."""
        plain = {name: getattr(user, name) for name in cls.model_fields if name != "has_password"}
        return cls(**plain, has_password=user.password_hash is not None)


class LinkOut(Shown):
    """A one-time link; it is shown once, so a repeated request gets null."""

    link: str | None


_KEYSET = Keyset(User.id, User.login)


@router.get("")
def list_users(database: DatabaseDep, after: After = None, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:
    """Everybody, in the order they were added."""
    with database.read() as session:
        page = _KEYSET.page(session, select(User), after=after, limit=limit)
    items = [UserOut.of(user).model_dump(mode="json") for user in page.items]
    return as_json(items, more=page.more, name="login")


@router.post("", status_code=201, response_model=UserOut)
def add_user(door: DoorDep, principal: AdminPrincipal, body: UserIn) -> JSONResponse:
    """Add a person; `POST /{login}/reset` then gives the link for a password."""
    new = NewUser(**body.model_dump() | {"role": body.role.value})

    def make(session: Session) -> Answer:
        return Answer(201, _body(users.add_user(session, new, actor=principal.actor, now=door.now)))

    return door.post(principal, body, make, named_by="login")


@router.get("/{login}", response_model=UserOut)
def get_user(login: Number, database: DatabaseDep) -> JSONResponse:
    """One person."""
    with database.read() as session:
        return shown(_body(users.get_user(session, login)))


@router.patch("/{login}", response_model=UserOut)
def change_user(door: DoorDep, principal: AdminPrincipal, login: Number, body: UserPatch) -> JSONResponse:
    """Change a person; disabling ends all his sessions at once."""
    expected = door.expected
    changes = body.model_dump(exclude_unset=True, mode="json")
    nullable = {"customer_id", "badge"}
    changes = {field: value for field, value in changes.items() if value is not None or field in nullable}

    def make(session: Session) -> Answer:
        user = users.get_user(session, login)
        guard(login, expected=expected, got=user.row_version, wanted=changes, stored=_body(user))
        users.change_user(session, user, changes, actor=principal.actor, now=door.now)
        return Answer(200, _body(user))

    return door.change(make)


@router.post("/{login}/reset", response_model=LinkOut)
def reset_password(door: DoorDep, principal: AdminPrincipal, settings: SettingsDep, login: Number) -> JSONResponse:
    """A link by which the person sets a password, once, within three days."""

    def make(session: Session) -> Answer:
        token = users.make_link(session, users.get_user(session, login), actor=principal.actor, now=door.now)
        return Answer(200, {"link": f"{settings.base_url}/set-password/{token}"}, secret=("link",))

    return door.post(principal, None, make)


def _body(user: User) -> dict[str, Any]:
    return UserOut.of(user).model_dump(mode="json")
