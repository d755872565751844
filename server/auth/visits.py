"""Several private links in one browser: each kind has one cookie, which keeps the newest visits, the newest first."""

from collections.abc import Mapping

from fastapi import Request

from server.auth.authenticate import Authenticator, Credentials
from server.auth.principal import Principal
from server.settings import Settings

#: A browser follows so many orders, and as many quotes, at once; the oldest gives way.
MOST_VISITS = 8
#: Tokens are made of letters, digits, - and _.
_BETWEEN = "."


def visits_in(cookies: Mapping[str, str], settings: Settings, kind: str) -> list[Credentials]:
    """The visits of a kind (visit or quote) that the browser brought along, the newest first."""
    tokens = cookies.get(settings.cookie(kind), "").split(_BETWEEN)[:MOST_VISITS]
    return [Credentials(visit=token) if kind == "visit" else Credentials(quote=token) for token in tokens if token]


def with_visit(request: Request, settings: Settings, authenticator: Authenticator, began: Credentials) -> str:
    """The cookie after a visit began: it goes before the others, and takes the place of one to the same thing."""
    kind = "visit" if began.visit else "quote"
    found = authenticator.authenticate(began)
    kept = [began]
    for each in visits_in(request.cookies, settings, kind):
        known = authenticator.authenticate(each)
        if known is not None and found is not None and number_of(known, kind) != number_of(found, kind):
            kept.append(each)
    return _BETWEEN.join(each.visit or each.quote or "" for each in kept[:MOST_VISITS])


def number_of(visitor: Principal, kind: str) -> str | None:
    """What a visit of this kind leads to: its quote, or an order, whichever link that came by."""
    return visitor.quote_number if kind == "quote" else visitor.order_number
