"""The declarative base and the row version that guards against stale edits."""

from typing import Any, ClassVar

from sqlalchemy import Integer, MetaData, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table of the server."""

    metadata = MetaData(naming_convention=NAMING)


def table_of(model: type[Any]) -> Table:
    """The table of a model, for statements that go past the mapper."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


class Versioned:
    """A row with a version that rises with every change; If-Match compares it (RFC 9110, 13.1.1)."""

    __abstract__: ClassVar[bool] = True
    row_version: Mapped[int] = mapped_column(Integer, nullable=False, default=1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, object]:
        return {"version_id_col": cls.row_version}
