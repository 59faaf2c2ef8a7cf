"""
Kafka as the relay writes to it: what aiokafka's producer does not do, or not soon enough.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import aiokafka.producer.sender
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from aiokafka.producer.message_accumulator import BatchBuilder

from broker.errors import Unavailable
from broker.ledger.stamping import Refused
from broker.provision import CURSOR
from producers.wire import Record

# The time between the end of a transaction and its marks being written, in which the next one is
# refused, is 2 ms, not 20 ms; there is no setting for how long aiokafka waits to ask again.
aiokafka.producer.sender.BACKOFF_OVERRIDE = 0.002

# The reasons to park an inbox.
TOO_LARGE, NO_ACCESS, MISSING = "too-large", "no-access", "topic-missing"


async def know(producer: AIOKafkaProducer, topics: Iterable[str]) -> None:
    """
    Have fresh metadata of these topics.

    Beforehand and for all at once: the first record to a topic that is not known makes aiokafka
    fetch all metadata again.
    """
    known = producer.client.cluster.topics()
    producer.client.set_topics({*topics, *known})
    if not await producer.client.force_metadata_update():
        raise Unavailable("Kafka does not say which topics there are")


def why_not(producer: AIOKafkaProducer, topic: str) -> str | None:
    """The reason to park a destination, as far as Kafka's metadata shows one."""
    cluster = producer.client.cluster
    if cluster.partitions_for_topic(topic):
        return None
    return NO_ACCESS if topic in cluster.unauthorized_topics else MISSING


def unwritable(producer: AIOKafkaProducer, topics: Iterable[str]) -> dict[str, str]:
    return {topic: reason for topic in topics if (reason := why_not(producer, topic))}


def refusals(sent: dict[asyncio.Future[Any], str]) -> dict[str, str]:
    """Destinations that Kafka refused by name; what else failed with them is not their fault."""
    refused = {}
    for future, topic in sent.items():
        error = future.exception() if future.done() and not future.cancelled() else None
        if topic == CURSOR or error is None:
            continue
        if isinstance(error, TopicAuthorizationFailedError) and topic in error.args:
            refused[topic] = NO_ACCESS
        elif isinstance(error, UnknownTopicOrPartitionError):
            refused[topic] = MISSING
        elif isinstance(error, MessageSizeTooLargeError):
            refused[topic] = TOO_LARGE
    return refused


def packed(producer: AIOKafkaProducer, records: Iterable[Record]) -> list[tuple[str, BatchBuilder]]:
    """Records that are together by topic, as aiokafka's batches: half the cost of one by one."""
    batches = []
    for topic, those in groupby(records, key=lambda record: record.topic):
        builder = producer.create_batch()
        for record in those:
            if not _add(builder, record):
                batches.append((topic, builder))
                builder = producer.create_batch()
                if not _add(builder, record):
                    raise Refused({topic: TOO_LARGE})
        batches.append((topic, builder))
    return batches


def _add(builder: BatchBuilder, record: Record) -> bool:
    added = builder.append(
        timestamp=None, key=record.key, value=record.value, headers=record.headers
    )
    return added is not None


def seen(future: asyncio.Future[Any]) -> None:
    """Its error was looked at, or does not matter any more."""
    if not future.cancelled():
        future.exception()


async def discard(producer: AIOKafkaProducer) -> None:
    """
    Let go of a producer at once, whatever it was doing.

    Its own `stop` first waits for what it could not send, and without end if Kafka is away.
    """
    with contextlib.suppress(Exception):
        await asyncio.wait_for(producer.client.close(), 5)
    if (sending := producer._sender.sender_task) is not None:
        await _end(sending)
    held = producer._message_accumulator
    batches = [*held._pending_batches, *(each for many in held._batches.values() for each in many)]
    held.fail_all(Unavailable("the producer was discarded"))
    for batch in batches:  # of its futures we were given only the one
        seen(batch.future)
        seen(batch._drain_waiter)
    with contextlib.suppress(Exception):
        await asyncio.wait_for(producer.stop(), 5)


async def _end(task: asyncio.Task[Any]) -> None:
    """aiokafka's sender, once cancelled, waits for requests that nobody will answer: insist."""
    for _ in range(20):
        task.cancel()
        if (await asyncio.wait([task], timeout=0.1))[0]:
            return
