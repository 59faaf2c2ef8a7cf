"""
Reads every outbox and hands what is in it to the decider, in batches.

Nothing here looks into a record: what a sender writes into headers or value can neither stop a
batch nor change how it is handled.
"""

import asyncio
import contextlib
import dataclasses
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

import structlog
from aiokafka import ConsumerRecord
from aiokafka.errors import ConsumerStoppedError, KafkaError
from faststream import AckPolicy
from faststream.exceptions import NackMessage
from faststream.kafka import KafkaBroker

from broker import provision
from broker.connection import KafkaAccess
from broker.decider import Outcome
from broker.errors import Unavailable
from broker.metrics import Metrics
from broker.parts import TAKE_IN, Condition, State, pause
from broker.records import Record
from consumers.fairness import Waiting
from consumers.positions import Positions, TopicIds, place_of
from consumers.watch import Busy, Outside, Watch, outside

OUTBOXES = r"outbox\..*$"
GROUP = "take-in"
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 5.0
_HALVINGS = 3
_STOP_SECONDS = 4.0
_HANGS_SECONDS = 25.0  # longer than any wait of one batch, and less than half a minute
_SILENCE_SECONDS = 20.0  # longer than a fetch may wait, and Kafka to replace a node
_JOIN_SECONDS = 1.0
_LOOK_SECONDS, _LOOKS_SECONDS = 0.1, 5.0
_FLOODS = 16  # so many senders may flood at once, and others are still found at each look

log = structlog.get_logger(part=TAKE_IN)

Records = tuple[ConsumerRecord, ...]


class Decides(Protocol):
    """What take-in needs of the decider; both may raise `Unavailable`."""

    def take(self, records: Sequence[Record]) -> Outcome: ...

    def positions(self, topics: Mapping[str, str]) -> dict[str, int]: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Tuning:
    """
    The waits and sizes of reading, in milliseconds and bytes.

    `session_timeout_ms` is how long nobody reads after this process was killed: the least that a
    Kafka allows which was not told otherwise. A batch may take as long as `rebalance_timeout_ms`
    when partitions are given away. With thousands of outboxes `fetch_max_wait_ms=3000` takes a
    third of the processor time.
    """

    group: str = GROUP
    max_records: int = 500
    # Of one outbox in a batch. More wins little, and others wait for it to be decided on.
    share: int = 100
    # Of all outboxes together, while more than a share waits: what is new is decided on sooner.
    flooded_records: int = 150
    batch_timeout_ms: int = 20
    fetch_max_wait_ms: int = 500
    session_timeout_ms: int = 6_000
    rebalance_timeout_ms: int = 10_000
    heartbeat_interval_ms: int = 1_000
    metadata_max_age_ms: int = 5_000
    # A record is at most 1 MiB; this also bounds what is held in memory.
    max_partition_fetch_bytes: int = 2 * 1024 * 1024
    fetch_max_bytes: int = 16 * 1024 * 1024


