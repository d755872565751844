"""What is wrong with a field, in our words: pydantic's kinds of errors, each with a sentence that can be translated."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from server.messages import N_

_WHOLE: Final = N_("Write a whole number, such as 5.")
_NUMBER: Final = N_("Write a number, such as 2.5.")
_LARGE: Final = N_("This number is too large.")
_DATE: Final = N_("Write a date such as 2026-11-27.")
_TIME: Final = N_("Write a time with its zone, such as 2026-11-22T08:00:00Z.")
_LISTED: Final = N_("Choose one of the list.")
_BOOL: Final = N_("Write true or false.")

#: Kind of error -> what is said of it; what is missing here is said by OTHERWISE.
SENTENCES: Final[Mapping[str, str]] = {
    "missing": N_("Fill this in."),
    "string_too_short": N_("Fill this in."),
    "string_type": N_("Fill this in."),
    "string_too_long": N_("This is too long: %(max_length)s characters at most."),
    "too_short": N_("At least one is needed."),
    "too_long": N_("These are too many: %(max_length)s at most."),
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": _LARGE,
    "decimal_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_max_digits": _LARGE,
    "decimal_whole_digits": _LARGE,
    "decimal_max_places": N_("This number has too many places: %(decimal_places)s at most."),
    "greater_than": N_("This must be more than %(gt)s."),
    "greater_than_equal": N_("This must be at least %(ge)s."),
    "less_than": N_("This must be less than %(lt)s."),
    "less_than_equal": N_("This must be at most %(le)s."),
    "enum": _LISTED,
    "literal_error": _LISTED,
    "date_parsing": _DATE,
    "date_type": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "datetime_parsing": _TIME,
    "datetime_type": _TIME,
    "datetime_from_date_parsing": _TIME,
    "timezone_aware": _TIME,
    "bool_parsing": _BOOL,
    "bool_type": _BOOL,
    "list_type": N_("A list is expected here."),
    "tuple_type": N_("A list is expected here."),
    "dict_type": N_("An object with fields is expected here."),
    "model_type": N_("An object with fields is expected here."),
    "model_attributes_type": N_("An object with fields is expected here."),
    "extra_forbidden": N_("There is no field of this name here."),
    "json_invalid": N_("This is not valid JSON."),
    "none_required": N_("Nothing may stand here."),
}
OTHERWISE: Final = N_("This does not have the form that is expected here.")


def sentence_of(error: Mapping[str, Any], translate: Callable[[str], str], *, otherwise: str = OTHERWISE) -> str:
    """The sentence for one of pydantic's errors, which never repeats what was sent."""
    kind, context = str(error["type"]), error.get("ctx") or {}
    own = context.get("error")
    if kind == "value_error" and isinstance(own, ValueError):
        # It may quote half a character, which no page can hold.
        return str(own).encode(errors="replace").decode()
    words = translate(SENTENCES.get(kind, otherwise))
    return words % {name: str(value) for name, value in context.items()} if "%(" in words else words
