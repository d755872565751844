"""The ways in which a page lets its labels be printed: on a label printer, on a sheet, one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy.orm import Session

from server.auth.permissions import Permission
from server.labels.queue import repository
from server.labels.queue.models import Printer
from server.labels.wanted import LabelKind
from server.web.page import Page


@dataclass(frozen=True, slots=True)
class Offer:
    """Labels that a page offers: their kind and what it is asked for by."""

    kind: LabelKind
    reference: str
    #: Of a lot, how much is in what its label is put on; a number as it was typed, or nothing.
    quantity: str = ""

    @property
    def value(self) -> str:
        """What the form sends: the kind, a space, the reference."""
        return f"{self.kind.value} {self.reference}"

    @property
    def address(self) -> str:
        """Where the labels are given out as files; the form is still to be said."""
        inside = f"quantity={quote(self.quantity, safe='')}&" if self.quantity else ""
        return f"/api/v1/labels/{self.kind.value}/{quote(self.reference, safe='')}?{inside}"


@dataclass(frozen=True, slots=True)
class Ways:
    """What the bar above labels offers."""

    offers: tuple[Offer, ...]
    printers: Sequence[Printer]
    start: int = 1
    #: Whether the page has no files of its own.
    has_files: bool = True


def ways(page: Page, session: Session, *offers: Offer, start: int = 1) -> Ways:
    """The ways for these labels; printers for those alone who may use them."""
    may_print = page.principal is not None and page.principal.may(Permission.LABELS_PRINT)
    return Ways(offers, repository.all_printers(session, active=True) if may_print else (), start)


def offer_of(text: str, quantity: str = "") -> Offer | None:
    """The offer that a form sent, None when there is none such."""
    kind, _, reference = text.partition(" ")
    known: Any = LabelKind.__members__.get(kind.upper())
    return Offer(known, reference, quantity) if known is not None and reference else None