class TakeIn:
    """
    The way in from Kafka: one subscriber to every outbox.

    What could not be decided, because the ledger is away, is read again after a pause, and nothing
    is passed over. `wake` is called when deliveries were decided on.
    """

    def __init__(
        self,
        access: KafkaAccess,
        decider: Decides,
        metrics: Metrics,
        *,
        wake: Callable[[], None] = lambda: None,
        tuning: Tuning | None = None,
        topic_ids: TopicIds | None = None,
        kafka: Outside | None = None,
    ) -> None:
        self._decider, self._metrics, self._wake = decider, metrics, wake
        self._tuning = tuning or Tuning()
        self._positions = Positions(decider, topic_ids or _topic_ids(access))
        self._failures = 0
        self._trouble = ""
        self._busy = Busy()
        self._watch = Watch(kafka or outside(access), self._tuning.group, self._busy)
        self.kafka = _broker(access, self._tuning)
        self.subscriber = _subscribe(self.kafka, self._tuning, self._positions)
        self.subscriber(self.take)
        self._positions.consumer = lambda: self.subscriber.consumer
        metrics.held_outboxes.set_function(lambda: len(self._positions.held))

    async def take(self, records: Records) -> None:
        """Decide on a batch, or wait a while and have it read again."""
        async with self._positions.busy:
            share, readable = self._tuning.share, self._positions.readable(records)
            waiting, batch = Waiting(readable), list[ConsumerRecord]()
            looks_until = time.monotonic() + _LOOKS_SECONDS  # it comes to an end, whoever floods
            try:
                # Told to hurry, it leaves the rest: whoever reads next begins where the ledger is.
                while waiting and not (batch and self._positions.hurry.is_set()):
                    most = self._tuning.max_records
                    if len(waiting) > share:
                        most = self._tuning.flooded_records
                        if time.monotonic() < looks_until:
                            await self._add_others(waiting)
                    batch = waiting.batch(share, most)
                    self._busy.begins()
                    await self._decide(batch)
                    self._busy.ends()
            except Exception as error:
                await self._put_off(error)
                self._positions.again([*records, *batch, *waiting.records()])
                raise NackMessage from error
            finally:
                self._busy.ends()

    async def _add_others(self, waiting: Waiting) -> None:
        """Add what is at hand of other outboxes, so that it need not wait for the whole flood."""
        consumer = self.subscriber.consumer
        # In a rebalance it would wait for the batch that waits for it.
        with contextlib.suppress(TimeoutError, KafkaError, ConsumerStoppedError):
            async with asyncio.timeout(_LOOK_SECONDS):
                # Of each that floods too a share comes first, and then those who said little.
                for _ in range(_FLOODS):
                    if consumer is None or not (
                        others := consumer.assignment() - waiting.partitions
                    ):
                        return
                    found = await consumer.getmany(*others, max_records=self._tuning.share)
                    if not found:
                        return
                    waiting.add(self._positions.readable(chain.from_iterable(found.values())))

    async def _decide(self, readable: list[ConsumerRecord]) -> None:
        batch = [self._record(one) for one in readable]
        outcome = Outcome()
        # What was too much at once for a machine that is slow now gets through in parts.
        size = max(1, len(batch) >> min(self._failures, _HALVINGS))
        for first in range(0, len(batch), size):
            part = batch[first : first + size]
            outcome += await asyncio.to_thread(self._decider.take, part)
        seconds = self._busy.seconds
        self._positions.reached(readable)
        self._failures, self._trouble = 0, ""
        counts = {
            "accepted": outcome.accepted,
            "repeated": outcome.repeated,
            "rejected": outcome.rejected,
        }
        self._metrics.taken(counts, outcome.codes, outcome.deliveries, seconds)
        if outcome.deliveries:
            self._wake()
        fields = {"deliveries": outcome.deliveries, "seconds": round(seconds, 4)}
        log.info("took in", records=len(batch), **counts, **fields)

    def _record(self, one: ConsumerRecord) -> Record:
        topic_id = self._positions.ids[place_of(one)]
        return Record(one.topic, topic_id, one.offset, one.value)

    async def _put_off(self, error: Exception) -> None:
        # Kafka hands a refused batch straight back, so all waiting happens here.
        self._metrics.batches_put_off.inc()
        seconds = min(_FIRST_PAUSE_SECONDS * 2**self._failures, _LONGEST_PAUSE_SECONDS)
        self._failures = min(self._failures + 1, 10)
        if isinstance(error, Unavailable):
            self._trouble = str(error)
            log.warning("waiting", because=str(error), seconds=seconds, attempt=self._failures)
        else:
            self._trouble = f"a fault of ours: {type(error).__name__}"
            log.error("a batch cannot be decided on", exc_info=error, seconds=seconds)
        await pause(self._positions.hurry, seconds)

    async def stop(self) -> None:
        """Break off every wait, before the subscriber is stopped."""
        await self._positions.stop()

    async def watch(self, stop: asyncio.Event) -> None:
        """Look from outside whether it moves, until told to stop; join again where it is lost."""
        joining = asyncio.create_task(self._join_again(stop))
        try:
            await self._watch.run(
                stop, lambda: self.subscriber.consumer, lambda: self._positions.ids
            )
        finally:
            joining.cancel()
            await asyncio.wait([joining])

    async def _join_again(self, stop: asyncio.Event) -> None:
        """
        Read with another consumer once aiokafka's own task for the group has died.

        That was seen after Kafka had been away: the task fails an assertion, every read raises from
        then on, and nothing starts it again.
        """
        lost = False
        while not stop.is_set():
            if lost or self._is_out_of_group():
                lost = True
                log.warning("joins the group again", because="its place in the group is lost")
                try:
                    await self.subscriber.stop()
                    await self.subscriber.start()
                    lost = False
                except KafkaError as error:
                    log.warning("waiting", because=type(error).__name__)
            await pause(stop, _JOIN_SECONDS)

    def _is_out_of_group(self) -> bool:
        consumer = self.subscriber.consumer
        task = getattr(consumer and consumer._coordinator, "_coordination_task", None)
        return task is not None and task.done() and not task.cancelled()

    def condition(self) -> Condition:
        """What it is doing, by what is seen from here, and from outside while it is watched."""
        consumer, tasks = self.subscriber.consumer, self.subscriber.tasks
        if consumer is None or not self.subscriber.running:
            return Condition(State.starting)
        if all(task.done() for task in tasks):
            return Condition(State.stuck, "nothing reads any more")
        if (still := self._busy.seconds) > _HANGS_SECONDS:
            return Condition(State.hanging, f"one batch has taken {still:.0f} s")
        if self._trouble:
            return Condition(State.waiting, self._trouble)
        if (wrong := self._watch.condition()) is not None:
            return wrong
        if self._positions.held:
            return Condition(State.waiting, f"{len(self._positions.held)} outboxes are not read")
        if not (assigned := consumer.assignment()):
            waits = consumer.subscription() and not self._positions.joined
            return Condition(State.starting if waits else State.standby)
        if len(self._positions.ids) < len(assigned):
            return Condition(State.waiting, "positions are not known yet")
        heard = max(consumer.last_poll_timestamp(one) or 0 for one in assigned) / 1000
        if not self._busy.seconds and heard and time.time() - heard > _SILENCE_SECONDS:
            return Condition(State.waiting, "Kafka does not answer")
        return Condition(State.working)


