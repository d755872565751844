"""People: added with a role and a badge, disabled, given a link by which they set their own password."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.admin.users import Badge, LoginName
from server.auth import repository, users
from server.auth.http import AdminPrincipal
from server.auth.models import User
from server.auth.permissions import Role
from server.auth.users import NewUser
from server.errors import FieldError, Invalid, Refused
from server.http.fields import Language, Name, Strict
from server.messages import N_
from server.parties.models import Customer
from server.web.entry import Fault, FormDep, attempt, changed, checked, given
from server.web.forms import Form
from server.web.i18n import LANGUAGES, language_name
from server.web.page import Page, PageDep
from server.web.sections import ADMIN, show_in

router = APIRouter(prefix="/admin/users", include_in_schema=False)

_FIELDS = ("name", "role", "customer", "badge", "language")
_EMPTYABLE = ("customer", "badge")
_WORDS = {
    "login": N_("Write small letters, digits, dots and hyphens, such as anna or anna.berg."),
    "badge": N_("Write capitals and digits without blanks, such as B17."),
    "language": N_("Choose one of the list."),
}
_BY_REASON = {"login_taken": "login", "badge_taken": "badge"}


class PersonChange(Strict):
    """What the form asks about a person; the customer is named by number."""

    name: Name
    role: Role
    customer: str | None = Field(default=None, max_length=40)
    badge: Badge | None = None
    language: Language = "en"


class Person(PersonChange):
    """The same for a new person, with the login."""

    login: LoginName


@router.get("")
def show_users(page: PageDep, _principal: AdminPrincipal) -> Response:
    """Everybody: those who may come in first."""
    with page.database.read() as session:
        found = sorted(repository.users(session), key=lambda user: not user.active)
        numbers = _numbers(session, [user.customer_id for user in found if user.customer_id is not None])
    return show_in(ADMIN, page, "admin/users.html", found=found, numbers=numbers)


@router.get("/new")
def new_user(page: PageDep, _principal: AdminPrincipal) -> Response:
    """The form for a new person."""
    return _show(page, Form({"role": Role.OPERATOR.value, "language": page.site.language}))


@router.post("/new")
def add_user(page: PageDep, form: FormDep, principal: AdminPrincipal) -> Response:
    """Add the person and show the link for a password, this once."""
    try:
        body = checked(page, form, model=Person, data=given(form, "login", *_FIELDS), words=_WORDS)

        def work(session: Session) -> str | None:
            new = NewUser(
                login=body.login,
                name=body.name,
                role=body.role.value,
                customer_id=_customer_id(session, page, body.customer),
                badge=body.badge,
                language=body.language,
            )
            user = users.add_user(session, new, actor=principal.actor, now=page.now)
            wants_link = form.checked("link")
            return users.make_link(session, user, actor=principal.actor, now=page.now) if wants_link else None

        token = attempt(page, form, work, fields=_BY_REASON)
    except Fault as fault:
        return _show(page, _renamed(fault.form), status=fault.status)
    if token is None:
        return page.go("/admin/users", page.say(N_("%(name)s is added."), name=body.name))
    return _link_made(page, body.login, token)


@router.get("/{login}")
def show_user(page: PageDep, login: str, _principal: AdminPrincipal) -> Response:
    """One person, to be changed."""
    with page.database.read() as session:
        user = users.get_user(session, login)
        numbers = _numbers(session, [user.customer_id] if user.customer_id is not None else [])
    stored = {name: str(getattr(user, name) or "") for name in _FIELDS if name != "customer"}
    return _show(page, Form(stored | {"customer": numbers.get(user.customer_id or 0, "")}), user=user)


@router.post("/{login}")
def change_user(page: PageDep, login: str, form: FormDep, principal: AdminPrincipal) -> Response:
    """Change the person; his open pages follow at once."""
    try:
        data = changed(form, *_FIELDS, emptyable=_EMPTYABLE)
        body = checked(page, form, model=PersonChange, data=data, words=_WORDS)

        def work(session: Session) -> None:
            user = users.get_user(session, login)
            wanted = body.model_dump(mode="json", exclude={"customer"})
            wanted["customer_id"] = _customer_id(session, page, body.customer)
            users.change_user(session, user, wanted, actor=principal.actor, now=page.now)

        attempt(page, form, work, fields=_BY_REASON)
    except Fault as fault:
        with page.database.read() as session:
            user = users.get_user(session, login)
        return _show(page, _renamed(fault.form), status=fault.status, user=user)
    return page.go("/admin/users", page.say(N_("%(name)s is changed."), name=body.name))


@router.post("/{login}/active")
def switch_user(page: PageDep, login: str, form: FormDep, principal: AdminPrincipal) -> Response:
    """Disable the person, which signs him out everywhere, or let him in again."""
    active = form.text("active") == "1"

    def work(session: Session) -> str:
        user = users.get_user(session, login)
        users.change_user(session, user, {"active": active}, actor=principal.actor, now=page.now)
        return user.name

    try:
        name = page.database.write(work)
    except Refused as refusal:
        return page.go(f"/admin/users/{login}", refusal.detail, kind="stop")
    said = N_("%(name)s may come in again.") if active else N_("%(name)s is disabled and signed out everywhere.")
    return page.go("/admin/users", page.say(said, name=name))


@router.post("/{login}/link")
def make_link(page: PageDep, login: str, principal: AdminPrincipal) -> Response:
    """A link by which the person sets a new password, shown this once; earlier links end."""

    def work(session: Session) -> str:
        return users.make_link(session, users.get_user(session, login), actor=principal.actor, now=page.now)

    try:
        token = page.database.write(work)
    except Refused as refusal:
        return page.go(f"/admin/users/{login}", refusal.detail, kind="stop")
    return _link_made(page, login, token)


def _show(page: Page, form: Form, *, status: int = 200, user: User | None = None) -> Response:
    with page.database.read() as session:
        customers = session.execute(select(Customer.number, Customer.name).order_by(Customer.name).limit(500)).all()
    return show_in(
        ADMIN, page, "admin/user.html", status=status, form=form, user=user, customers=customers,
        roles=_roles(), languages=[(code, language_name(code)) for code in sorted(LANGUAGES)], hours=users.LINK_HOURS,
    )  # fmt: skip


def _link_made(page: Page, login: str, token: str) -> Response:
    address = f"{page.settings.base_url}/set-password/{token}"
    return show_in(ADMIN, page, "admin/link_made.html", login=login, address=address, hours=users.LINK_HOURS)


def _roles() -> Sequence[str]:
    return [role.value for role in Role]


def _numbers(session: Session, ids: Sequence[int]) -> dict[int, str]:
    rows = session.execute(select(Customer.id, Customer.number).where(Customer.id.in_(ids)))
    return dict(rows.all())


def _customer_id(session: Session, page: Page, number: str | None) -> int | None:
    if number is None:
        return None
    found = session.scalar(select(Customer.id).where(Customer.number == number.upper()))
    if found is None:
        message = page.say(
            N_("There is no customer %(number)s. Make it first, or choose one of the list."), number=number
        )
        raise Invalid(errors=[FieldError("customer", message, "unknown")])
    return found


def _renamed(form: Form) -> Form:
    # The service speaks of the row, the form asks for the number.
    faults: dict[str, Any] = {"customer" if name == "customer_id" else name: say for name, say in form.faults.items()}
    return form.with_faults(faults, form.fault)
