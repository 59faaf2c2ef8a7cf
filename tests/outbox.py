"""What the decider leaves for the relay: contents, pending deliveries and counts, all made up."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, func, select, text, update

from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.rows import bulk
from broker.ledger.stamping import lock_pending

NOON = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)

_COUNT = text(
    "INSERT INTO inbox (destination, shard, next, sent, decided)"
    " VALUES (:destination, :shard, 1, 0, :decided)"
    " ON CONFLICT (destination) DO UPDATE SET decided = inbox.decided + excluded.decided"
)


def post(ledger: Ledger, *posts: dict[str, Any], shard: int = 0, at: datetime = NOON) -> list[UUID]:
    """Decide on deliveries, given by what is not usual about them; the answer is their ids."""
    with ledger.deciding() as connection:
        return decide(connection, posts, shard, at)


def decide(
    connection: Connection, posts: Sequence[dict[str, Any]], shard: int, at: datetime = NOON
) -> list[UUID]:
    """As `broker.ledger.telling` does it: an urgent one takes along what waits for its child."""
    number = connection.execute(select(func.max(t.delivery.c.number))).scalar() or 0
    urgent = {p["child"] for p in posts if p.get("urgent") and p.get("child")}
    if urgent:
        row = t.delivery.c
        lock_pending(connection, row.rank > 0, row.child.in_(urgent))
        connection.execute(
            update(t.delivery)
            .where(row.sequence.is_(None), row.rank > 0, row.child.in_(urgent))
            .values(rank=0)
        )
    rows, contents = [], []
    for place, given in enumerate(posts, number + 1):
        given = {**given}
        value = given.pop("value", b"\x00\x00\x00\x00\x01made up")
        row = {"rank": 1} | _delivery(place, shard, at) | given
        if row.pop("urgent", False) or row["child"] in urgent:
            row["rank"] = 0
        rows.append(row)
        contents.append(_content(place, at, value))
    bulk(connection, t.content, contents)
    bulk(connection, t.delivery, rows)
    counts = Counter(row["destination"] for row in rows)
    connection.execute(
        _COUNT,
        [
            {"destination": name, "shard": shard, "decided": count}
            for name, count in sorted(counts.items())
        ],
    )
    return [row["id"] for row in rows]


def _content(number: int, at: datetime, value: bytes) -> dict[str, Any]:
    return {
        "number": number,
        "message_id": uuid4(),
        "kind": "missing.notification",
        "version": 1,
        "source": "police.E23000015",
        "occurred_at": at,
        "value": value,
    }


def _delivery(number: int, shard: int, at: datetime) -> dict[str, Any]:
    return {
        "number": number,
        "id": uuid4(),
        "message": number,
        "content": number,
        "destination": "inbox.la.E10000028",
        "address": "la.E10000028/front-door",
        "view": "full",
        "because": "told@1",
        "child": None,
        "episode": None,
        "exercise": False,
        "answer_within": None,
        "answer_not_before": None,
        "answer_by": None,
        "shard": shard,
        "decided_at": at,
    }


def duty(ledger: Ledger, delivery: UUID, at: datetime = NOON, **given: Any) -> UUID:
    """Open a duty that asks for an answer to a delivery."""
    row = {
        "id": uuid4(),
        "name": "answer",
        "message": 1,
        "delivery": delivery,
        "owed_by": "la.E10000028/front-door",
        "because": "told@1",
        "basis": "local",
        "exercise": False,
        "met_by": "[]",
        "ends_with_absence": True,
        "state": "open",
        "opened_at": at,
        "ladder": "{}",
        "rung": 0,
    } | given
    with ledger.deciding() as connection:
        connection.execute(t.duty.insert().values(row))
    return row["id"]


def rows(ledger: Ledger, query: Any) -> list[Any]:
    with ledger.reading() as connection:
        return list(connection.execute(query))
