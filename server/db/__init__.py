"""The database: one engine, typed columns, counters, topics, and the edge that owns every transaction."""

from server.db.base import Base, Versioned, table_of
from server.db.database import Database
from server.db.topics import touch
from server.db.types import BigId, Json, Money, Quantity, UtcDateTime

__all__ = ["Base", "BigId", "Database", "Json", "Money", "Quantity", "UtcDateTime", "Versioned", "table_of", "touch"]
