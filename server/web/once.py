"""A form that is sent twice does its work once: by a second click, by going back, or after a connection that broke."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.http.idempotency import Answer, Retry, once
from server.web.entry import attempt
from server.web.forms import ONCE, Form
from server.web.page import Page

T = TypeVar("T")


def attempt_once(
    page: Page,
    principal: Principal,
    form: Form,
    work: Callable[[Session], T],
    *,
    fields: Mapping[str, str] | None = None,
) -> T:
    """What `work` gives, in values of JSON; of the first time, if the same was sent from the same showing before.

    Whoever typed something else since has sent another form. Raises Fault.
    """
    if not form.text(ONCE):
        return attempt(page, form, work, fields=fields)
    retry = _retry(page, principal, form)

    def make(session: Session) -> Any:
        return once(session, retry, lambda: Answer(303, work(session)), now=page.now).body

    return cast(T, attempt(page, form, make, fields=fields))


def _retry(page: Page, principal: Principal, form: Form) -> Retry:
    request = (page.request.url.path, dict(form.values))
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    return Retry(principal.actor, f"form:{digest}", request)
