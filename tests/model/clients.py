"""aiokafka's producer and consumer, as far as Homeward uses them, on the small Kafka."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from aiokafka import TopicPartition
from aiokafka.errors import IllegalOperation, ProducerFenced, UnknownTopicOrPartitionError

from tests.model.kafka import Entry, Headers, Kafka, NotNow, Written


class Line(Protocol):
    """The way to Kafka: sends a request and answers when it was carried out."""

    def ask(self, do: Callable[[], Any]) -> asyncio.Future[Any]: ...


class Direct:
    """A line on which everything is carried out at once."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka

    def ask(self, do: Callable[[], Any]) -> asyncio.Future[Any]:
        future = asyncio.get_running_loop().create_future()
        try:
            for _ in range(3):
                try:
                    future.set_result(do())
                    break
                except NotNow:
                    self._kafka.settle()
        except Exception as error:
            future.set_exception(error)
        self._kafka.settle()
        return future


class Clients:
    """What `aiokafka` offers, by its names there."""

    def __init__(self, kafka: Kafka, line: Line) -> None:
        self._kafka, self._line = kafka, line

    def AIOKafkaProducer(self, **options: Any) -> "Producer":
        return Producer(self._kafka, self._line, options.get("transactional_id"))

    def AIOKafkaConsumer(self, **options: Any) -> "Consumer":
        return Consumer(self._kafka, self._line, options["isolation_level"] == "read_committed")


class _Builder:
    def __init__(self) -> None:
        self.written: list[Written] = []

    def append(
        self, *, timestamp: None, value: bytes, key: bytes | None, headers: Headers = ()
    ) -> object:
        self.written.append((value, key, list(headers)))
        return self


class _Client:
    """A producer's metadata: what it asked for, as it was when it asked."""

    def __init__(self, producer: "Producer") -> None:
        self._producer, self._asked, self._seen = producer, set[str](), set[str]()
        self.cluster = self
        self.unauthorized_topics: set[str] = set()

    def topics(self) -> set[str]:
        return self._seen

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return {0} if topic in self._seen else None

    def set_topics(self, topics: Iterable[str]) -> None:
        self._asked = set(topics)

    async def force_metadata_update(self) -> bool:
        self._seen = self._asked & await self._producer.line.ask(self._producer.kafka.topics)
        return True

    async def close(self) -> None:
        self._producer.close()


class _Sender:
    sender_task = None


class _Accumulator:
    def __init__(self) -> None:
        self._pending_batches: set[Any] = set()
        self._batches: dict[Any, Any] = {}

    def fail_all(self, error: Exception) -> None: ...


