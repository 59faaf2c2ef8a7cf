"""Writing into the ledger what is out already, so that it is neither sent nor decided twice."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, and_, bindparam, func, insert, select, update

from broker.ledger import tables as t
from broker.ledger.agencies import shard_of
from broker.ledger.rows import bulk
from broker.restoring.out import Out
from schemas.codec import decode
from schemas.notices import Receipt

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the ledger has come, as a restore finds it."""

    ledger: UUID
    shards: Mapping[int, int]  # the last batch stamped
    unsent: Mapping[int, int]  # the batch that is stamped and not known to be sent, if any
    sent: Mapping[str, int]  # the last number confirmed, by topic
    next: Mapping[str, int]
    gone: Mapping[str, int]
    parked: Mapping[str, str]
    agencies: frozenset[str]  # those that were removed, too
    policies: frozenset[str]  # every version that was active
    last_at: datetime | None  # of anything that it knows


def pairs(connection: Connection, query: Any) -> dict[Any, Any]:
    """Two columns as a dictionary."""
    return {key: value for key, value in connection.execute(query)}


def standing(connection: Connection) -> Standing:
    """Read off how far the ledger has come."""
    i, s, b, a = t.inbox.c, t.shard.c, t.batch.c, t.agency.c
    inboxes = connection.execute(select(t.inbox).order_by(i.destination)).all()
    row = connection.execute(select(t.ledger)).one()
    unsent = select(b.shard, func.max(b.number)).where(b.sent_at.is_(None)).group_by(b.shard)
    times = [
        connection.execute(select(func.max(column))).scalar()
        for column in (t.message.c.accepted_at, t.delivery.c.decided_at, b.stamped_at)
    ]
    return Standing(
        ledger=row.id,
        shards=pairs(connection, select(s.number, s.last)),
        unsent=pairs(connection, unsent),
        sent={each.destination: each.sent for each in inboxes},
        next={each.destination: each.next for each in inboxes},
        gone={each.destination: each.gone for each in inboxes if each.gone},
        parked={each.destination: each.parked for each in inboxes if each.parked},
        agencies=frozenset(connection.execute(select(a.id)).scalars()),
        policies=frozenset(connection.execute(select(t.policy.c.version)).scalars()),
        last_at=max((at for at in times if at is not None), default=None),
    )


def holders(connection: Connection, now: datetime) -> list[str]:
    """The parts that hold a lease still."""
    s, le = t.shard.c, t.lease.c
    relays = select(s.number).where(s.holder.is_not(None), s.lease_until > now)
    others = select(le.name).where(le.holder.is_not(None), le.until > now)
    found = [f"relay shard {number}" for number in connection.execute(relays).scalars()]
    return found + list(connection.execute(others).scalars())


def known_of(connection: Connection, outs: Sequence[Out]) -> set[UUID]:
    """Those of the outs that the ledger has under the very number they were sent with."""
    d = t.delivery.c
    found: set[UUID] = set()
    numbers = {out.delivery: out.sequence for out in outs}
    for some in _some(numbers):
        query = select(d.id, d.sequence).where(d.id.in_(some), d.sequence.is_not(None))
        found |= {id for id, number in connection.execute(query) if numbers[id] == number}
    return found


def accepted(connection: Connection, outs: Sequence[Out]) -> set[tuple[str, UUID]]:
    """Those of the messages that outs are of, or answer, that the ledger has."""
    m = t.message.c
    found: set[tuple[str, UUID]] = set()
    for some in _some(_messages(outs)):
        query = select(m.sender, m.message_id).where(m.message_id.in_(some))
        found |= {(sender, id) for sender, id in connection.execute(query)}
    return found


def _messages(outs: Sequence[Out]) -> set[UUID]:
    of_agencies = {out.message_id for out in outs if not out.by_broker}
    receipts = (decode(out.value) for out in outs if out.kind == Receipt.KIND)
    return of_agencies | {one.of for one in receipts if isinstance(one, Receipt)}


def last_sent(connection: Connection) -> dict[str, UUID]:
    """The delivery that has the last number confirmed, by topic."""
    d, i = t.delivery.c, t.inbox.c
    query = select(d.destination, d.id).join(
        t.inbox, and_(i.destination == d.destination, i.sent == d.sequence)
    )
    return pairs(connection, query)


def unstamp(connection: Connection, batches: Mapping[int, int]) -> None:
    """Take back a batch of which the ledger does not know that it went out: Kafka tells."""
    d, b = t.delivery.c, t.batch.c
    for shard, number in batches.items():
        ours = (d.shard == shard, d.batch == number)
        connection.execute(update(t.delivery).where(*ours).values(sequence=None, batch=None))
        connection.execute(t.batch.delete().where(b.shard == shard, b.number == number))


