"""
Giving pending deliveries their sequence numbers, batch by batch: the ledger's half of the relay.

Whoever locks several rows locks them in one order, or PostgreSQL has to break a deadlock:
deliveries as `lock_pending` does, then inboxes by destination. Duties change under the one lock
only.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Subquery,
    bindparam,
    case,
    cast,
    exists,
    extract,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    type_coerce,
    update,
)

from broker.clock import Clock
from broker.errors import HomewardError, Superseded
from broker.ledger import tables as t
from broker.ledger.agencies import versions_read
from broker.ledger.among import among
from broker.ledger.engine import Ledger
from broker.ledger.tables import micros
from broker.working_time import add_working_days

# A standby serves the shard so long after its holder was killed, and the time to start a producer.
# The holder renews it each third, so it may stand still for two thirds; longer, and it is shut out.
LEASE = timedelta(seconds=6)
_LOOKED_UP = 500  # ids in one statement
RECORDS = 500  # a larger batch wins little, and what is new waits for it
BYTES = 16 * 1024 * 1024  # a flood of the largest messages must not fill the memory


class Refused(HomewardError):
    """Destinations that cannot be written, each with the reason to park it for."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__(", ".join(f"{name}: {reason}" for name, reason in reasons.items()))
        self.reasons = dict(reasons)


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """What is sent; many deliveries share one."""

    kind: str
    version: int
    message_id: UUID
    source: str
    occurred_at: datetime
    value: bytes


class Outgoing(NamedTuple):
    """One stamped delivery."""

    destination: str
    sequence: int
    delivery: UUID
    acceptance: int | None
    address: str
    view: str
    because: str
    child: UUID | None
    exercise: bool
    wakes: bool
    answer_by: datetime | None
    decided_at: datetime
    content: Content


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes to Kafka in one transaction, of each destination in order of sequence."""

    number: int
    records: list[Outgoing]


@dataclass(frozen=True, slots=True)
class Inbox:
    """Where deliveries go: an agency's inbox, or a topic of the record."""

    destination: str
    sent: int
    parked: str | None


def _goes(_: Outgoing) -> str | None:
    return None


