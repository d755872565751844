"""What a form brought: text fields by name, what was wrong with them, and the two together for showing it again."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request

from server.errors import FieldError, Invalid

#: The hidden field that tells one showing of a form from another (server.web.once).
ONCE = "once"


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form as they were typed, with a sentence for each that is wrong."""

    values: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    #: What is wrong with the form as a whole.
    fault: str | None = None

    def text(self, name: str, otherwise: str = "") -> str:
        """A field without the blanks around it."""
        return self.values.get(name, otherwise).strip()

    def get(self, name: str) -> str | None:
        """A field, or None when it was left empty."""
        return self.text(name) or None

    def checked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return self.values.get(name) not in (None, "", "0", "off")

    def with_faults(self, faults: Mapping[str, str], fault: str | None = None) -> "Form":
        """The same typing, now with what is wrong."""
        return Form(self.values, faults, fault)

    def refused(self, error: Invalid) -> "Form":
        """The same typing with the faults that a service found."""
        return self.with_faults(_by_field(error.errors), None if error.errors else error.detail)


def fresh_token() -> str:
    """What tells a form that is shown anew from all that were shown before."""
    return secrets.token_urlsafe(12)


def _by_field(errors: Sequence[FieldError]) -> dict[str, str]:
    return {error.field: error.message for error in errors}


async def read_form(request: Request) -> Form:
    """The dependency of a form's POST: its text fields; files are read by those who want them."""
    posted = await request.form()
    return Form({name: value for name, value in posted.items() if isinstance(value, str)})
