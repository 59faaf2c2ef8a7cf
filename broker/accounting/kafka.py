"""Kafka as the audit reads it: committed records only, by another client than the relay's."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from broker import cursor
from broker.connection import KafkaAccess
from broker.cursor import Cursor
from broker.errors import Misuse, Unavailable
from broker.provision import CURSOR

_LIMIT_SECONDS = 20.0  # without a single record or end of a topic
_ASK_SECONDS = 10.0
_BACK = 100  # records of the cursor; its end holds marks and undone records too


class Stopped(Exception):
    """The process is told to end, and the pass with it."""


class Reader:
    """One connection, open for one pass; `bytes` is what it has read of records."""

    def __init__(self, consumer: Consumer, stopped: Callable[[], bool]) -> None:
        self._consumer, self._stopped = consumer, stopped
        self._known = consumer.list_topics(timeout=_ASK_SECONDS).topics
        self._ends: dict[str, int] = {}
        self.bytes = self.records = 0

    def end_with_undecided(self, topic: str) -> int:
        """Where the topic ended as it was last read to its end, with what is not committed yet."""
        return self._ends.get(topic, 0)

    def exists(self, topic: str) -> bool:
        found = self._known.get(topic)
        return found is not None and bool(found.partitions)

    def bounds(self, topic: str, partition: int = 0) -> tuple[int, int]:
        """The offset of the first record that is kept, and the offset that the next will have."""
        where = TopicPartition(topic, partition)
        first, end = self._consumer.get_watermark_offsets(where, _ASK_SECONDS, cached=False)
        return int(first), int(end)

    def cursors(self) -> dict[int, Cursor]:
        """The newest record of the cursor, by shard; nothing was sent where there is none."""
        found: dict[int, Cursor] = {}
        for shard in sorted(self._known[CURSOR].partitions) if self.exists(CURSOR) else ():
            first, end = self.bounds(CURSOR, shard)
            back = _BACK
            while shard not in found and first < end:
                start = max(first, end - back)
                for message in self._records({(CURSOR, shard): start}):
                    found[shard] = cursor.read(message.value())
                back *= 10
                if start == first:
                    break
        return found

    def read(
        self, places: Mapping[str, int], take: Callable[[str, Message], bool]
    ) -> dict[str, int]:
        """
        Read topics from these offsets on, each to its end, or until `take` says: enough of it.

        The answer is where to read on. What was deleted from a beginning meanwhile is passed over.
        """
        after = dict(places)
        wanted = {(topic, 0): place for topic, place in places.items() if self.exists(topic)}
        for message in self._records(wanted, after):
            topic = str(message.topic())
            after[topic] = (message.offset() or 0) + 1
            if take(topic, message):
                wanted.pop((topic, 0), None)
        return after

    def _records(
        self, wanted: dict[tuple[str, int], int], after: dict[str, int] | None = None
    ) -> Iterator[Message]:
        """Each committed record of those in `wanted`; a topic that was read to its end leaves."""
        if not wanted:
            return
        self._consumer.assign([TopicPartition(*key, place) for key, place in wanted.items()])
        assigned = set(wanted)
        deadline = time.monotonic() + _LIMIT_SECONDS
        while wanted:
            if self._stopped():
                raise Stopped
            for message in self._consumer.consume(1000, timeout=0.05):
                deadline = time.monotonic() + _LIMIT_SECONDS
                error, key = message.error(), (str(message.topic()), message.partition() or 0)
                if key not in wanted:
                    continue
                if error is None:
                    self._count(message)
                    yield message
                elif error.code() == KafkaError._PARTITION_EOF:
                    if after is not None:
                        after[key[0]] = message.offset() or 0
                        where = TopicPartition(*key)
                        _, self._ends[key[0]] = self._consumer.get_watermark_offsets(
                            where, cached=True
                        )
                    del wanted[key]
                else:
                    raise KafkaException(error)
            if done := assigned - wanted.keys():
                self._consumer.incremental_unassign([TopicPartition(*key) for key in done])
                assigned -= done
            if wanted and time.monotonic() > deadline:
                raise Unavailable(f"Kafka did not let {len(wanted)} topics be read to their end")

    def _count(self, message: Message) -> None:
        headers: Any = message.headers() or ()
        self.records += 1
        self.bytes += len(message.value() or b"") + len(message.key() or b"")
        self.bytes += sum(len(name) + len(value or b"") for name, value in headers)


@contextmanager
def reading(access: KafkaAccess, stopped: Callable[[], bool] = lambda: False) -> Iterator[Reader]:
    """`Misuse` when the password is wrong, `Unavailable` when Kafka does not serve."""
    troubles: list[KafkaError] = []
    configuration: dict[str, Any] = {
        **access.for_confluent(),
        "group.id": "audit",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        # That a topic ends is only seen once Kafka has waited this long for more.
        "fetch.wait.max.ms": 20,
        "auto.offset.reset": "earliest",
        # An audit that has to read weeks must not hold them in memory.
        "queued.max.messages.kbytes": 16_384,
        "error_cb": troubles.append,
        "log_level": 0,
    }
    consumer = Consumer(configuration)
    try:
        yield Reader(consumer, stopped)
    except KafkaException as error:
        raise _ours(access, troubles[0] if troubles else error.args[0]) from error
    finally:
        consumer.close()


def ends(access: KafkaAccess, topics: Iterable[str]) -> dict[str, int]:
    """The offset that the next record of each topic will have."""
    with reading(access) as reader:
        return {topic: reader.bounds(topic)[1] for topic in set(topics) if reader.exists(topic)}


def _ours(access: KafkaAccess, error: KafkaError) -> Misuse | Unavailable:
    if error.code() in (KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED):
        return Misuse(f"the password of {access.username} is not right")
    return Unavailable(f"Kafka at {access.bootstrap_servers}: {error.str()}")
