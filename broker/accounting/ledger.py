"""What the ledger says was sent and was read, for the audit; each answer is one consistent look."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Select, func, select

from broker.accounting.comparing import INBOX, Mark
from broker.ledger import tables as t

STRETCH = 20_000  # deliveries compared at a time; they are held in memory


class Count(NamedTuple):
    """
    What the row of an inbox says: the next number, and the last one confirmed.

    `lost` numbers have no delivery: a restore found that they were sent, and nobody can tell what.
    """

    next: int
    sent: int
    lost: int = 0


class Position(NamedTuple):
    """How far take-in has read one outbox, under the topic id it had; without what Kafka lost."""

    topic: str
    topic_id: str
    next: int
    read: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    The counters of the ledger at one moment.

    `confirmed` is the last batch known to be sent, by shard; `after` the greatest number of each
    topic in batches after the cursor's: those that are confirmed, and all of them.
    """

    ledger: UUID
    last: Mapping[int, int]
    confirmed: Mapping[int, int]
    inboxes: Mapping[str, Count]
    shards: Mapping[str, int]  # by topic
    positions: tuple[Position, ...]
    after: Mapping[str, tuple[int, int]]


class Row(NamedTuple):
    """One delivery that was sent."""

    topic: str
    batch: int
    number: int
    mark: Mark
    gone: bool = False  # a restore found that Kafka lost it


def snapshot(connection: Connection, batches: Mapping[int, int]) -> Snapshot:
    """The counters, with what was stamped after these batches, by shard."""
    i, b, s, p = t.inbox.c, t.batch.c, t.shard.c, t.position.c
    sent = select(b.shard, func.max(b.number)).where(b.sent_at.is_not(None)).group_by(b.shard)
    confirmed = {shard: number for shard, number in connection.execute(sent)}
    rows = connection.execute(select(i.destination, i.next, i.sent, i.lost, i.shard)).all()
    shards = {shard: last for shard, last in connection.execute(select(s.number, s.last))}
    after: dict[str, tuple[int, int]] = {}
    for shard in shards:
        known = confirmed.get(shard, 0)
        for topic, batch, number in connection.execute(_after(shard, batches.get(shard, 0))):
            sure, all_of_them = after.get(topic, (0, 0))
            after[topic] = (max(sure, number if batch <= known else 0), max(all_of_them, number))
    positions = connection.execute(select(p.topic, p.topic_id, p.next, p.read - p.lost))
    return Snapshot(
        ledger=connection.execute(select(t.ledger.c.id)).scalar_one(),
        last=shards,
        confirmed=confirmed,
        inboxes={row.destination: Count(row.next, row.sent, row.lost) for row in rows},
        shards={row.destination: row.shard for row in rows},
        positions=tuple(Position._make(row) for row in positions),
        after=after,
    )


def _after(shard: int, batch: int) -> Select[Any]:
    d = t.delivery.c
    return (
        select(d.destination, d.batch, func.max(d.sequence))
        .where(d.shard == shard, d.batch > batch, d.sequence.is_not(None))
        .group_by(d.destination, d.batch)
    )


def stretch_end(connection: Connection, shard: int, after: int, until: int) -> int:
    """The batch up to which about `STRETCH` deliveries follow a batch, and no further than one."""
    d = t.delivery.c
    query = (
        select(d.batch)
        .where(d.shard == shard, d.batch > after, d.batch <= until)
        .order_by(d.batch)
        .offset(STRETCH)
        .limit(1)
    )
    found = connection.execute(query).scalar()
    return until if found is None else int(found)


def sent_rows(connection: Connection, shard: int, after: int, until: int) -> Iterator[Row]:
    """Every delivery in the batches after one and up to another, those of a topic in order."""
    d, c = t.delivery.c, t.content.c
    query = (
        select(
            d.destination,
            d.batch,
            d.sequence,
            d.id,
            d.address,
            d.message,
            c.message_id,
            d.sequence <= t.inbox.c.gone,
        )
        .join(t.content, c.number == d.content)
        .outerjoin(t.inbox, t.inbox.c.destination == d.destination)
        .where(d.shard == shard, d.batch > after, d.batch <= until, d.sequence.is_not(None))
        .order_by(d.destination, d.sequence)
    )
    for topic, batch, number, id, address, acceptance, event, gone in connection.execute(query):
        if topic.startswith(INBOX):
            mark = Mark(number, str(id), address)
        else:
            mark = Mark(acceptance or 0, str(event))
        yield Row(topic, batch, number, mark, bool(gone))


def aged(connection: Connection, shard: int, seconds: float) -> int:
    """The last batch that was sent so long before the newest one; 0: there is none."""
    b = t.batch.c
    newest = select(func.max(b.sent_at)).where(b.shard == shard)
    last = connection.execute(newest).scalar()
    if last is None:
        return 0
    old = select(func.max(b.number)).where(
        b.shard == shard, b.sent_at < last - timedelta(seconds=seconds)
    )
    return int(connection.execute(old).scalar() or 0)
