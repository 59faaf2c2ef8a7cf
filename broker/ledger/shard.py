"""
How many relay shards a ledger has: the rows of `shard`, and nothing else, say it.

A destination is always in one shard, which follows from its name and the number of shards, so that
one relay at a time writes it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Connection,
    Integer,
    Select,
    String,
    bindparam,
    case,
    exists,
    func,
    insert,
    null,
    select,
    update,
)

from broker.errors import Misuse
from broker.ledger import tables as t
from broker.ledger.agencies import shard_of
from broker.settings import MOST_SHARDS

HOW_MANY: Select[int] = select(func.count()).select_from(t.shard)


@dataclass(frozen=True, slots=True)
class Standing:
    """One shard: who has its lease now, its last batch, and what waits in it, parked or not."""

    shard: int
    holder: str | None
    last: int
    destinations: int
    waiting: int
    parked: int


def standing(connection: Connection, now: datetime) -> list[Standing]:
    """How each shard stands."""
    s, i = t.shard.c, t.inbox.c
    waits = i.decided - i.next + 1
    each = [func.count(i.destination)] + [
        func.coalesce(func.sum(case((asked, waits), else_=0)), 0)
        for asked in (i.parked.is_(None), i.parked.is_not(None))
    ]
    holder = case((s.lease_until > now, s.holder), else_=null())
    query = (
        select(s.number, holder, s.last, *each)
        .outerjoin(t.inbox, i.shard == s.number)
        .group_by(s.number, s.holder, s.lease_until, s.last)
        .order_by(s.number)
    )
    return [
        Standing(number, holder, last, destinations, int(waiting), int(parked))
        for number, holder, last, destinations, waiting, parked in connection.execute(query)
    ]


def count(connection: Connection) -> int:
    """How many there are."""
    return connection.execute(HOW_MANY).scalar_one()


def settle(connection: Connection, asked: int | None, new_with: int) -> None:
    """Make the shards of a new ledger; `Misuse` when an older one has another number."""
    held = count(connection)
    if not held:
        _add(connection, range(asked or new_with))
    elif asked is not None and asked != held:
        raise Misuse(
            f"this ledger has {held} relay shards, and HOMEWARD_SHARDS says {asked}: leave it out, "
            f"or stop every relay and change the ledger with `homeward shards {asked}`"
        )


def spread(connection: Connection, wanted: int, now: datetime) -> int:
    """
    Have so many shards, and all destinations spread over them; the answer is how many moved.

    Under the decider's lock, while no relay works: what is not sent yet moves with its destination,
    in its order, and the numbers of each inbox go on.
    """
    held = count(connection)
    if wanted < held:
        raise Misuse(
            f"this ledger has {held} relay shards, and they can only become more: one that has "
            "nothing to send costs next to nothing"
        )
    if wanted > MOST_SHARDS:
        raise Misuse(f"{wanted} relay shards are more than the {MOST_SHARDS} there may be")
    _require_rest(connection, now)
    _add(connection, range(held, wanted))
    row = t.inbox.c
    inboxes = connection.execute(select(row.destination, row.shard).order_by(row.destination))
    moves = [
        {"inbox": name, "to": to}
        for name, shard in inboxes.all()
        if (to := shard_of(name, wanted)) != shard
    ]
    if moves:
        d, here = t.delivery.c, bindparam("inbox", type_=String)
        there = {"shard": bindparam("to", type_=Integer)}
        waits = (d.destination == here, d.sequence.is_(None))
        connection.execute(update(t.inbox).where(row.destination == here).values(there), moves)
        connection.execute(update(t.delivery).where(*waits).values(there), moves)
    return len(moves)


def _add(connection: Connection, numbers: Iterable[int]) -> None:
    for number in numbers:
        connection.execute(insert(t.shard).values(number=number, last=0))


def _require_rest(connection: Connection, now: datetime) -> None:
    """Nobody may be sending: a batch that is on its way would be overtaken by what has moved."""
    s, b = t.shard.c, t.batch.c
    rows = select(s.number, s.holder, s.lease_until).order_by(s.number).with_for_update()
    for number, holder, until in connection.execute(rows).all():
        if holder is not None and until is not None and until > now:
            raise Misuse(
                f"{holder} serves relay shard {number}, or did a moment ago: stop every relay, "
                "and do this again"
            )
    if connection.execute(select(exists().where(b.sent_at.is_(None)))).scalar_one():
        raise Misuse(
            "a batch of the relay was not finished: start the relay, let it send what waits, stop "
            "it, and do this again"
        )