class Producer:
    """
    One life of an idempotent producer; transactional with a transactional id.

    A topic's batches go one after the other, those of different topics beside each other, after
    the topic was made part of the transaction. What it sent may arrive after it was closed.
    """

    def __init__(self, kafka: Kafka, line: Line, name: str | None) -> None:
        self.kafka, self.line, self._name = kafka, line, name
        self.client = _Client(self)
        self._sender, self._message_accumulator = _Sender(), _Accumulator()
        self._started = (0, 0)
        self._in_transaction = False
        self._added: set[TopicPartition] = set()
        self._adding = asyncio.Lock()
        self._queues: dict[TopicPartition, deque[tuple[list[Written], asyncio.Future[Any]]]] = {}
        self._tasks: dict[TopicPartition, asyncio.Task[None]] = {}
        self._fatal: Exception | None = None

    async def start(self) -> None:
        self._started = await self.line.ask(lambda: self.kafka.start(self._name))

    async def stop(self) -> None:
        self.close()

    def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()

    def create_batch(self) -> _Builder:
        return _Builder()

    async def begin_transaction(self) -> None:
        assert not self._in_transaction
        self._raise_fatal()
        self._in_transaction = True

    async def send_batch(
        self, batch: _Builder, topic: str, *, partition: int
    ) -> asyncio.Future[None]:
        return await self._send(TopicPartition(topic, partition), batch.written)

    async def send(
        self,
        topic: str,
        value: bytes | None = None,
        key: bytes | None = None,
        partition: int = 0,
        headers: Headers = (),
    ) -> asyncio.Future[None]:
        return await self._send(TopicPartition(topic, partition), [(value, key, list(headers))])

    async def send_and_wait(self, topic: str, value: bytes | None = None, **more: Any) -> None:
        await (await self.send(topic, value, **more))

    async def _send(self, place: TopicPartition, written: list[Written]) -> asyncio.Future[None]:
        if not self.client.partitions_for_topic(place.topic):
            self.client.set_topics({*self.client.topics(), place.topic})
            await self.client.force_metadata_update()
            if not self.client.partitions_for_topic(place.topic):
                raise UnknownTopicOrPartitionError
        if self._name and not self._in_transaction:
            raise IllegalOperation
        future = asyncio.get_running_loop().create_future()
        if self._fatal:
            future.set_exception(self._fatal)
            return future
        self._queues.setdefault(place, deque()).append((written, future))
        if place not in self._tasks or self._tasks[place].done():
            self._tasks[place] = asyncio.create_task(self._drain(place))
        return future

    async def _drain(self, place: TopicPartition) -> None:
        try:
            if self._name:
                await self._add(place)
            queue = self._queues[place]
            while queue:
                written, future = queue[0]
                await self.line.ask(
                    lambda of=written: self.kafka.write(self._name, self._started, place, of)
                )
                queue.popleft()
                if not future.done():
                    future.set_result(None)
        except ProducerFenced as error:
            self._fatal = error
            for _, future in (one for queue in self._queues.values() for one in queue):
                if not future.done():
                    future.set_exception(error)

    async def _add(self, place: TopicPartition) -> None:
        async with self._adding:
            if place not in self._added:
                name, places = self._name or "", [p for p, queue in self._queues.items() if queue]
                await self.line.ask(lambda: self.kafka.add(name, self._started[1], places))
                self._added.update(places)

    async def commit_transaction(self) -> None:
        self._in_transaction = False
        if self._tasks:
            await asyncio.wait(self._tasks.values())
        self._raise_fatal()
        name = self._name or ""
        if self._added:
            await self.line.ask(lambda: self.kafka.commit(name, self._started[1]))
        self._added.clear()

    def _raise_fatal(self) -> None:
        if self._fatal:
            raise self._fatal


class _Read(NamedTuple):
    topic: str
    partition: int
    offset: int
    value: bytes | None
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]


def read(place: TopicPartition, entry: Entry) -> _Read:
    value, key, headers = entry.written
    return _Read(*place, entry.offset, value, key, tuple(headers))


class Consumer:
    """One that is assigned its partitions by hand."""

    def __init__(self, kafka: Kafka, line: Line, committed: bool) -> None:
        self._kafka, self._line, self._committed = kafka, line, committed
        self._places: dict[TopicPartition, int] = {}

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def assign(self, places: Iterable[TopicPartition]) -> None:
        self._places = dict.fromkeys(places, 0)

    async def beginning_offsets(self, places: Iterable[TopicPartition]) -> dict[Any, int]:
        return dict.fromkeys(places, 0)

    async def end_offsets(self, places: Iterable[TopicPartition]) -> dict[Any, int]:
        return dict(await self._line.ask(lambda: {place: self._end(place) for place in places}))

    def _end(self, place: TopicPartition) -> int:
        log = self._kafka.log(place)
        return log.stable if self._committed else len(log.entries)

    def seek(self, place: TopicPartition, offset: int) -> None:
        self._places[place] = offset

    async def position(self, place: TopicPartition) -> int:
        return self._places[place]

    async def getmany(self, *places: TopicPartition, timeout_ms: int = 0) -> dict[Any, list[_Read]]:
        found = {}
        for place in places or self._places:
            entries, end = await self._line.ask(lambda place=place: self._fetch(place))
            self._places[place] = end
            if entries:
                found[place] = [read(place, entry) for entry in entries]
        return found

    def _fetch(self, place: TopicPartition) -> tuple[list[Entry], int]:
        log, start, end = self._kafka.log(place), self._places[place], self._end(place)
        if self._committed:
            return log.committed(start), end
        return [entry for entry in log.entries[start:end] if not entry.mark], end
