"""Looking up many rows at once."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, any_, func, literal
from sqlalchemy.dialects.postgresql import ARRAY


def among(
    connection: Connection, column: ColumnElement[Any], values: Iterable[Any] | Select[Any]
) -> ColumnElement[bool]:
    """
    Whether a column is one of these values.

    On PostgreSQL they are one parameter, so that a statement is the same text for any number of
    them, and is parsed and planned once. Nor does a young table tempt it to read all rows for each.
    """
    if connection.dialect.name != "postgresql":
        return column.in_(values if isinstance(values, Select) else list(values))
    if isinstance(values, Select):
        return column == any_(func.array(values.scalar_subquery()))
    return column == any_(literal(list(values), ARRAY(column.type)))
