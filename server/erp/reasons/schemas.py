"""What programs send and get about reason codes."""

from typing import Annotated, Self

from pydantic import StringConstraints, field_validator

from orderlight.autoid import OwnCode
from server.erp.reasons.models import ReasonCode
from server.http.fields import Patch, ShortText, Shown, Strict
from server.messages import translate as _
from server.tracking.states import Command, ReasonKind

Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,20}$")]


class ReasonCodeIn(Strict):
    """A new reason."""

    code: Code
    kind: ReasonKind
    name: ShortText

    @field_validator("code")
    @classmethod
    def _is_no_command(cls, code: str) -> str:
        if code in Command.__members__:
            raise ValueError(_("{code} is a command. Choose another code.").format(code=code))
        return code


class ReasonCodePatch(Patch):
    """What changes of a reason."""

    name: ShortText | None = None
    active: bool | None = None


class ReasonCodeOut(Shown):
    """A reason."""

    code: str
    #: What its card says.
    card: str
    kind: str
    name: str
    active: bool
    row_version: int

    @classmethod
    def of(cls, reason: ReasonCode) -> Self:
        """The answer for a reason."""
        own = {field: getattr(reason, field) for field in cls.model_fields if field != "card"}
        return cls(**own, card=str(OwnCode("C", reason.code)))


class ReasonCodeList(Shown):
    """A page of reasons."""

    items: list[ReasonCodeOut]
    next: str | None
