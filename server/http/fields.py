"""Field types for the programming interface: bounded, clean text; finite decimals; codes that exist."""

import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints, model_validator

from server.http.currencies import CURRENCIES
from server.messages import translate as _

FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2100, 12, 31)
#: Persian, Indic scripts and emoji are spelled with these two invisible characters.
JOINERS = "\u200c\u200d"
#: What people write in Arabic or Hebrew, or bring along from a word processor: marks that turn nothing but the sign
#: beside them, and the soft hyphen. In prose nothing passes for something else by them; in a name it would.
PROSE = "\n\t\u200e\u200f\u061c\u00ad"


class Strict(BaseModel):
    """A body that a program sends: an unknown field is a mistake, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Patch(Strict):
    """A change of some fields; null empties a field that may be empty, and is a mistake for any other."""

    emptyable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _no_stray_nulls(self) -> Self:
        nulls = sorted(name for name in self.model_fields_set - self.emptyable if getattr(self, name) is None)
        if nulls:
            raise ValueError(_("Expected a value, got null for {fields}.").format(fields=", ".join(nulls)))
        return self

    def changed(self) -> dict[str, Any]:
        """The fields that were sent, with their new values."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


def _without_internal(schema: dict[str, Any], model: type[Any]) -> None:
    """No answer promises everybody what customers are not told."""
    if "required" in schema:
        schema["required"] = [name for name in schema["required"] if name not in model.internal]


class Shown(BaseModel):
    """A body that we answer with; see `server.http.outside` for what of it customers are told."""

    #: The fields that only our own people have in their answers.
    internal: ClassVar[frozenset[str]] = frozenset()

    model_config = ConfigDict(frozen=True, json_schema_extra=_without_internal)


def one_line(text: str) -> str:
    """The text, which has no control characters; raises ValueError."""
    return _clean(text, allowed="")


def several_lines(text: str) -> str:
    """The text, which has no control characters but those of prose; line ends become newlines."""
    return _clean(text.replace("\r\n", "\n"), allowed=PROSE)


def _clean(text: str, *, allowed: str) -> str:
    for position, character in enumerate(text, 1):
        # Surrogates cannot be stored as UTF-8, PostgreSQL takes no NUL, and what turns the direction of writing
        # or cannot be seen makes one name pass for another.
        if character not in allowed + JOINERS and unicodedata.category(character) in ("Cc", "Cf", "Cs"):
            message = _("Expected text without control characters, got U+{code:04X} as character {position}.")
            raise ValueError(message.format(code=ord(character), position=position))
    return text


def currency(code: str) -> str:
    """The code, which ISO 4217 knows; raises ValueError."""
    if code not in CURRENCIES:
        raise ValueError(_("Expected a currency of ISO 4217 such as EUR, got {code!r}.").format(code=code))
    return code


def time_zone(name: str) -> str:
    """The name, which the time zone database knows; raises ValueError."""
    # Only listed names are opened, for the name is otherwise a path into the file system.
    if name not in available_timezones():
        raise ValueError(_("Expected a time zone such as Europe/Berlin, got {name!r}.").format(name=name))
    ZoneInfo(name)
    return name


def plain(value: Decimal) -> str:
    """The number in digits, without trailing zeros or an exponent: 20, 0.5.

    >>> plain(Decimal("20.000000")), plain(Decimal("0.500000"))
    ('20', '0.5')
    """
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(_("Expected a time with its zone, such as 2026-11-22T08:00:00Z."))
    if not FIRST_DAY.year <= value.year <= LAST_DAY.year:
        # At the ends of the calendar a time cannot be moved to another zone.
        message = _("Expected a year from {first} to {last}, got {got}.")
        raise ValueError(message.format(first=FIRST_DAY.year, last=LAST_DAY.year, got=value.year))
    return value


Name = Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(one_line)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=80), AfterValidator(one_line)]
LongName = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(one_line)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(several_lines)]
ReasonText = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(one_line)]
#: Lower case in addresses: cut-1.
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(currency)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(?:-[A-Za-z]{2,4})?$")]
ZoneName = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(time_zone)]
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
AwareTime = Annotated[datetime, AfterValidator(_aware)]

#: More than nothing, to one millionth.
PositiveQuantity = Annotated[Decimal, Field(gt=0, max_digits=15, decimal_places=6, allow_inf_nan=False)]
#: Minutes, nothing included; a year at most.
Minutes = Annotated[Decimal, Field(ge=0, le=525600, max_digits=12, decimal_places=6, allow_inf_nan=False)]
Amount = Annotated[Decimal, Field(ge=0, max_digits=16, decimal_places=4, allow_inf_nan=False)]

#: A share in percent: nothing, the whole, or between.
Share = Annotated[Decimal, Field(ge=0, le=100, max_digits=7, decimal_places=4, allow_inf_nan=False)]

#: Decimals leave as text in plain digits, so that no reader rounds them.
ShownDecimal = Annotated[Decimal, PlainSerializer(plain, return_type=str, when_used="json")]


def configuration(value: dict[str, Any]) -> dict[str, str]:
    """Chosen options as clean text by name; raises ValueError."""
    if len(value) > 40:
        raise ValueError(_("Expected at most 40 options, got {got}.").format(got=len(value)))
    clean: dict[str, str] = {}
    for name, choice in value.items():
        if not isinstance(choice, str) or not 1 <= len(name) <= 60 or len(choice) > 200:
            message = _("Expected options as text by name, names of 1 to 60 characters, choices of at most 200.")
            raise ValueError(message)
        clean[one_line(name)] = one_line(choice)
    return clean


Configuration = Annotated[dict[str, Any], AfterValidator(configuration)]
