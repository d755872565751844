"""How much a customer may write in a while: his login and each private link are counted for themselves.

What our own people and programs write is not counted.
"""

import math

from fastapi import Request

from server.auth.limiter import Limiter
from server.auth.principal import Principal
from server.errors import TooMany
from server.messages import translate as _

MESSAGES, SECONDS = 20, 300.0


def new_talk_limit() -> Limiter:
    """The counter of one server."""
    return Limiter(MESSAGES, SECONDS)


def count_message(request: Request, principal: Principal) -> None:
    """Count what a customer is about to write: a message, a case, a wish. Raises TooMany."""
    if principal.kind != "visit" and principal.customer_id is None:
        return
    wait = request.app.state.talk_limit.try_once(principal.actor)
    if wait:
        message = _("You have written {number} times in a few minutes. We read everything; go on in {seconds} seconds.")
        told = message.format(number=MESSAGES, seconds=math.ceil(wait))
        raise TooMany(told, retry_after=math.ceil(wait), reason="too_many_messages")
