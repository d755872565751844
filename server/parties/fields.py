"""Field types of the site and of customers: what exists in the world, and what is written in one way alone."""

import re
from decimal import Decimal
from typing import Annotated

from babel import Locale
from pydantic import AfterValidator, Field, StringConstraints

from server.http.fields import ShortText
from server.messages import translate as _

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_VAT = re.compile(r"[A-Z0-9+*]{4,20}")
_COUNTRIES = frozenset(code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha())


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError(_("Expected an e-mail address such as name@example.com, got {text!r}.").format(text=text))
    return text


def _country(code: str) -> str:
    if code not in _COUNTRIES:
        raise ValueError(_("Expected a country of ISO 3166-1 such as DE, got {code!r}.").format(code=code))
    return code


def _vat_number(text: str) -> str:
    plain = re.sub(r"[\s.\-/]", "", text).upper()
    if not _VAT.fullmatch(plain):
        message = _("Expected a tax number such as DE123456789, got {text!r}.")
        raise ValueError(message.format(text=text[:40]))
    return plain


RowId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Email = Annotated[str, StringConstraints(max_length=200), AfterValidator(_email)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), AfterValidator(_country)]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
#: EPC tag data knows company prefixes of 6 to 12 digits (GS1 EPC Tag Data Standard 14.3).
CompanyPrefix = Annotated[str, StringConstraints(pattern=r"^\d{6,12}$")]
Phone = Annotated[str, StringConstraints(pattern=r"^[0-9+()/ .-]{3,60}$")]
PostalCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 -]{1,20}$")]
VatNumber = Annotated[str, StringConstraints(max_length=40), AfterValidator(_vat_number)]
Segment = Annotated[ShortText, StringConstraints(max_length=40)]
Days = Annotated[int, Field(ge=0, le=365)]
Percent = Annotated[Decimal, Field(gt=0, le=100, max_digits=6, decimal_places=3, allow_inf_nan=False)]
Priority = Annotated[int, Field(ge=1, le=9)]
CustomerNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,28}$")]
