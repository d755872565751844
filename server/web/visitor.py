"""Who follows an order without signing in: by its own private link, or by that of the quote it was placed by."""

from typing import Annotated, Final

from fastapi import Depends, Request

from server.auth.http import quote_principal, visit_principal
from server.auth.principal import Principal

#: Below this address stands what the link of a quote opens, the order among it.
_BY_QUOTE: Final = "/quote/"


async def order_visitor(request: Request) -> Principal:
    """The visit whose order the address is about; the beginning of the address says which kind of link led to it."""
    known = quote_principal if request.url.path.startswith(_BY_QUOTE) else visit_principal
    return await known(request)


OrderVisitor = Annotated[Principal, Depends(order_visitor)]
