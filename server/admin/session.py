"""Signing in, who am I, signing out, and passwords."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response
from pydantic import StringConstraints

from server.auth.cookies import clear_session_cookie, set_session_cookie
from server.auth.http import CurrentPrincipal, DatabaseDep, SettingsDep, client_address
from server.auth.principal import Principal
from server.auth.sessions import SignIn, sign_out
from server.http.fields import Shown, Strict
from server.settings.clock import utc_now

router = APIRouter(prefix="/api/v1", tags=["session"])

Secret = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=False)]


def get_sign_in(request: Request) -> SignIn:
    """The door for passwords of this server."""
    return cast(SignIn, request.app.state.sign_in)


SignInDep = Annotated[SignIn, Depends(get_sign_in)]


class Login(Strict):
    """Who wants in."""

    login: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    password: Secret


class PasswordChange(Strict):
    """The password so far, and the one to come."""

    current: Secret
    new: Secret


class LinkPassword(Strict):
    """The token of a one-time link, and the password to set by it."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    password: Secret


class Me(Shown):
    """Who is calling."""

    kind: str
    actor: str
    name: str
    role: str | None
    customer_id: int | None
    station_key: str | None
    gateway: str | None
    language: str
    must_change_password: bool

    @classmethod
    def of(cls, principal: Principal) -> "Me":
        """The caller as he may see himself."""
        return cls(**{name: getattr(principal, name) for name in cls.model_fields})


@router.post("/session")
def log_in(body: Login, request: Request, response: Response, *, sign_in: SignInDep, settings: SettingsDep) -> Me:
    """Sign a browser in by login and password; the answer sets the cookie."""
    signed_in = sign_in.enter(login=body.login, password=body.password, address=client_address(request), now=utc_now())
    set_session_cookie(response, signed_in.token, settings)
    return Me.of(signed_in.principal)


@router.get("/session")
async def who_am_i(principal: CurrentPrincipal) -> Me:
    """Who the cookie or the key belongs to."""
    return Me.of(principal)


@router.delete("/session", status_code=204)
def log_out(request: Request, principal: CurrentPrincipal, *, database: DatabaseDep, settings: SettingsDep) -> Response:
    """Sign this browser out."""
    token = request.cookies.get(settings.cookie("sid"))
    if token:
        database.write(lambda session: sign_out(session, token, actor=principal.actor, now=utc_now()))
    response = Response(status_code=204)
    clear_session_cookie(response, settings)
    return response


@router.post("/password", status_code=204)
def change_password(
    body: PasswordChange, request: Request, principal: CurrentPrincipal, *, sign_in: SignInDep, settings: SettingsDep
) -> None:
    """Change one's own password; every other browser of this person is signed out."""
    sign_in.change_password(
        principal,
        current=body.current,
        new=body.new,
        address=client_address(request),
        token=request.cookies.get(settings.cookie("sid"), ""),
        now=utc_now(),
    )


@router.post("/set-password", status_code=204)
def set_password_by_link(body: LinkPassword, *, sign_in: SignInDep) -> None:
    """Set a password by a one-time link, which is then used up."""
    sign_in.set_password_by_link(token=body.token, password=body.password, now=utc_now())