class Stamping:
    """
    One shard of the relay, as one holder sees it.

    At most one batch is stamped and not sent. Whatever shows that another holder has taken over is
    raised as `Superseded`, and nothing was changed.
    """

    def __init__(
        self, ledger: Ledger, shard: int, clock: Clock, holder: str, lease: timedelta = LEASE
    ) -> None:
        self._ledger, self.shard, self._clock = ledger, shard, clock
        self._holder, self.lease = holder, lease

    # -- who works

    def hold(self) -> bool:
        """Take or renew the shard's lease; False while another holder's is running."""
        row, now = t.shard.c, self._database_now()
        free = or_(row.holder.is_(None), row.holder == self._holder, row.lease_until <= now)
        until = now + literal(self.lease // timedelta(microseconds=1), BigInteger)
        with self._ledger.writing() as connection:
            taken = connection.execute(
                update(t.shard)
                .where(row.number == self.shard, free)
                .values(holder=self._holder, lease_until=until)
            )
        return taken.rowcount == 1

    def release(self) -> None:
        """Give the lease back, so that a standby need not wait for its end."""
        row = t.shard.c
        with self._ledger.writing() as connection:
            connection.execute(
                update(t.shard)
                .where(row.number == self.shard, row.holder == self._holder)
                .values(holder=None, lease_until=None)
            )

    def _database_now(self) -> ColumnElement[Any]:
        """Leases run by the time of the ledger's machine, whatever clock duties run by."""
        if self._ledger.is_sqlite:
            return literal(time.time_ns() // 1000, BigInteger)
        seconds = extract("epoch", func.clock_timestamp())
        return cast(seconds * 1_000_000, BigInteger)

    # -- what was done

    def ledger_id(self) -> UUID:
        """Which ledger this is: a restored one has another id."""
        with self._ledger.reading() as connection:
            found: UUID = connection.execute(select(t.ledger.c.id)).scalar_one()
            return found

    def last(self) -> int:
        """The number of the last batch that was stamped; 0: none ever."""
        with self._ledger.reading() as connection:
            row = t.shard.c
            query = select(row.last).where(row.number == self.shard)
            found: int = connection.execute(query).scalar_one()
            return found

    def unsent(self, number: int) -> Batch | None:
        """The batch again as it was stamped; None if there is none of that number."""
        with self._ledger.reading() as connection:
            row = t.batch.c
            found = select(row.number).where(row.shard == self.shard, row.number == number)
            if connection.execute(found).first() is None:
                return None
            return Batch(number, self._records(connection, number))

    def destinations(self) -> list[Inbox]:
        """Everywhere this shard sends to, in order of name."""
        row = t.inbox.c
        query = (
            select(row.destination, row.sent, row.parked)
            .where(row.shard == self.shard)
            .order_by(row.destination)
        )
        with self._ledger.reading() as connection:
            return [Inbox(*found) for found in connection.execute(query)]

    def versions_read(self) -> dict[str, dict[str, int]]:
        """What each agency reads of each kind, where it is not the newest version."""
        with self._ledger.reading() as connection:
            return versions_read(connection)

    def waiting(self) -> bool:
        """
        Whether anything can be stamped.

        Asks the counts of the inboxes only: it is cheap however much waits for those parked.
        """
        row = t.inbox.c
        query = select(
            exists().where(row.shard == self.shard, row.parked.is_(None), row.decided >= row.next)
        )
        with self._ledger.reading() as connection:
            return bool(connection.execute(query).scalar_one())

    # -- stamp

    def stamp(
        self,
        after: int,
        limit: int = RECORDS,
        refusal: Callable[[Outgoing], str | None] = _goes,
    ) -> Batch | None:
        """
        Stamp pending deliveries as the batch that follows `after`; None if there are none.

        They go by rank, then in the order of deciding; each inbox gets gapless numbers. An
        answer's clock is fixed here. `Refused`, and nothing is stamped, if `refusal` has a reason
        against any of them.
        """
        number = after + 1
        try:
            with self._ledger.writing() as connection:
                self._move(connection, after, number)
                self._bring_in_reach(connection, limit)
                now = self._clock.now()
                if not self._number(connection, number, limit, now):
                    raise _NothingPending  # `last` must not run ahead of what is sent
                records = self._records(connection, number)
                reasons = {one.destination: reason for one in records if (reason := refusal(one))}
                if reasons:
                    raise Refused(reasons)
                connection.execute(
                    insert(t.batch).values(
                        shard=self.shard, number=number, records=len(records), stamped_at=now
                    )
                )
                _set_inboxes(connection, "next", {r.destination: r.sequence + 1 for r in records})
                return Batch(number, records)
        except _NothingPending:
            return None

    def _move(self, connection: Connection, last: int, number: int) -> None:
        row = t.shard.c
        moved = connection.execute(
            update(t.shard)
            .where(row.number == self.shard, row.last == last, row.holder == self._holder)
            .values(last=number)
        )
        if moved.rowcount != 1:
            raise Superseded(f"relay shard {self.shard} is held by another process")

    def _bring_in_reach(self, connection: Connection, limit: int) -> None:
        """
        Bring in reach some of what waited behind an inbox that is open again.

        A part at a time, as a year may have waited there, and of one inbox, as one is read in
        order and many are not.
        """
        i, d = t.inbox.c, t.delivery.c
        waits = exists().where(d.destination == i.destination, d.sequence.is_(None), d.aside)
        behind = select(i.destination).where(
            i.shard == self.shard, i.parked.is_(None), i.decided >= i.next, waits
        )
        destination = connection.execute(behind.order_by(func.random()).limit(1)).scalar()
        if destination is None:
            return
        first = (
            select(d.number)
            .where(d.destination == destination, d.sequence.is_(None), d.aside)
            .order_by(d.rank, d.number)
            .limit(limit)
            .with_for_update()
        )
        numbers = connection.execute(first).scalars().all()
        connection.execute(update(t.delivery).where(d.number.in_(numbers)).values(aside=False))

    def _number(self, connection: Connection, number: int, limit: int, now: datetime) -> int:
        row, numbered = t.delivery.c, self._numbered(limit)
        fixed = _later(row.answer_not_before, now) + row.answer_within
        stamped = connection.execute(
            update(t.delivery)
            .where(row.number == numbered.c.number)
            .values(
                batch=number,
                sequence=numbered.c.sequence,
                answer_by=func.coalesce(type_coerce(row.answer_by, BigInteger), fixed),
            )
        )
        return stamped.rowcount

    def _numbered(self, limit: int) -> Subquery:
        """The first pending deliveries, with the sequence numbers they get."""
        first = self._first(limit)
        order = (first.c.rank, first.c.number)
        size = func.length(t.content.c.value)
        sized = (
            select(
                first.c.number,
                first.c.destination,
                first.c.rank,
                (func.sum(size).over(order_by=order) - size).label("before"),
            )
            .join(t.content, t.content.c.number == first.c.content)
            .order_by(*order)
            .limit(limit)
            .subquery()
        )
        place = func.row_number().over(
            partition_by=sized.c.destination, order_by=(sized.c.rank, sized.c.number)
        )
        return (
            select(sized.c.number, (t.inbox.c.next + place - 1).label("sequence"))
            .join(t.inbox, t.inbox.c.destination == sized.c.destination)
            .where(sized.c.before < BYTES)
            .subquery()
        )

    def _first(self, limit: int) -> Subquery:
        row = t.delivery.c
        parked = select(t.inbox.c.destination).where(t.inbox.c.parked.is_not(None))

        return (
            select(row.number, row.destination, row.rank, row.content)
            .where(
                row.shard == self.shard,
                row.sequence.is_(None),
                ~row.aside,
                row.destination.not_in(parked),
            )
            .order_by(row.rank, row.number)
            .limit(limit)
            .with_for_update(of=t.delivery)  # the decider may be raising the rank of some
            .subquery()
        )

    def _records(self, connection: Connection, number: int) -> list[Outgoing]:
        row, sent = t.delivery.c, t.content.c
        ours = (row.shard == self.shard, row.batch == number)
        contents = {
            found.number: Content(*found[1:])
            for found in connection.execute(
                select(
                    sent.number, sent.kind, sent.version, sent.message_id, sent.source,
                    sent.occurred_at, sent.value,
                ).where(sent.number.in_(select(row.content).where(*ours)))
            )
        }  # fmt: skip
        query = (
            select(
                row.destination, row.sequence, row.id, row.message, row.address, row.view,
                row.because, row.child, row.exercise, row.wakes, row.answer_by, row.decided_at,
                row.content,
            )
            .where(*ours)
            .order_by(row.destination, row.sequence)
        )  # fmt: skip
        return [
            Outgoing._make((*found[:-1], contents[found[-1]]))
            for found in connection.execute(query).all()
        ]

    # -- confirm

    def confirm(self, number: int) -> None:
        """
        Note that Kafka has the batch: the clocks of the answers it asks for start now.

        Doing it again changes nothing. An alarm that a delivery was not sent ends with it.
        """
        waiting = self._waiting_duties(number)
        # Duties are decided on, so they change under the one lock; it is not taken for none.
        with self._ledger.deciding() if waiting else self._ledger.writing() as connection:
            now, row = self._clock.now(), t.batch.c
            marked = connection.execute(
                update(t.batch)
                .where(row.shard == self.shard, row.number == number, row.sent_at.is_(None))
                .values(sent_at=now)
            )
            if not marked.rowcount:
                return
            _start_duties(connection, waiting, now)
            sent = (
                select(t.delivery.c.destination, func.max(t.delivery.c.sequence))
                .where(t.delivery.c.shard == self.shard, t.delivery.c.batch == number)
                .group_by(t.delivery.c.destination)
            )
            last = {destination: last for destination, last in connection.execute(sent)}
            _set_inboxes(connection, "sent", last)

    def _waiting_duties(self, number: int) -> dict[int | None, list[UUID]]:
        """The duties whose clocks wait for this batch, by the working days they allow, if any."""
        row, delivery = t.duty.c, t.delivery.c
        batch = select(delivery.id).where(delivery.shard == self.shard, delivery.batch == number)
        found: dict[int | None, list[UUID]] = {}
        with self._ledger.reading() as connection:
            theirs = among(connection, row.delivery, batch)
            waiting = select(row.id, row.working_days).where(theirs, *_NOT_STARTED)
            for duty, days in connection.execute(waiting):
                found.setdefault(days, []).append(duty)
        return found

    # -- set aside

    def set_aside(self, number: int, reasons: Mapping[str, str]) -> None:
        """
        Park destinations, and take what was stamped for them out of a batch that was not sent.

        Only while nothing of the batch can be in Kafka: its transaction is known to be undone, and
        no producer that may still commit it is left. The others keep their numbers, so no inbox
        gets a gap, and the deliveries taken out wait as if they had never been stamped.
        """
        row, batch = t.delivery.c, t.batch.c
        with self._ledger.writing() as connection:
            self._move(connection, number, number)
            stamped = connection.execute(
                select(batch.stamped_at).where(
                    batch.shard == self.shard, batch.number == number, batch.sent_at.is_(None)
                )
            ).scalar_one_or_none()
            if stamped is None:
                raise Superseded(f"batch {number} of relay shard {self.shard} was sent")
            lock_pending(connection, row.destination.in_(list(reasons)))
            for destination, reason in sorted(reasons.items()):
                ours = (
                    row.shard == self.shard,
                    row.batch == number,
                    row.destination == destination,
                )
                first = connection.execute(select(func.min(row.sequence)).where(*ours)).scalar()
                taken = connection.execute(
                    update(t.delivery)
                    .where(*ours)
                    .values(sequence=None, batch=None, answer_by=_unfixed(stamped))
                ).rowcount
                connection.execute(
                    update(t.batch)
                    .where(batch.shard == self.shard, batch.number == number)
                    .values(records=batch.records - taken)
                )
                if first is not None:
                    _set_inboxes(connection, "next", {destination: first})
                self._park(connection, destination, reason)

    def park(self, destination: str, reason: str) -> None:
        """Send nothing more there, until it is unparked; a reason it was parked for stays."""
        with self._ledger.writing() as connection:
            self._park(connection, destination, reason)

    def _park(self, connection: Connection, destination: str, reason: str) -> None:
        # What is decided meanwhile may be left in reach: it is passed over each time, no more.
        waiting = (t.delivery.c.destination == destination, t.delivery.c.sequence.is_(None))
        lock_pending(connection, *waiting)
        connection.execute(update(t.delivery).where(*waiting).values(aside=True))
        connection.execute(
            update(t.inbox)
            .where(t.inbox.c.destination == destination, t.inbox.c.parked.is_(None))
            .values(parked=reason, parked_at=self._clock.now())
        )

    def unpark(self, destination: str) -> None:
        """Send there again, first what waited."""
        row = t.delivery.c
        with self._ledger.writing() as connection:
            # What was decided as it was parked is in reach, and must not overtake what is not.
            left = (row.destination == destination, row.sequence.is_(None), ~row.aside)
            lock_pending(connection, *left)
            connection.execute(update(t.delivery).where(*left).values(aside=True))
            connection.execute(
                update(t.inbox)
                .where(t.inbox.c.destination == destination)
                .values(parked=None, parked_at=None)
            )


def lock_pending(connection: Connection, *of: ColumnElement[bool]) -> bool:
    """
    Lock these pending deliveries until the transaction ends; whether there are any.

    In the order in which stamping does: what it brings in reach, then what goes out, as it goes.
    """
    row = t.delivery.c
    locked = (
        select(row.number)
        .where(row.sequence.is_(None), *of)
        .order_by(row.aside.desc(), row.rank, row.number)
        .with_for_update()
        .subquery()
    )
    return bool(connection.execute(select(func.count()).select_from(locked)).scalar_one())


class _NothingPending(Exception):
    """Ends the transaction of a stamping that found nothing."""


_NOT_STARTED = (t.duty.c.state == "open", t.duty.c.starts_at.is_(None))


def start_duties_of(connection: Connection, sent: Mapping[UUID, datetime]) -> None:
    """Let the clocks run that wait for these deliveries, each since it was sent."""
    row = t.duty.c
    query = select(row.id, row.delivery, row.working_days)
    ids = list(sent)
    for first in range(0, len(ids), _LOOKED_UP):
        some = ids[first : first + _LOOKED_UP]
        waiting = connection.execute(query.where(row.delivery.in_(some), *_NOT_STARTED)).all()
        for duty, delivery, days in waiting:
            _start_duties(connection, {days: [duty]}, sent[delivery])


def _start_duties(
    connection: Connection, waiting: Mapping[int | None, list[UUID]], now: datetime
) -> None:
    """Picked out by id alone: by its state too, PostgreSQL may read all that stand instead."""
    row = t.duty.c
    asked = {id for ids in waiting.values() for id in ids}
    held = select(row.id, row.state, row.starts_at).where(among(connection, row.id, asked))
    found = connection.execute(held)
    still = {id for id, state, starts_at in found if state == "open" and starts_at is None}
    for days, ids in waiting.items():
        if days:  # counted from the day of delivery, also for a desk that is closed then
            starts: Any = now
            due: Any = add_working_days(now, days)
        else:
            starts = _later(row.not_before, now)
            due = starts + row.within
        connection.execute(
            update(t.duty)
            .where(among(connection, row.id, still.intersection(ids)))
            .values(starts_at=starts, due_at=due, next_at=due)
        )


def _set_inboxes(connection: Connection, column: str, values: Mapping[str, int]) -> None:
    """One row after the other, in order of destination: as every writer of inboxes locks them."""
    if values:
        rows = [{"inbox": name, "value": value} for name, value in sorted(values.items())]
        connection.execute(
            update(t.inbox)
            .where(t.inbox.c.destination == bindparam("inbox"))
            .values({column: bindparam("value")}),
            rows,
        )


def _later(column: ColumnElement[Any], at: datetime) -> ColumnElement[Any]:
    """The time in the column if it is later, in microseconds."""
    stored, given = type_coerce(column, BigInteger), literal(micros(at), BigInteger)
    return case((stored > given, stored), else_=given)


def _unfixed(stamped_at: datetime) -> ColumnElement[Any]:
    """The time to answer by as it was before stamping: a stated time stays."""
    row = t.delivery.c
    answer_by = type_coerce(row.answer_by, BigInteger)
    fixed = _later(row.answer_not_before, stamped_at) + row.answer_within
    return case((answer_by == fixed, null()), else_=answer_by)
