"""JSON text: for what is kept and answered, and in the canonical form that hashes of events are taken over."""

import json.encoder
from collections.abc import Callable
from typing import Any

import msgspec

Encode = Callable[[Any], str]

#: The value as compact JSON in UTF-8; frozen dataclasses such as a receipt as objects of their fields.
json_bytes = msgspec.json.encode

#: What compact JSON says, in plain values.
json_value = msgspec.json.decode


def json_text(value: Any) -> str:
    """The value as compact JSON; raises TypeError for what has no JSON, ValueError for a lone surrogate."""
    return json_bytes(value).decode()


def encoder(*, sort_keys: bool = False, ensure_ascii: bool = True) -> Encode:
    """What turns a value into compact JSON text; raises ValueError for NaN and infinity, TypeError for the rest."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        plain = json.JSONEncoder(sort_keys=sort_keys, ensure_ascii=ensure_ascii, separators=(",", ":"), allow_nan=False)
        return plain.encode
    text = json.encoder.encode_basestring_ascii if ensure_ascii else json.encoder.encode_basestring
    encode = make(None, _refuse, text, None, ":", ",", sort_keys, False, False)
    return lambda value: "".join(encode(value, 0))


def _refuse(value: Any) -> Any:
    raise TypeError(f"Failed to write {type(value).__name__} as JSON: expected text, number, list or object.")
