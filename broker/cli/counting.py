"""Counts what is in Kafka without asking the ledger, with another client than the relay's."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from broker.connection import KafkaAccess
from broker.errors import Misuse, Unavailable
from broker.provision import CURSOR
from broker.questions import Sent

_INBOX = "inbox."
_LIMIT_SECONDS = 20.0  # without a single record or end of a topic
_ASK_SECONDS = 10.0


@dataclass(slots=True)
class Counted:
    """
    What one topic holds for a reader who sees committed records only.

    `complete`: nothing was deleted from its beginning yet.
    """

    complete: bool = True
    records: int = 0
    sequences: set[int] = field(default_factory=set)
    twice: int = 0

    def add(self, message: Message) -> None:
        sequence = _sequence(message)
        if message.topic() and not str(message.topic()).startswith(_INBOX):
            self.records += 1
        elif sequence is not None:  # a heartbeat has none
            self.records += 1
            self.twice += sequence in self.sequences
            self.sequences.add(sequence)


def cursor(access: KafkaAccess) -> dict[int, int]:
    """The last batch that went out, by relay shard."""
    with _consumer(access) as consumer:
        partitions = _partitions(consumer, [CURSOR])
        found: dict[int, int] = {}
        for message in _committed(consumer, partitions):
            found[message.partition() or 0] = int(json.loads(message.value() or b"")["batch"])
        return found


def count(access: KafkaAccess, topics: Iterable[str]) -> dict[str, Counted]:
    """What each of these topics holds; topics that do not exist are left out."""
    with _consumer(access) as consumer:
        partitions = _partitions(consumer, topics)
        found = {partition.topic: Counted() for partition in partitions}
        for partition in partitions:
            first, _ = consumer.get_watermark_offsets(partition, timeout=_ASK_SECONDS)
            found[partition.topic].complete &= first == 0
        for message in _committed(consumer, partitions):
            found[str(message.topic())].add(message)
        return found


def differences(
    counted: Mapping[str, Counted], before: Mapping[str, Sent], after: Mapping[str, int]
) -> list[str]:
    """
    Where Kafka and the ledger disagree, in words.

    `before` is what the ledger knew to be sent when the counting began, `after` the last number it
    had given out when the counting ended: Kafka must hold the first, and no more than the second.
    """
    found: list[str] = []
    for topic, sent in sorted(before.items()):
        held = counted.get(topic)
        if held is None:
            found += [f"{topic}: Kafka has no such topic, {sent.records} sent"] * bool(sent.records)
        elif topic.startswith(_INBOX):
            found += _of_inbox(topic, held, sent, after.get(topic, 0))
        else:
            found += _of_record(topic, held, sent, after.get(topic, 0))
    return found


def _of_inbox(topic: str, held: Counted, sent: Sent, last: int) -> Iterator[str]:
    if held.twice:
        yield f"{topic}: {held.twice} records are in Kafka twice"
    first = 1 if held.complete else min(held.sequences, default=sent.last + 1)
    missing = [number for number in range(first, sent.last + 1) if number not in held.sequences]
    if missing:
        yield f"{topic}: {len(missing)} sent are not in Kafka, the first is number {missing[0]}"
    if held.sequences and max(held.sequences) > last:
        newest = max(held.sequences)
        yield f"{topic}: Kafka holds number {newest}, the ledger has given out {last} only"


def _of_record(topic: str, held: Counted, sent: Sent, last: int) -> Iterator[str]:
    if held.complete and held.records < sent.records:
        yield f"{topic}: {sent.records} sent, but Kafka holds {held.records}"
    if held.records > last:
        yield f"{topic}: Kafka holds {held.records}, the ledger has given out {last} only"


def ends(access: KafkaAccess, topics: Iterable[str]) -> dict[str, int]:
    """The offset that the next record of each topic will have."""
    with _consumer(access) as consumer:
        return {
            partition.topic: consumer.get_watermark_offsets(partition, timeout=_ASK_SECONDS)[1]
            for partition in _partitions(consumer, topics)
        }


@contextmanager
def _consumer(access: KafkaAccess) -> Iterator[Consumer]:
    troubles: list[KafkaError] = []
    configuration: dict[str, Any] = {
        **access.for_confluent(),
        "group.id": "audit",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",
        "error_cb": troubles.append,
        "log_level": 0,
    }
    consumer = Consumer(configuration)
    try:
        yield consumer
    except KafkaException as error:
        raise _ours(access, troubles[0] if troubles else error.args[0]) from error
    finally:
        consumer.close()


def _ours(access: KafkaAccess, error: KafkaError) -> Misuse | Unavailable:
    if error.code() in (KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED):
        return Misuse(f"the password of {access.username} is not right")
    return Unavailable(f"Kafka at {access.bootstrap_servers}: {error.str()}")


def _partitions(consumer: Consumer, topics: Iterable[str]) -> list[TopicPartition]:
    known = consumer.list_topics(timeout=_ASK_SECONDS).topics
    return [
        TopicPartition(topic, number, OFFSET_BEGINNING)
        for topic in sorted(set(topics) & known.keys())
        for number in sorted(known[topic].partitions)
    ]


def _committed(consumer: Consumer, partitions: list[TopicPartition]) -> Iterator[Message]:
    """Every committed record from the beginning to where each topic ends now."""
    if not partitions:
        return
    consumer.assign(partitions)
    left = {(each.topic, each.partition) for each in partitions}
    deadline = time.monotonic() + _LIMIT_SECONDS
    while left:
        for message in consumer.consume(1000, timeout=0.05):
            deadline = time.monotonic() + _LIMIT_SECONDS
            error, place = message.error(), (message.topic(), message.partition())
            if error is None:
                if place in left:
                    yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                left.discard(place)
            else:
                raise KafkaException(error)
        if left and time.monotonic() > deadline:
            raise Unavailable(f"Kafka did not let {len(left)} topics be read to their end")


def _sequence(message: Message) -> int | None:
    headers: Any = message.headers() or ()
    for name, value in headers:
        if name == "sequence" and value is not None:
            return int(value)
    return None