class Marks:
    """Marks outs with their numbers, in one new batch of each relay shard."""

    def __init__(self, connection: Connection, now: datetime, batches: Mapping[int, int]) -> None:
        self._connection, self._now, self._batches = connection, now, batches

    def mark(self, outs: Sequence[Out]) -> int:
        """
        Give each delivery that is out the number it has in Kafka; how many the ledger lacked.

        Those it lacks stand in it as sent, and are decided again when what they follow from is.
        """
        d = t.delivery.c
        waiting: set[UUID] = set()
        for some in _some(out.delivery for out in outs):
            waiting |= set(self._connection.execute(select(d.id).where(d.id.in_(some))).scalars())
        self._stamp([out for out in outs if out.delivery in waiting])
        strange = [out for out in outs if out.delivery not in waiting]
        self._insert(sorted(strange, key=lambda out: (out.sent_at, out.destination, out.sequence)))
        self._note_batches(outs)
        return len(strange)

    def _shard(self, destination: str) -> int:
        return shard_of(destination, len(self._batches))

    def _stamp(self, outs: Sequence[Out]) -> None:
        if not outs:
            return
        d = t.delivery.c
        rows = [
            {
                "was": out.delivery,
                "sequence": out.sequence,
                "batch": self._batches[self._shard(out.destination)],
                "answer_by": out.answer_by,
            }
            for out in outs
        ]
        values: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "was"}
        self._connection.execute(
            update(t.delivery).where(d.id == bindparam("was")).values(values), rows
        )

    def _insert(self, outs: Sequence[Out]) -> None:
        highest = [
            select(func.coalesce(func.max(column), 0)).scalar_subquery()
            for column in (t.content.c.number, t.delivery.c.number)
        ]
        content, delivery = self._connection.execute(select(*highest)).one()
        contents, deliveries = count(content + 1), count(delivery + 1)
        numbered = [(next(contents), next(deliveries), out) for out in outs]
        bulk(self._connection, t.content, [_content(number, out) for number, _, out in numbered])
        bulk(
            self._connection,
            t.delivery,
            [self._delivery(content, number, out) for content, number, out in numbered],
        )
        # Kafka's clock may be ahead of ours; what is out was sent before now.
        out_rows = [
            {"delivery": out.delivery, "sent_at": min(out.sent_at, self._now)} for out in outs
        ]
        bulk(self._connection, t.already_out, out_rows)
        decided: dict[str, int] = defaultdict(int)
        for out in outs:
            decided[out.destination] += 1
        self._count(decided)

    def _delivery(self, content: int, number: int, out: Out) -> dict[str, Any]:
        return {
            "number": number,
            "id": out.delivery,
            # Of a record of what was accepted it is known; the audit compares it.
            "message": out.acceptance,
            "content": content,
            "destination": out.destination,
            "address": out.address,
            "view": out.view,
            "because": out.because,
            "child": None,
            "episode": None,
            "exercise": out.exercise,
            "wakes": out.wakes,
            "answer_within": None,
            "answer_not_before": None,
            "answer_by": out.answer_by,
            "shard": self._shard(out.destination),
            "decided_at": out.sent_at,
            "sequence": out.sequence,
            "batch": self._batches[self._shard(out.destination)],
        }

    def _count(self, decided: Mapping[str, int]) -> None:
        i = t.inbox.c
        held = set(self._connection.execute(select(i.destination)).scalars())
        for destination, number in sorted(decided.items()):
            if destination not in held:  # an agency that was added since the backup
                row: dict[str, Any] = {
                    "next": 1,
                    "sent": 0,
                    "decided": 0,
                    "parked": None,
                    "parked_at": None,
                }
                row |= {"destination": destination, "shard": self._shard(destination)}
                if destination.startswith("inbox."):
                    row |= {"parked": "no-channel", "parked_at": self._now}
                self._connection.execute(insert(t.inbox).values(row))
            self._connection.execute(
                update(t.inbox)
                .where(i.destination == destination)
                .values(decided=i.decided + number)
            )

    def _note_batches(self, outs: Iterable[Out]) -> None:
        records: dict[int, int] = defaultdict(int)
        for out in outs:
            records[self._shard(out.destination)] += 1
        s = t.shard.c
        for shard, number in self._batches.items():
            row: dict[str, Any] = {"shard": shard, "number": number, "records": records[shard]}
            row |= {"stamped_at": self._now, "sent_at": self._now}
            self._connection.execute(insert(t.batch).values(row))
            this = update(t.shard).where(s.number == shard)
            self._connection.execute(this.values(last=number, holder=None, lease_until=None))


def go_on_above(connection: Connection, told: Mapping[str, int], lost: Mapping[str, int]) -> None:
    """Numbers go on above the highest that a reader has seen; those nobody can tell are lost."""
    i = t.inbox.c
    for destination, highest in sorted(told.items()):
        connection.execute(
            update(t.inbox)
            .where(i.destination == destination)
            .values(next=highest + 1, sent=highest, lost=i.lost + lost.get(destination, 0))
        )


def let_go(connection: Connection, gone: Mapping[str, int]) -> None:
    """Kafka lost what stands below these numbers, and need not be asked for it."""
    for destination, number in sorted(gone.items()):
        this = update(t.inbox).where(t.inbox.c.destination == destination)
        connection.execute(this.values(gone=number))


def open_again(connection: Connection, destinations: Collection[str]) -> None:
    """What was sent to since the backup was no longer parked."""
    i = t.inbox.c
    connection.execute(
        update(t.inbox)
        .where(i.destination.in_(sorted(destinations)), i.parked != "no-channel")
        .values(parked=None, parked_at=None)
    )


def rename(connection: Connection) -> UUID:
    """Another ledger from here on: nothing that went out before is of this one."""
    id = uuid4()
    connection.execute(update(t.ledger).values(id=id))
    return id


def _some(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    """As many at a time as one statement takes."""
    every = list(ids)
    for first in range(0, len(every), _AT_ONCE):
        yield every[first : first + _AT_ONCE]


def _content(number: int, out: Out) -> dict[str, Any]:
    return {
        "number": number,
        "message_id": out.message_id,
        "kind": out.kind,
        "version": out.version,
        "source": out.source,
        "occurred_at": out.occurred_at,
        "value": out.value,
    }
