"""A form made from what is stored no more: what differs stands with each field, and what was typed stays."""

from datetime import date

from server.messages import N_
from server.web.entry import Fault
from server.web.forms import ONCE, Form
from server.web.page import Page

_STALE = N_(
    "%(what)s was changed meanwhile, so nothing was stored. What is stored now stands with each field that differs; "
    "what you save next replaces it."
)
_VERSION = "row_version"


def require_fresh(page: Page, form: Form, stored: Form, *, what: str) -> None:
    """Raise Fault (409) unless the form was made from the version that is stored.

    The form that it carries has the stored version, so that whoever has read the difference may save.
    """
    if form.text(_VERSION) == stored.text(_VERSION):
        return
    names = [name for name in {**stored.values, **form.values} if name not in (_VERSION, ONCE)]
    differing = [name for name in names if form.text(name) != stored.text(name)]
    told = {name: page.say(N_("Stored now: %(value)s"), value=_in_words(page, stored.text(name))) for name in differing}
    shown = Form({**form.values, _VERSION: stored.text(_VERSION)})
    raise Fault(shown.with_faults(told, page.say(_STALE, what=what)), 409)


def _in_words(page: Page, stored: str) -> str:
    """The value as pages write it: a day as a day."""
    try:
        return page.formats.long_day(date.fromisoformat(stored)) if stored else "–"
    except ValueError:
        return stored
