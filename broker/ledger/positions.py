"""How far each topic was read, kept with what was decided."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select, text

from broker.ledger import tables as t


def positions(connection: Connection, topics: Iterable[str]) -> dict[tuple[str, str], Any]:
    """The rows of `position` by topic and topic id."""
    p = t.position.c
    query = select(t.position).where(p.topic.in_(set(topics)))
    return {(row.topic, row.topic_id): row for row in connection.execute(query)}


def advance(connection: Connection, moved: Iterable[dict[str, Any]]) -> None:
    """Move positions and their counters, in the transaction of what was decided."""
    rows = list(moved)
    if rows:
        connection.execute(_ADVANCE, rows)


_ADVANCE = text(
    "INSERT INTO position (topic, topic_id, next, read, accepted, repeated, rejected)"
    " VALUES (:topic, :topic_id, :next, :read, :accepted, :repeated, :rejected)"
    " ON CONFLICT (topic, topic_id) DO UPDATE SET next = excluded.next,"
    " read = position.read + excluded.read, accepted = position.accepted + excluded.accepted,"
    " repeated = position.repeated + excluded.repeated,"
    " rejected = position.rejected + excluded.rejected"
)
