"""A producer that is let go of leaves nothing behind that asks to be looked at."""

import asyncio
import gc
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from producers import kafka

pytestmark = pytest.mark.anyio


async def test_no_error_of_a_discarded_producer_is_left_unseen():
    unseen: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unseen.append(context))
    producer = AIOKafkaProducer(bootstrap_servers="127.0.0.1:1")
    batch = producer.create_batch()
    batch.append(timestamp=None, key=None, value=b"made up")
    waiting = producer._message_accumulator
    sent = await waiting.add_batch(batch, TopicPartition("inbox.la.E10000028", 0), 1)
    sent.add_done_callback(kafka.seen)

    await kafka.discard(producer)
    await asyncio.wait([sent])
    del producer, waiting, sent
    gc.collect()
    await asyncio.sleep(0)

    assert unseen == []
