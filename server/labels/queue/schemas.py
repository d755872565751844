"""What programs send and get about printers and print jobs."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints

from server.http.fields import Key, Patch, PositiveQuantity, ShortText, Shown, ShownDecimal, Strict
from server.labels.queue.models import Printer, PrintJob
from server.labels.wanted import LabelKind

#: A name or address on the network; no path, no port.
Host = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[0-9A-Za-z](?:[0-9A-Za-z.:_-]*)$")]
#: Ports below are other services' than printers'.
Port = Annotated[int, Field(ge=1024, le=65535)]
Dpi = Literal[152, 203, 300, 600]
Millimetres = Annotated[Decimal, Field(ge=10, le=300, max_digits=5, decimal_places=2, allow_inf_nan=False)]
Copies = Annotated[int, Field(ge=1, le=50)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=160, pattern=r"^[^\x00-\x1f\x7f]+$")]


class PrinterIn(Strict):
    """A new printer."""

    key: Key
    name: ShortText
    host: Host
    port: Port = 9100
    dpi: Dpi = 203
    width_mm: Millimetres
    height_mm: Millimetres
    asks_status: bool = True


class PrinterPatch(Patch):
    """What changes of a printer."""

    name: ShortText | None = None
    host: Host | None = None
    port: Port | None = None
    dpi: Dpi | None = None
    width_mm: Millimetres | None = None
    height_mm: Millimetres | None = None
    asks_status: bool | None = None
    active: bool | None = None


class PrinterOut(Shown):
    """A printer, and how many of its jobs are not ended."""

    key: str
    name: str
    host: str
    port: int
    dpi: int
    width_mm: ShownDecimal
    height_mm: ShownDecimal
    asks_status: bool
    active: bool
    row_version: int

    @classmethod
    def of(cls, printer: Printer) -> Self:
        """The answer for a printer."""
        return cls(**{field: getattr(printer, field) for field in cls.model_fields})


class PrinterList(Shown):
    """A page of printers."""

    items: list[PrinterOut]
    next: str | None


class PrintIn(Strict):
    """Labels to print: of all units of a `work_order`, a `unit`, `box` or `product`, a `lot` as sku/lot, or cards."""

    printer: Key
    kind: LabelKind
    reference: Reference
    copies: Copies = 1
    #: Of a `lot`, how much is in what its label is put on.
    quantity: PositiveQuantity | None = None


class PrintJobOut(Shown):
    """A job: one label."""

    id: int
    printer: str
    kind: str
    reference: str
    title: str
    copies: int
    state: str
    trouble: str | None
    tries: int
    next_try_at: datetime
    sent_at: datetime | None
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    reprint_of: int | None

    @classmethod
    def of(cls, job: PrintJob) -> Self:
        """The answer for a job."""
        own = {field: getattr(job, field) for field in cls.model_fields if field != "printer"}
        return cls(**own, printer=job.printer.key)


class PrintJobList(Shown):
    """A page of jobs, or those that were just made."""

    items: list[PrintJobOut]
    next: int | None
