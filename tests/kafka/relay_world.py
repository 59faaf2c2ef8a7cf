"""One shard of the relay on a real Kafka, and an independent reader that agrees with the ledger."""

import asyncio
import contextlib
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka.admin import NewTopic
from sqlalchemy import func, select

from broker.clock import SystemClock
from broker.connection import AUDIT, RELAY
from broker.kafka_admin import Admin
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.stamping import Stamping
from broker.provision import CURSOR
from producers.relay import Relay
from tests.kafka.relay_victim import Uncounted, pseudonym
from tests.outbox import post, rows
from tests.servers import KafkaServer
from tests.waiting import LIMIT_SECONDS


@dataclass
class World:
    """One shard, its ledger and its inboxes."""

    kafka: KafkaServer
    ledger: Ledger
    shard: int
    clock: Any = field(default_factory=SystemClock)
    inboxes: list[str] = field(default_factory=list)
    holder: str = "here"

    def add_inboxes(self, number: int) -> list[str]:
        names = [f"inbox.la.T{uuid4().hex[:12]}" for _ in range(number)]
        self.make_topics(names)
        self.inboxes += names
        return names

    def make_topics(self, names: list[str]) -> None:
        config = {"max.message.bytes": str(2 * 1024 * 1024)}
        topics = [NewTopic(name, num_partitions=1, config=config) for name in names]
        Admin(self.kafka.local.access()).make_topics(topics)

    def post(self, *posts: dict[str, Any]) -> list[UUID]:
        return post(self.ledger, *posts, shard=self.shard, at=self.clock.now())

    def stamping(self, holder: str = "here", lease: timedelta = timedelta(seconds=1)) -> Stamping:
        return Stamping(self.ledger, self.shard, self.clock, holder, lease)

    def relay(self, **more: Any) -> Relay:
        access = self.kafka.access(RELAY)
        return Relay(access, self.stamping(), pseudonym, self.clock, Uncounted(), **more)

    @contextlib.asynccontextmanager
    async def relaying(self, **more: Any) -> AsyncIterator[Relay]:
        relay, stop = self.relay(**more), asyncio.Event()
        task = asyncio.create_task(relay.run(stop))
        try:
            yield relay
        finally:
            stop.set()
            await asyncio.wait_for(task, 30)

    def parked(self) -> dict[str, str]:
        return {i.destination: i.parked for i in self.stamping().destinations() if i.parked}

    def all_sent(self, but: int = 0) -> bool:
        pending = select(func.count()).where(
            t.delivery.c.shard == self.shard, t.delivery.c.sequence.is_(None)
        )
        unsent = select(func.count()).where(
            t.batch.c.shard == self.shard, t.batch.c.sent_at.is_(None)
        )
        with self.ledger.reading() as connection:
            left = connection.execute(pending).scalar_one()
            return left == but and connection.execute(unsent).scalar_one() == 0

    async def read(self, *topics: str) -> dict[str, list[Any]]:
        """Everything in these topics, as a reader that takes only what was committed sees it."""
        return await read(self.kafka, topics or self.inboxes)

    async def agrees(self, parked: int = 0) -> int:
        """Compare Kafka, read independently, with the ledger; the answer is how many there are."""
        found = await self.read()
        row = t.delivery.c
        query = select(row.id, row.number, row.destination, row.sequence, row.child).where(
            row.shard == self.shard
        )
        decided = {str(r.id): r for r in rows(self.ledger, query)}
        seen: Counter[str] = Counter()
        wrong: dict[str, int] = dict.fromkeys(("gap", "order", "differs", "unknown"), 0)
        for topic, records in found.items():
            last_of: dict[Any, int] = defaultdict(int)
            headers = [h for r in records if "delivery" in (h := dict(r.headers))]
            for place, header in enumerate(headers, 1):
                one = decided.get(header["delivery"].decode())
                sequence = int(header["sequence"])
                wrong["gap"] += sequence != place
                if one is None:
                    wrong["unknown"] += 1
                    continue
                seen[str(one.id)] += 1
                wrong["differs"] += (one.destination, one.sequence) != (topic, sequence)
                wrong["order"] += one.child is not None and one.number < last_of[one.child]
                last_of[one.child] = one.number
        wrong["missing"] = len(decided.keys() - seen.keys()) - parked
        wrong["doubled"] = sum(times > 1 for times in seen.values())
        cursor = await read(self.kafka, [CURSOR], self.shard)
        batches = [json.loads(record.value)["batch"] for record in cursor[CURSOR]]
        wrong["cursor"] = batches != list(range(1, self.stamping().last() + 1))
        sent = {i.destination: i.sent for i in self.stamping().destinations()}
        wrong["sent"] = sum(
            sent[topic] != sum("delivery" in dict(r.headers) for r in records)
            for topic, records in found.items()
        )
        assert not any(wrong.values()), wrong
        return len(seen)


async def read(kafka: KafkaServer, topics: Any, partition: int = 0) -> dict[str, list[Any]]:
    """
    Read to the true end, and so wait for transactions that are being decided.

    A commit is answered before every topic has its mark; until then its records are not shown.
    """
    found: dict[str, list[Any]] = {topic: [] for topic in topics}
    partitions = [TopicPartition(topic, partition) for topic in topics]
    async with _reader(kafka, "read_uncommitted") as consumer:
        ends = await consumer.end_offsets(partitions)
    async with _reader(kafka, "read_committed") as consumer, asyncio.timeout(LIMIT_SECONDS):
        consumer.assign(partitions)
        for each in partitions:
            while await consumer.position(each) < ends[each]:
                for where, records in (await consumer.getmany(timeout_ms=100)).items():
                    found[where.topic] += records
    return found


@contextlib.asynccontextmanager
async def _reader(kafka: KafkaServer, isolation: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        **kafka.access(AUDIT).for_aiokafka(),
        isolation_level=isolation,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


@contextlib.contextmanager
def opened(kafka: KafkaServer, url: str, shard: int) -> Iterator[World]:
    """A world on a new ledger."""
    ledger = Ledger(url)
    ledger.create(SystemClock(), shards=shard + 1)
    yield World(kafka, ledger, shard)
    ledger.close()
