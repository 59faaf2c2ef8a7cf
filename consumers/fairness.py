"""How much of each outbox goes into one batch, so that a flood from one delays nobody else's."""

from collections import deque
from collections.abc import Iterable

from aiokafka import ConsumerRecord, TopicPartition


class Waiting:
    """Records that were read and are not decided on, by outbox, each in its own order."""

    def __init__(self, records: Iterable[ConsumerRecord] = ()) -> None:
        self._queues: dict[TopicPartition, deque[ConsumerRecord]] = {}
        self.add(records)

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    @property
    def partitions(self) -> set[TopicPartition]:
        return set(self._queues)

    def records(self) -> list[ConsumerRecord]:
        return [record for queue in self._queues.values() for record in queue]

    def add(self, records: Iterable[ConsumerRecord]) -> None:
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            self._queues.setdefault(place, deque()).append(record)

    def batch(self, share: int, most: int) -> list[ConsumerRecord]:
        """
        What is decided on next: at most `share` of any outbox and `most` of all.

        Whoever has the fewest waiting comes first. No outbox is reordered; among outboxes there is
        no order to keep.
        """
        taken: list[ConsumerRecord] = []
        for place, queue in sorted(self._queues.items(), key=lambda item: len(item[1])):
            count = min(share, len(queue), most - len(taken))
            taken += (queue.popleft() for _ in range(count))
            if not queue:
                del self._queues[place]
        return taken
