"""Relays with one step swapped on purpose: each loses, repeats or mixes up something."""

from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, select, update

from broker.cursor import Cursor
from broker.errors import Unavailable
from broker.ledger import tables as t
from broker.ledger.stamping import Inbox, Stamping
from producers.relay import Relay
from tests.model.clients import Clients, Consumer, Producer
from tests.model.relay_machine import Design


class _CursorBeforeStart(Relay):
    async def _relay(self, stop: Any) -> None:
        self._early = await super()._read_cursor()
        await super()._relay(stop)

    async def _read_cursor(self) -> Any:
        return self._early


class _ConfirmsFirst(Relay):
    async def _transact(self, producer: Any, records: Any, number: int | None) -> None:
        if number is not None:
            self._stamping.confirm(number)
        await super()._transact(producer, records, number)


class _CursorAfterwards(Relay):
    async def _transact(self, producer: Any, records: Any, number: int | None) -> None:
        await super()._transact(producer, records, None)
        if number is not None:
            await super()._transact(producer, [], number)


class _SendsAgainUnasked(Relay):
    """Takes it that the last batch was not sent."""

    async def _read_cursor(self) -> Any:
        last = self._stamping.last()
        return Cursor(str(self._ledger_id), max(0, last - 1))


class _NeverSendsAgain(Relay):
    """Takes it that the last batch was sent."""

    async def _read_cursor(self) -> Any:
        return Cursor(str(self._ledger_id), self._stamping.last())


class _KeepsItsProducer(Relay):
    """Sends again with a new producer, without asking whether the batch went out."""

    async def _send(self, producer: Any, batch: Any, began: float) -> None:
        try:
            await super()._send(producer, batch, began)
        except Unavailable:
            another = self._producer(transactional_id=f"relay-{self._stamping.shard}")
            await another.start()
            await another.client.force_metadata_update()
            await super()._send(another, batch, began)


class _SetsAsideAtOnce(Relay):
    """Takes an inbox out of a batch while its transaction may still be committed."""

    async def _send(self, producer: Any, batch: Any, began: float) -> None:
        try:
            await super()._send(producer, batch, began)
        except Unavailable:
            refused = {batch.records[0].destination: "topic-missing"}
            self._stamping.set_aside(batch.number, refused)
            raise


class _NoCompareAndSwap(Stamping):
    """Nor is a number that was used before refused by the key of its batch."""

    def _move(self, connection: Any, last: int, number: int) -> None:
        where = t.shard.c.number == self.shard
        connection.execute(update(t.shard).where(where).values(last=number))
        if number > last:
            used = (t.batch.c.shard == self.shard, t.batch.c.number == number)
            connection.execute(delete(t.batch).where(*used))


class _NumbersByDeciding(Stamping):
    """Sequence numbers in the order of deciding, and not of going out."""

    def _numbered(self, limit: int) -> Any:
        found = super()._numbered(limit)
        one, before = t.delivery.alias("one"), t.delivery.alias("before")
        place = (
            select(func.count())
            .select_from(before)
            .where(before.c.destination == one.c.destination, before.c.number <= one.c.number)
            .scalar_subquery()
        )
        return (
            select(found.c.number, place.label("sequence"))
            .join(one, one.c.number == found.c.number)
            .subquery()
        )


class _TellsWhatIsDecided(Stamping):
    """Heartbeats that count what waits as sent."""

    def destinations(self) -> list[Inbox]:
        row = t.inbox.c
        with self._ledger.reading() as connection:
            query = select(row.destination, row.decided, row.parked).order_by(row.destination)
            return [Inbox(*found) for found in connection.execute(query)]


class _UrgentOvertakes(Stamping):
    """The newest first: an overtaking within a child."""

    def _numbered(self, limit: int) -> Any:
        found = super()._numbered(limit)
        one = t.delivery.alias("one")
        place = func.row_number().over(partition_by=one.c.destination, order_by=one.c.number.desc())
        return (
            select(found.c.number, (t.inbox.c.next + place - 1).label("sequence"))
            .join(one, one.c.number == found.c.number)
            .join(t.inbox, t.inbox.c.destination == one.c.destination)
            .subquery()
        )


class _RandomId(Clients):
    def AIOKafkaProducer(self, **options: Any) -> Producer:
        return super().AIOKafkaProducer(**options | {"transactional_id": f"relay-{uuid4()}"})


class _NoTransaction(Clients):
    """Every record is there for good as soon as it was sent."""

    def AIOKafkaProducer(self, **options: Any) -> Producer:
        return super().AIOKafkaProducer(**options | {"transactional_id": None})


class _ReadsWhatIsUndone(Clients):
    def AIOKafkaConsumer(self, **options: Any) -> Consumer:
        return super().AIOKafkaConsumer(**options | {"isolation_level": "read_uncommitted"})


SWAPS = {
    "the cursor is read before the producer has started": Design(relay=_CursorBeforeStart),
    "a batch is confirmed before it is committed": Design(relay=_ConfirmsFirst),
    "the cursor moves in a transaction of its own": Design(relay=_CursorAfterwards),
    "a batch is sent again without reading the cursor": Design(relay=_SendsAgainUnasked),
    "a batch is never sent again": Design(relay=_NeverSendsAgain),
    "a batch in doubt is sent again at once": Design(relay=_KeepsItsProducer),
    "an inbox is set aside while the batch may be committed": Design(relay=_SetsAsideAtOnce),
    "a number is moved without compare-and-swap": Design(stamping=_NoCompareAndSwap),
    "sequences are given when deciding": Design(stamping=_NumbersByDeciding),
    "a heartbeat tells what is decided": Design(stamping=_TellsWhatIsDecided),
    "the newest goes first": Design(stamping=_UrgentOvertakes),
    "the transactional id is random": Design(clients=_RandomId),
    "records are sent outside a transaction": Design(clients=_NoTransaction),
    "the cursor is read uncommitted": Design(clients=_ReadsWhatIsUndone),
}
