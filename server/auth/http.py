"""What a route asks for: who is calling, may he, and the database. `app` puts the parts on `app.state`."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, cast

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from server.auth.authenticate import Authenticator, Credentials
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.auth.visits import number_of, visits_in
from server.db import Database
from server.errors import Forbidden, Unauthorized
from server.messages import READER
from server.messages import translate as _
from server.settings import Settings

#: What a person whose password must be changed may still do.
_BEFORE_PASSWORD_CHANGE = ("/api/v1/session", "/api/v1/password", "/password", "/logout")


def get_database(request: Request) -> Database:
    """The database of this server."""
    return cast(Database, request.app.state.database)


def get_settings(request: Request) -> Settings:
    """The settings of this server."""
    return cast(Settings, request.app.state.settings)


def get_authenticator(request: Request) -> Authenticator:
    """The one who knows who is asking."""
    return cast(Authenticator, request.app.state.authenticator)


# A plain function as a dependency would be called on a thread, which costs more than all the rest of a short request.
async def _database(request: Request) -> Database:
    return get_database(request)


async def _settings(request: Request) -> Settings:
    return get_settings(request)


def client_address(request: Request) -> str:
    """Where the request came from, for limits and the audit."""
    return request.client.host if request.client is not None else "unknown"


def credentials_of(request: Request, settings: Settings, *, only: str | None = None) -> Credentials:
    """What the request brought along; visits apart; `only` limits it to one kind of cookie: session or device."""
    return read_credentials(request.headers, request.cookies, settings, only=only)


def read_credentials(
    headers: Mapping[str, str], cookies: Mapping[str, str], settings: Settings, *, only: str | None = None
) -> Credentials:
    """Credentials from headers and cookies; with an Authorization header no cookie counts."""
    authorization = headers.get("authorization", "")
    scheme, _, bearer = authorization.partition(" ")
    if authorization and only is None:
        return Credentials(bearer=bearer.strip() if scheme.lower() == "bearer" and bearer.strip() else "-")
    kinds = {"session": "sid", "device": "device"}
    found = {kind: cookies.get(settings.cookie(name)) for kind, name in kinds.items() if only in (None, kind)}
    return Credentials(**found)


def candidates(request: Request, settings: Settings, *, only: str | None = None) -> list[Credentials]:
    """What may tell who is calling, the strongest first; a browser may have several visits by private links."""
    strongest = credentials_of(request, settings, only=only)
    if strongest.bearer or strongest.session or strongest.device:
        return [strongest]
    kinds = [kind for kind in ("visit", "quote") if only in (None, kind)]
    return [each for kind in kinds for each in visits_in(request.cookies, settings, kind)]


async def find_principal(request: Request, *, only: str | None = None, of: str | None = None) -> Principal | None:
    """Who is calling, or None; `of` is the number of what a visit has to lead to."""
    for credentials in candidates(request, get_settings(request), only=only):
        principal = await _known(request, credentials)
        if principal is not None and (of is None or number_of(principal, only or "visit") == of):
            return principal
    return None


async def find_principals(request: Request) -> list[Principal]:
    """Everybody who is known at this browser: who signed in, and each visit."""
    settings = get_settings(request)
    kinds = ("visit", "quote")
    every = [credentials for kind in kinds for credentials in candidates(request, settings, only=kind)]
    found = [await find_principal(request), *[await _known(request, credentials) for credentials in every]]
    return [principal for principal in found if principal is not None]


async def _known(request: Request, credentials: Credentials) -> Principal | None:
    """From memory on the event loop, from the database on a thread."""
    authenticator = get_authenticator(request)
    is_known, principal = authenticator.remembered(credentials)
    if not is_known:
        principal = await run_in_threadpool(authenticator.authenticate, credentials)
    reader = READER.get()
    if reader is not None and principal is not None:
        reader.knows(principal.own_language)
    return principal


async def optional_principal(request: Request) -> Principal | None:
    """Who is calling, or None for a stranger."""
    return await find_principal(request)


async def current_principal(request: Request) -> Principal:
    """Who is calling; a stranger gets 401, and who must change his password can do only that."""
    principal = await find_principal(request)
    if principal is None:
        if request.headers.get("authorization"):
            message = _("This key is not valid here, or not any more. Ask the administrator for a new one.")
            raise Unauthorized(message, reason="key_not_valid")
        raise Unauthorized
    if principal.must_change_password and not request.url.path.startswith(_BEFORE_PASSWORD_CHANGE):
        raise Forbidden(_("Set a new password first, then go on."), reason="password_change_needed")
    return principal


async def visit_principal(request: Request) -> Principal:
    """The customer who came by the private link of an order, whoever else is signed in at this browser.

    One who came by the link of a quote alone may follow what he ordered. Of several visits the address chooses one by
    the number of its order, `visited`; without that it is the newest.
    """
    for kind in ("visit", "quote"):
        for each in candidates(request, get_settings(request), only=kind):
            principal = await _known(request, each)
            if principal is not None and request.path_params.get("visited") in (None, principal.order_number):
                return principal
    raise Unauthorized(_("Open your order by the link you were given."), reason="no_visit")


async def quote_principal(request: Request) -> Principal:
    """The customer who came by the private link of a quote, whatever else is open in this browser.

    Of several visits the address chooses one by the number of its quote, `visited`; without that it is the newest.
    """
    principal = await find_principal(request, only="quote", of=request.path_params.get("visited"))
    if principal is None:
        raise Unauthorized(_("Open your quote by the link you were given."), reason="no_visit")
    return principal


def require(permission: Permission) -> Callable[[Request], Awaitable[Principal]]:
    """A dependency that lets through who has the right: `Annotated[Principal, Depends(require(Permission.SCAN))]`."""

    async def permitted(request: Request) -> Principal:
        principal = await current_principal(request)
        if not principal.may(permission):
            raise Forbidden(extra={"permission": permission.value})
        return principal

    return permitted


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
VisitPrincipal = Annotated[Principal, Depends(visit_principal)]
QuoteVisitor = Annotated[Principal, Depends(quote_principal)]
DatabaseDep = Annotated[Database, Depends(_database)]
SettingsDep = Annotated[Settings, Depends(_settings)]
AdminPrincipal = Annotated[Principal, Depends(require(Permission.ADMIN))]
