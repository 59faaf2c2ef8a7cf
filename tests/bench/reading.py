"""Independent readers of what came out, that share nothing with what is measured."""

import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from broker.connection import AUDIT, KafkaAccess
from tests.bench.processes import until
from tests.servers import KafkaServer


class Reader:
    """An independent reader of committed records, that looks afterwards."""

    def __init__(self, kafka: KafkaServer, topics: Iterable[str]) -> None:
        self._access, self._topics = kafka.access(AUDIT), list(topics)
        self._consumer = _consumer(self._access)

    def ends(self) -> dict[str, int]:
        """Where each topic ends now."""
        return {
            topic: self._consumer.get_watermark_offsets(
                TopicPartition(topic, 0), timeout=30, cached=False
            )[1]
            for topic in self._topics
        }

    def since(self, before: dict[str, int]) -> tuple[int, float]:
        """How many deliveries were written since, and when Kafka took the last one."""
        moved = {topic for topic, end in self.ends().items() if end > before[topic]}
        self._consumer.assign([TopicPartition(topic, 0, before[topic]) for topic in sorted(moved)])
        count, last = 0, 0
        while moved:
            for one in self._consumer.consume(5000, timeout=0.1):
                if (error := one.error()) is not None:
                    assert error.code() == KafkaError._PARTITION_EOF, error
                    moved.discard(one.topic())
                elif _is_delivery(one):
                    count, last = count + 1, max(last, one.timestamp()[1])
        self._consumer.unassign()
        return count, last / 1000


class Seen:
    """An independent reader of committed records, that notes when it sees each delivery."""

    def __init__(self, kafka: KafkaServer, topics: Sequence[str]) -> None:
        self.at: dict[str, float] = {}
        self._count = 0
        self._consumer = _consumer(kafka.access(AUDIT))
        ends = Reader(kafka, topics).ends()
        self._consumer.assign([TopicPartition(topic, 0, end) for topic, end in ends.items()])
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._stop.is_set():
            for one in self._consumer.consume(500, timeout=0.005):
                if one.error() is None and _is_delivery(one):
                    self._count += 1
                    if delivery := _headers(one).get("delivery"):
                        self.at[delivery.decode()] = time.time()

    def until(self, count: int) -> None:
        """Return when so many were seen."""
        until(lambda: self._count >= count, limit_seconds=30)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._consumer.close()


def _consumer(access: KafkaAccess) -> Consumer:
    return Consumer(
        {
            **access.for_confluent(),
            "group.id": "audit.bench",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 100,
            "log_level": 0,  # the servers end before this does
        }
    )


def _is_delivery(one: Message) -> bool:
    """Heartbeats are not counted anywhere."""
    return not _headers(one).keys().isdisjoint(("sequence", "acceptance"))


def _headers(one: Message) -> dict[str, bytes]:
    found: Any = one.headers()
    return dict(found or ())
