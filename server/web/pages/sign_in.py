"""Signing in and out, passwords, and pairing a station's screen, all by plain forms."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from server.admin.devices import limit_pairing
from server.admin.session import SignInDep
from server.auth import devices, users
from server.auth.cookies import clear_session_cookie, set_device_cookie, set_session_cookie
from server.auth.http import CurrentPrincipal, client_address
from server.auth.sessions import sign_out
from server.errors import Invalid, NotFound, OrderlightError, TooMany, Unauthorized
from server.messages import N_
from server.settings.clock import utc_now
from server.web.forms import Form, read_form
from server.web.navigation import home
from server.web.page import Page, PageDep, safe_target

router = APIRouter(include_in_schema=False)

FormDep = Annotated[Form, Depends(read_form)]


@router.get("/")
def start(page: PageDep) -> Response:
    """Lead everybody to where his work begins."""
    return page.go(home(page.principal))


@router.get("/login")
def login_page(page: PageDep, next: str | None = None) -> Response:
    """The door; who is inside already is led on."""
    if page.principal is not None and page.principal.kind == "user":
        return page.go(safe_target(next, home(page.principal)))
    return _login(page, Form(), next)


@router.post("/login")
def log_in(page: PageDep, form: FormDep, sign_in: SignInDep) -> Response:
    """Sign in and go to where the person wanted to."""
    target = form.get("next")
    login, password = _plain(form.text("login")), form.values.get("password", "")
    faults = _missing(page, form)
    if faults:
        return _login(page, form.with_faults(faults), target, status=422)
    try:
        address = client_address(page.request)
        signed_in = sign_in.enter(login=login, password=password[:300], address=address, now=page.now)
    except (Unauthorized, TooMany) as refusal:
        return _login(page, form.with_faults({}, refusal.detail), target, status=refusal.status)
    response = page.go(safe_target(target, home(signed_in.principal)))
    set_session_cookie(response, signed_in.token, page.settings)
    return response


@router.post("/logout")
def log_out(page: PageDep, principal: CurrentPrincipal) -> Response:
    """Sign this browser out."""
    token = page.request.cookies.get(page.settings.cookie("sid"))
    if token:
        page.database.write(lambda session: sign_out(session, token, actor=principal.actor, now=utc_now()))
    response = page.go("/login", page.say(N_("You are signed out.")))
    clear_session_cookie(response, page.settings)
    return response


@router.get("/password")
def password_page(page: PageDep, _principal: CurrentPrincipal) -> Response:
    """The form for a new password."""
    return page.show("pages/password.html", form=Form(), by_link=False)


@router.post("/password")
def change_password(page: PageDep, form: FormDep, principal: CurrentPrincipal, *, sign_in: SignInDep) -> Response:
    """Change one's own password; every other browser of this person is signed out."""
    if form.values.get("password") != form.values.get("repeat"):
        faults = {"repeat": page.say(N_("The two new passwords differ. Type the new one twice."))}
        return page.show("pages/password.html", status=422, form=form.with_faults(faults), by_link=False)
    try:
        sign_in.change_password(
            principal,
            current=form.values.get("current", "")[:300],
            new=form.values.get("password", ""),
            address=client_address(page.request),
            token=page.request.cookies.get(page.settings.cookie("sid"), ""),
            now=page.now,
        )
    except (Invalid, TooMany) as refusal:
        return page.show("pages/password.html", status=refusal.status, form=_refused(form, refusal), by_link=False)
    return page.go(home(principal), page.say(N_("Your password is changed. Your other browsers are signed out.")))


@router.get("/set-password/{token}")
def link_page(page: PageDep, token: str) -> Response:
    """The form behind a one-time link; loading it does not use the link up. Raises NotFound."""
    with page.database.read() as session:
        users.user_of_link(session, token, now=page.now)
    return page.show("pages/password.html", form=Form(), by_link=True)


@router.post("/set-password/{token}")
def set_password(page: PageDep, token: str, form: FormDep, sign_in: SignInDep) -> Response:
    """Set the password and use the link up."""
    if form.values.get("password") != form.values.get("repeat"):
        faults = {"repeat": page.say(N_("The two new passwords differ. Type the new one twice."))}
        return page.show("pages/password.html", status=422, form=form.with_faults(faults), by_link=True)
    try:
        sign_in.set_password_by_link(token=token, password=form.values.get("password", ""), now=page.now)
    except Invalid as refusal:
        return page.show("pages/password.html", status=422, form=_refused(form, refusal), by_link=True)
    return page.go("/login", page.say(N_("Your password is set. Sign in with it.")))


@router.get("/pair")
def pair_page(page: PageDep) -> Response:
    """The form for the code that an administrator reads out."""
    return page.show("pages/pair.html", form=Form())


@router.post("/pair")
def pair(page: PageDep, form: FormDep, request: Request) -> Response:
    """Make this browser a station's screen, or the board's."""
    try:
        limit_pairing(request)
        paired = page.database.write(lambda session: devices.pair(session, form.text("code"), now=page.now))
    except (NotFound, TooMany) as refusal:
        refused = form.with_faults({"code": refusal.detail})
        return page.show("pages/pair.html", status=refusal.status, form=refused)
    station = paired.device.station_key
    response = page.go(f"/station/{station}" if station else "/board")
    set_device_cookie(response, paired.token, page.settings)
    return response


def _login(page: Page, form: Form, target: str | None, *, status: int = 200) -> Response:
    return page.show("pages/login.html", status=status, form=form, next=safe_target(target, ""))


def _plain(text: str) -> str:
    # PostgreSQL takes no NUL, and no login has a character that cannot be printed.
    return "".join(letter for letter in text if letter.isprintable())[:80]


def _missing(page: Page, form: Form) -> dict[str, str]:
    faults = {}
    if not form.text("login"):
        faults["login"] = page.say(N_("Type your login name."))
    if not form.values.get("password"):
        faults["password"] = page.say(N_("Type your password."))
    return faults


def _refused(form: Form, refusal: OrderlightError) -> Form:
    return form.refused(refusal) if isinstance(refusal, Invalid) else form.with_faults({}, refusal.detail)
