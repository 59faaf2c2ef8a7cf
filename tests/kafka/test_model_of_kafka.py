"""The small Kafka of `tests/model` shows a reader what the real one shows."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import aiokafka
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from confluent_kafka.admin import NewTopic

from broker.connection import AUDIT, RELAY
from broker.kafka_admin import Admin
from tests.model.clients import Clients, Direct
from tests.model.kafka import Kafka
from tests.servers import KafkaServer

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(90)]


async def play(makes: Any, access: dict[str, Any], reading: dict[str, Any], topics: list[str]):
    """One script of what the relay's promises rest on; the answer is all that was to be seen."""
    one, other = topics
    name = f"relay-{one.removeprefix('inbox.')}"
    seen: list[Any] = []

    def producer(name: str = name) -> Any:
        return makes.AIOKafkaProducer(
            **access, transactional_id=name, transaction_timeout_ms=10_000, request_timeout_ms=5_000
        )

    async def look() -> None:
        consumer = makes.AIOKafkaConsumer(
            **reading,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await consumer.start()
        places = [TopicPartition(topic, 0) for topic in topics]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        for place in places:
            consumer.seek(place, 0)
            values: list[Any] = []
            while await consumer.position(place) < ends[place]:
                got = await consumer.getmany(place, timeout_ms=200)
                values += [(r.offset, r.value) for r in got.get(place, ())]
            seen.append((ends[place], values))
        await consumer.stop()

    async def send(by: Any, topic: str, *values: bytes) -> None:
        batch = by.create_batch()
        for value in values:
            batch.append(timestamp=None, key=None, value=value, headers=[])
        await (await by.send_batch(batch, topic, partition=0))

    async def outcome(of: Callable[[], Awaitable[Any]]) -> None:
        try:
            await of()
            seen.append("done")
        except KafkaError as error:
            seen.append(type(error).__name__)

    first = producer()
    await first.start()
    await first.begin_transaction()
    await send(first, one, b"a", b"b")
    await send(first, other, b"c")
    await look_until(look, seen, [(0, []), (0, [])])  # open: nobody sees it
    await first.commit_transaction()
    await look_until(look, seen, [(3, [(0, b"a"), (1, b"b")]), (2, [(0, b"c")])])

    await first.begin_transaction()
    await send(first, one, b"lost")
    second = producer()
    await second.start()  # undoes what the first left open, and shuts it out
    await outcome(first.commit_transaction)
    await look_until(look, seen, [(5, [(0, b"a"), (1, b"b")]), (2, [(0, b"c")])])

    stranger = producer(f"{name}-else")
    await stranger.start()
    await stranger.begin_transaction()
    await send(stranger, one, b"held")
    await second.begin_transaction()
    await send(second, one, b"d")
    await send(second, other, b"e")
    await second.commit_transaction()  # behind what a stranger has open, nobody sees it
    committed = [(0, b"a"), (1, b"b")]
    await look_until(look, seen, [(5, committed), (4, [(0, b"c"), (2, b"e")])])
    heir = producer(f"{name}-else")
    await heir.start()
    await look_until(look, seen, [(9, [*committed, (6, b"d")]), (4, [(0, b"c"), (2, b"e")])])
    await heir.begin_transaction()
    await outcome(heir.commit_transaction)  # empty: leaves nothing
    await outcome(stranger.commit_transaction)
    await look()
    for each in (first, second, stranger, heir):
        await asyncio.wait_for(each.stop(), 10)
    return seen


async def look_until(look: Callable[[], Awaitable[None]], seen: list[Any], wanted: Any) -> None:
    """A commit is answered before its marks are written: look until they are, with a limit."""
    async with asyncio.timeout(20):
        while True:
            await look()
            if seen[-len(wanted) :] == wanted:
                return
            del seen[-len(wanted) :]
            await asyncio.sleep(0.02)


async def test_a_reader_sees_of_the_small_kafka_what_it_sees_of_the_real_one(kafka: KafkaServer):
    topics = [f"inbox.la.T{uuid4().hex[:12]}" for _ in range(2)]
    Admin(kafka.local.access()).make_topics([NewTopic(topic, 1) for topic in topics])
    small = Kafka()
    for topic in topics:
        small.make(TopicPartition(topic, 0))
    makes = Clients(small, Direct(small))

    real = await play(
        aiokafka,
        kafka.access(RELAY).for_aiokafka(),
        kafka.access(AUDIT).for_aiokafka(),
        topics,
    )

    assert await play(makes, {}, {}, topics) == real
