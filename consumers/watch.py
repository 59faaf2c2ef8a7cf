"""
Whether take-in moves, as seen from outside: a consumer that is stuck looks healthy to itself.

Another client asks Kafka where the outboxes end and who is in the group. While Kafka does not say,
nothing is concluded.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError

from broker.connection import KafkaAccess
from broker.errors import HomewardError
from broker.kafka_admin import Admin
from broker.parts import Condition, State, pause

# What waits for longer is not waiting for its turn, or for Kafka to replace a node.
_PATIENCE_SECONDS = 15.0
_EVERY_SECONDS = 5.0
_POSITIONS_SECONDS = 2.0


class Outside(Protocol):
    """Kafka, asked past the consumer; both may raise a `HomewardError`."""

    def ends(self, topics: Iterable[str]) -> dict[str, int]: ...

    def members(self, group: str) -> set[str]: ...


def outside(access: KafkaAccess) -> Outside:
    """Kafka as it answers this user."""
    return Admin(access)


class Stillness:
    """How long records have waited, or the membership has been gone, while there was time."""

    def __init__(self) -> None:
        self._waiting: dict[TopicPartition, tuple[int, float]] = {}
        self._outside: float | None = None

    def forget(self) -> None:
        """Nothing is known any more."""
        self._waiting, self._outside = {}, None

    def note(
        self,
        idle: float,
        places: Mapping[TopicPartition, int],
        ends: Mapping[str, int],
        is_member: bool,
    ) -> None:
        """What was seen when so many seconds had been spent on nothing."""
        behind = {one: at for one, at in places.items() if at < ends.get(one.topic, 0)}
        before = self._waiting
        self._waiting = {
            one: before[one] if before.get(one, (-1, 0.0))[0] == at else (at, idle)
            for one, at in behind.items()
        }
        if is_member:
            self._outside = None
        elif self._outside is None:
            self._outside = idle

    def trouble(self, idle: float) -> str:
        """What has not moved for too long; empty: nothing."""
        late = sum(idle - since > _PATIENCE_SECONDS for _, since in self._waiting.values())
        if late:
            return f"records wait in {late} outboxes and are not read"
        if self._outside is not None and idle - self._outside > _PATIENCE_SECONDS:
            return "Kafka does not count this process among the readers any more"
        return ""


class Busy:
    """What time went into deciding, so that only the rest counts as standing still."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._spent = 0.0

    def begins(self) -> None:
        self._began = time.monotonic()

    def ends(self) -> None:
        self._spent += self.seconds
        self._began = None

    @property
    def seconds(self) -> float:
        """How long it has been at what it is doing now."""
        return 0.0 if self._began is None else time.monotonic() - self._began

    def idle(self) -> float:
        """A clock that stands still while there is work."""
        return time.monotonic() - self._spent - self.seconds


class Watch:
    """Compares, every few seconds, what one consumer does with what Kafka says."""

    def __init__(self, kafka: Outside, group: str, busy: Busy) -> None:
        self._kafka, self._group, self._busy = kafka, group, busy
        self._still = Stillness()

    def condition(self) -> Condition | None:
        """What is wrong, if anything is."""
        trouble = self._still.trouble(self._busy.idle())
        return Condition(State.hanging, trouble) if trouble else None

    async def run(
        self,
        stop: asyncio.Event,
        consumer: Callable[[], AIOKafkaConsumer | None],
        readable: Callable[[], Iterable[TopicPartition]],
    ) -> None:
        """Look until told to stop, at the partitions that may be read."""
        while not stop.is_set():
            reads = consumer()
            if reads is None or not reads.subscription():  # no outbox is there yet
                self._still.forget()
            else:
                await self._look(reads, [*readable()])
            await pause(stop, _EVERY_SECONDS)

    async def _look(self, consumer: AIOKafkaConsumer, readable: list[TopicPartition]) -> None:
        try:
            # In this order: what is read meanwhile must not look as if it waited.
            ends, members = await asyncio.to_thread(self._ask, {one.topic for one in readable})
            places = await _places(consumer, readable)
        except (HomewardError, TimeoutError):
            self._still.forget()
            return
        is_member = consumer._coordinator.member_id in members
        self._still.note(self._busy.idle(), places, ends, is_member)

    def _ask(self, topics: Iterable[str]) -> tuple[dict[str, int], set[str]]:
        return self._kafka.ends(topics), self._kafka.members(self._group)


async def _places(
    consumer: AIOKafkaConsumer, readable: Iterable[TopicPartition]
) -> dict[TopicPartition, int]:
    """Where each is read on; the marks of transactions are passed over."""
    found = {}
    async with asyncio.timeout(_POSITIONS_SECONDS):
        for one in readable:
            with suppress(IllegalStateError):  # taken away meanwhile
                found[one] = await consumer.position(one)
    return found