async def untouched(records: Records, original: Callable[[Any], Any]) -> Any:
    """
    A parser that never looks at a header.

    FastStream decodes headers, and obeys some: one that is not UTF-8 would lose the whole batch.
    """
    message = await original(tuple(dataclasses.replace(one, headers=()) for one in records))
    message.raw_message = records
    return message


async def as_they_are(message: Any) -> Any:
    """A decoder that does not guess: a null value stays different from an empty one."""
    return message.raw_message


def _broker(access: KafkaAccess, tuning: Tuning) -> KafkaBroker:
    servers, security = access.for_faststream()
    return KafkaBroker(
        servers,
        security=security,
        client_id="homeward-take-in",
        consumer_only=True,
        allow_auto_create_topics=False,
        metadata_max_age_ms=tuning.metadata_max_age_ms,
        graceful_timeout=_STOP_SECONDS,
        logger=logging.getLogger("faststream"),
        log_level=logging.DEBUG,  # two lines for each batch
        apply_types=False,
    )


def _subscribe(kafka: KafkaBroker, tuning: Tuning, positions: Positions) -> Any:
    return kafka.subscriber(
        pattern=OUTBOXES,
        group_id=tuning.group,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        isolation_level="read_committed",
        no_reply=True,
        batch=True,
        max_records=tuning.max_records,
        batch_timeout_ms=tuning.batch_timeout_ms,
        fetch_max_wait_ms=tuning.fetch_max_wait_ms,
        fetch_max_bytes=tuning.fetch_max_bytes,
        max_partition_fetch_bytes=tuning.max_partition_fetch_bytes,
        session_timeout_ms=tuning.session_timeout_ms,
        rebalance_timeout_ms=tuning.rebalance_timeout_ms,
        heartbeat_interval_ms=tuning.heartbeat_interval_ms,
        listener=positions,
        parser=untouched,
        decoder=as_they_are,
    )


def _topic_ids(access: KafkaAccess) -> TopicIds:
    def ask(names: Iterable[str]) -> dict[str, str]:
        return provision.topic_ids(access, names)

    return ask
