"""What programs send and get about reels."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from server.http.fields import Shown, Strict, one_line

ReelName = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(one_line)]


class ReelChoice(Strict):
    """The reel that names what is made for a line of an order."""

    line: Annotated[int, Field(ge=1, le=10_000)]
    reel: ReelName


class ReleaseBody(Strict):
    """From which reels units get their codes; without one, they have those alone that every unit gets."""

    reels: Annotated[list[ReelChoice], Field(max_length=200)] = []


class ReelOut(Shown):
    """A reel of codes."""

    reel: str
    #: How many labels it had, and how many are on it still.
    codes: int
    left: int


class ReelList(Shown):
    """A page of reels."""

    items: list[ReelOut]
    next: str | None
