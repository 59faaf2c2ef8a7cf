"""Where each outbox is read on: where the ledger says, not where Kafka's own bookmarks are."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError

from broker.errors import HomewardError
from broker.parts import TAKE_IN

log = structlog.get_logger(part=TAKE_IN)

TopicIds = Callable[[Iterable[str]], dict[str, str]]

# Kafka stops hearing from a member whose assignment takes long: what takes longer goes on apart.
_AT_ONCE_SECONDS = 3.0
_AGAIN_SECONDS = 1.0


def place_of(record: ConsumerRecord) -> TopicPartition:
    """The partition it was read from."""
    return TopicPartition(record.topic, record.partition)


class Remembers(Protocol):
    """What is needed of the decider here."""

    def positions(self, topics: Mapping[str, str]) -> dict[str, int]: ...


class Positions(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """
    Lets every partition given to this process go on where the ledger stands.

    A partition is not read before its position is known, however long that takes. None is taken
    away while a batch of it is being decided on: whoever decides holds `busy`, and hurries when
    `hurry` is set.
    """

    def __init__(self, decider: Remembers, topic_ids: TopicIds) -> None:
        self._decider, self._topic_ids = decider, topic_ids
        self.consumer: Callable[[], AIOKafkaConsumer | None] = lambda: None
        self.busy = asyncio.Lock()
        self.hurry = asyncio.Event()
        self.joined = False  # the group has said at least once what this process is to read
        self.ids: dict[TopicPartition, str] = {}  # of the partitions that may be read
        self.held: dict[TopicPartition, str] = {}  # those that may not, and why
        self._reached: dict[TopicPartition, int] = {}
        # Whose position is looked for, and under which topic id it was read before, if it was.
        self._wanted: dict[TopicPartition, str | None] = {}
        self._finding: asyncio.Task[None] | None = None

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self.hurry.set()
        async with self.busy:
            await self._forget()
        self.hurry.clear()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self.joined = True
        await self._forget()
        self.hurry.clear()
        self._pause(assigned)
        for partition in assigned:
            if partition.partition != 0:
                self._hold(partition, "an outbox has one partition")
        self._find({partition: None for partition in assigned - self.held.keys()})
        if self._finding is not None:
            await asyncio.wait([self._finding], timeout=_AT_ONCE_SECONDS)

    async def stop(self) -> None:
        """Find nothing more, and let whoever decides hurry."""
        self.hurry.set()
        await self._end_finding()

    def readable(self, records: Iterable[ConsumerRecord]) -> list[ConsumerRecord]:
        """
        Those of the records that go on where the ledger stands.

        The others are read again once their position is known. Kafka only goes back by itself when
        a topic was made anew, or when it lost records; the first is followed, the second is held.
        """
        good, back = [], set()
        for record in records:
            partition = place_of(record)
            if partition not in self.ids or partition in back:
                continue
            if record.offset < self._reached.get(partition, 0):
                back.add(partition)
            else:
                good.append(record)
        if back:
            self._went_back(back)
        return good

    def reached(self, records: Iterable[ConsumerRecord]) -> None:
        """These are in the ledger."""
        for record in records:
            self._reached[place_of(record)] = record.offset + 1

    def again(self, records: Iterable[ConsumerRecord]) -> None:
        """These could not be decided on: go on where the ledger stands, as after a start."""
        partitions = {place_of(record) for record in records} - self.held.keys()
        for partition in partitions:
            self.ids.pop(partition, None)
        self._pause(partitions)
        self._find(dict.fromkeys(partitions))

    def _went_back(self, partitions: set[TopicPartition]) -> None:
        log.warning("Kafka went back in outboxes", count=len(partitions))
        self._pause(partitions)
        self._find({one: self.ids.pop(one) for one in partitions})

    def _find(self, wanted: Mapping[TopicPartition, str | None]) -> None:
        self._wanted.update(wanted)
        if self._wanted and (self._finding is None or self._finding.done()):
            self._finding = asyncio.create_task(self._find_all())

    async def _find_all(self) -> None:
        said = ""
        while self._wanted:
            trouble = await self._find_some()
            if trouble and trouble != said:
                log.warning("cannot read yet", because=trouble, count=len(self._wanted))
            said = trouble
            if trouble:
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _find_some(self) -> str:
        """Let those go on whose position is known; why there are others."""
        asked = dict(self._wanted)
        try:
            ids = await asyncio.to_thread(self._topic_ids, [one.topic for one in asked])
            places = await asyncio.to_thread(self._decider.positions, ids) if ids else {}
        except HomewardError as error:
            return str(error)
        except Exception as error:  # a fault of ours: to stop asking would leave them unread
            log.error("positions cannot be found", exc_info=error)
            return f"a fault of ours: {type(error).__name__}"
        found = {one: before for one, before in asked.items() if one.topic in ids}
        for partition, before in found.items():
            self._wanted.pop(partition, None)
            if before == ids[partition.topic]:
                self._hold(partition, "Kafka has lost records of this outbox")
            else:
                self._go_on(partition, ids[partition.topic], places.get(partition.topic, 0))
        return "" if len(found) == len(asked) else "Kafka does not show these topics yet"

    def _go_on(self, partition: TopicPartition, topic_id: str, place: int) -> None:
        consumer = self.consumer()
        # Without it, or when the partition was taken away, the next assignment finds it again.
        if consumer is not None:
            with contextlib.suppress(IllegalStateError):
                consumer.seek(partition, place)
                self.ids[partition], self._reached[partition] = topic_id, place
                consumer.resume(partition)

    def _hold(self, partition: TopicPartition, why: str) -> None:
        self.held[partition] = why
        where = {"topic": partition.topic, "partition": partition.partition}
        log.error("an outbox is not read", because=why, **where)

    def _pause(self, partitions: Iterable[TopicPartition]) -> None:
        if (consumer := self.consumer()) is None:
            return
        for partition in partitions:
            with contextlib.suppress(IllegalStateError):  # taken away meanwhile
                consumer.pause(partition)

    async def _forget(self) -> None:
        await self._end_finding()
        self.ids.clear()
        self.held.clear()
        self._reached.clear()

    async def _end_finding(self) -> None:
        self._wanted.clear()
        task, self._finding = self._finding, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
