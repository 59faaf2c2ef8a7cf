"""A large table is loaded without its indexes: one is built faster than it is kept."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text


@contextmanager
def without_indexes(connection: Any, names: Sequence[str]) -> Iterator[None]:
    """Meanwhile these tables have none; they have all of them again afterwards."""
    constraints = connection.execute(
        text(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE conrelid::regclass::text = ANY(:names)"
            " AND contype IN ('p', 'u')"
        ),
        {"names": list(names)},
    ).all()
    for table, name, _ in constraints:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    indexes = connection.execute(
        text("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(:names)"),
        {"names": list(names)},
    ).all()
    for name, _ in indexes:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    yield
    for table, name, definition in constraints:
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for _, definition in indexes:
        connection.exec_driver_sql(definition)
