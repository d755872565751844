"""Column types that mean the same on SQLite and PostgreSQL."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

#: SQLite numbers rows by itself only for the exact type INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; a naive one is refused, for nobody could tell its zone afterwards."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"Failed to store time {value!r}: expected an aware time, got a naive one.")
        # SQLite keeps text without a zone, so every stored time is UTC by rule.
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        """How a column's values are read; on SQLite in one step, for lists read thousands of times."""
        return _read_utc if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _read_utc(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value + "+00:00")


class _Scaled(TypeDecorator[Decimal]):
    """A Decimal kept as a whole number of its smallest part, so that SQLite adds it exactly."""

    impl = BigInteger
    cache_ok = True
    places = 0

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        scaled = Decimal(value).scaleb(self.places)
        whole = int(scaled)
        if whole != scaled:
            raise ValueError(f"Failed to store {value}: expected at most {self.places} decimal places.")
        return whole

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Decimal | None]:
        """How a column's values are read, in one step: every engine gives whole numbers as they are."""
        places = -self.places
        return lambda value: None if value is None else Decimal(value).scaleb(places)


class Quantity(_Scaled):
    """A quantity in the product's unit, to one millionth."""

    cache_ok = True
    places = 6


class Money(_Scaled):
    """An amount in the currency named beside it, to one ten-thousandth."""

    cache_ok = True
    places = 4


class Json(TypeDecorator[Any]):
    """A JSON document as compact text: read and written whole, never searched inside."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """How a column's values are read, in one step: every engine gives text as it is."""
        return lambda value: None if value is None else json.loads(value)
