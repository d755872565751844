"""A form that is sent twice does its work once: by a second click, by going back, or after a connection that broke."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from sqlalchemy.orm import Session

from server.auth.principal import Principal
from server.errors import Conflict, Invalid
from server.http.idempotency import Answer, Retry, once
from server.web.entry import fault_of
from server.web.forms import ONCE, Form
from server.web.page import Page

T = TypeVar("T")


def write_once(page: Page, principal: Principal, form: Form, work: Callable[[Session], T]) -> T:
    """What `work` gives in its transaction, in values of JSON; of the first time, if this form was sent before.

    Whoever typed something else since, or was shown the form anew, has sent another form.
    """
    if not form.text(ONCE):
        return page.database.write(work)
    retry = _retry(page, principal, form)

    def make(session: Session) -> Any:
        return once(session, retry, lambda: Answer(303, {"made": work(session)}), now=page.now).body["made"]

    return cast(T, page.database.write(make))


def attempt_once(
    page: Page,
    principal: Principal,
    form: Form,
    work: Callable[[Session], T],
    *,
    fields: Mapping[str, str] | None = None,
) -> T:
    """The same; raises Fault. `fields` tells which field a reason is about."""
    try:
        return write_once(page, principal, form, work)
    except (Invalid, Conflict) as refusal:
        raise fault_of(form, refusal, fields) from refusal


def _retry(page: Page, principal: Principal, form: Form) -> Retry:
    request = (page.request.url.path, dict(form.values))
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    return Retry(principal.actor, f"form:{digest}", request)
