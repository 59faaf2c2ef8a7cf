"""
Sends what was decided to Kafka: each delivery once, in order, whatever is killed at whatever step.

Each batch is one Kafka transaction that also writes the batch's number to the cursor. After any
trouble the producer is thrown away and another is made, which undoes what the old one left open;
then the cursor says whether the batch in doubt went out. One transactional id per shard, never
another: the newest producer is the only one that can commit.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import aiokafka
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from broker import cursor as cursors
from broker.clock import Clock
from broker.connection import KafkaAccess
from broker.cursor import Cursor
from broker.errors import HomewardError, Misuse, Superseded, Unavailable
from broker.ledger.stamping import Batch, Outgoing, Refused, Stamping
from broker.parts import Condition, State, pause
from broker.provision import CURSOR
from producers import kafka
from producers.wire import INBOX, LARGEST, Record, Wire

HEARTBEAT = timedelta(seconds=60)
RETRY_PARKED = timedelta(seconds=30)

_TRANSACTION_MS = 10_000
_REQUEST_MS = 5_000
_SEND_SECONDS = 20.0  # longer than Kafka needs to replace a node that died
_START_SECONDS = 40.0
_LOOK_SECONDS = 1.0
_PAUSES = (0.3, 3.0)
_STANDBY_SECONDS = 0.5
_HANGS_SECONDS = 25.0  # longer than a batch may take, and less than half a minute

_ENDS_BY_ITSELF = (kafka.NO_ACCESS, kafka.MISSING)  # a message that is too large stays too large

log = structlog.get_logger()


class Counts(Protocol):
    """What is counted of a relay."""

    def relayed(self, shard: int, records: int, seconds: float) -> None: ...
    def relay_failed(self, shard: int) -> None: ...
    def sent_after(self, seconds: Iterable[float]) -> None: ...


def _no_step(_: str) -> None: ...


class Relay:
    """
    One shard's way from the ledger to Kafka.

    `pseudonym` names a child for one recipient. Whoever decides in this process calls `wake`; what
    is decided elsewhere is found every `idle_seconds`. `step` is told where the relay is, so that a
    test can end the process there; what it does is nobody's business. `clients` makes producers and
    consumers, by aiokafka's names.
    """

    def __init__(
        self,
        access: KafkaAccess,
        stamping: Stamping,
        pseudonym: Callable[[UUID, str], str],
        clock: Clock,
        counts: Counts,
        *,
        heartbeat: timedelta = HEARTBEAT,
        retry_parked: timedelta = RETRY_PARKED,
        idle_seconds: float = 0.02,
        step: Callable[[str], None] = _no_step,
        clients: Any = aiokafka,
    ) -> None:
        self._access, self._stamping, self._clock = access, stamping, clock
        self._clients = clients
        self._counts, self._idle_seconds, self._told = counts, idle_seconds, step
        self._wire = Wire(pseudonym)
        self._cursor = TopicPartition(CURSOR, stamping.shard)
        self._ledger_id: UUID | None = None
        self._heartbeats = _Every(heartbeat, clock)
        self._probes = _Every(retry_parked, clock)
        self._refused: dict[str, str] = {}
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._condition = Condition(State.starting)
        self._moved = self._held = time.monotonic()
        self._lost = False

    def condition(self) -> Condition:
        """How this part is."""
        still = time.monotonic() - self._moved
        if still > _HANGS_SECONDS and self._condition.state is not State.stuck:
            return Condition(State.hanging, f"nothing moved for {still:.0f} s")
        return self._condition

    def _step(self, where: str) -> None:
        self._moved = time.monotonic()
        self._told(where)

    def wake(self) -> None:
        """Look for deliveries now; may be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    async def run(self, stop: asyncio.Event) -> None:
        """
        Relay until told to stop; a batch that is on its way is finished first.

        Waits out whatever is away, and stands by while another process holds the shard. `Misuse`
        when going on could repeat or lose deliveries: the cursor does not fit the ledger.
        """
        self._loop = asyncio.get_running_loop()
        shortest, longest = _PAUSES
        wait = shortest
        try:
            while not stop.is_set():
                began = self._moved = time.monotonic()
                try:
                    if await self._stand_by(stop):
                        await self._relay(stop)
                except Misuse as error:
                    self._condition = Condition(State.stuck, str(error))
                    raise
                except Superseded as error:
                    log.warning("relay handed over", shard=self._stamping.shard, because=str(error))
                except Exception as error:
                    ours = isinstance(error, HomewardError)  # its words name nobody
                    because = str(error) if ours else type(error).__name__
                    self._condition = Condition(State.waiting, because)
                    self._counts.relay_failed(self._stamping.shard)
                    log.warning("relay starts again", shard=self._stamping.shard, exc_info=error)
                    if time.monotonic() - began > longest:
                        wait = shortest
                    if wait > shortest:  # not the first time: somebody else may get through
                        await self._release()
                    await pause(stop, wait)
                    wait = min(2 * wait, longest)
        finally:
            await self._release()

    async def _stand_by(self, stop: asyncio.Event) -> bool:
        """Wait for the shard; False when told to stop before."""
        every = min(_STANDBY_SECONDS, self._stamping.lease.total_seconds() / 10)
        while not stop.is_set():
            self._moved = time.monotonic()
            if await asyncio.to_thread(self._stamping.hold):
                return True
            self._condition = Condition(State.standby)
            await pause(stop, every)
        return False

    async def _release(self) -> None:
        with contextlib.suppress(Exception):  # then a standby waits for the end of the lease
            await asyncio.to_thread(self._stamping.release)

    async def _keep(self) -> None:
        """Keep the shard when one batch takes so long that nobody else renews, up to a limit."""
        length = self._stamping.lease.total_seconds()
        while time.monotonic() - self._moved < _HANGS_SECONDS and not self._lost:
            await asyncio.sleep(length / 6)
            with contextlib.suppress(Unavailable):
                await self._renew_after(length / 2)
        self._lost = True

    async def _renew_after(self, seconds: float) -> None:
        began = time.monotonic()
        if began - self._held > seconds:
            self._lost = not await asyncio.to_thread(self._stamping.hold)
            self._held = began

    # -- one life of a producer

    async def _relay(self, stop: asyncio.Event) -> None:
        producer = self._producer(
            transactional_id=f"relay-{self._stamping.shard}",
            transaction_timeout_ms=_TRANSACTION_MS,
        )
        probing: asyncio.Task[None] | None = None
        self._lost, self._held = False, time.monotonic()
        keeping = asyncio.create_task(self._keep())
        try:
            async with asyncio.timeout(_START_SECONDS):
                await producer.start()  # undoes what an earlier one left open, and shuts it out
            self._step("started")
            done = await self._catch_up(producer)
            self._condition = Condition(State.working)
            log.info("serves the shard", shard=self._stamping.shard, batch=done)
            while not stop.is_set():
                self._moved = time.monotonic()
                await self._renew_after(self._stamping.lease.total_seconds() / 3)
                if self._lost:
                    raise Superseded(f"another process holds relay shard {self._stamping.shard}")
                if self._heartbeats.due():
                    await self._beat(producer)
                if self._probes.due() and (probing is None or probing.done()):
                    probing = asyncio.create_task(self._probe())
                began = time.perf_counter()
                batch = await self._stamp(producer, done)
                if batch is None:
                    await self._rest()
                else:
                    await self._send(producer, batch, began)
                    done = batch.number
        finally:
            beside = [keeping] if probing is None else [keeping, probing]
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)
            await kafka.discard(producer)

    def _producer(self, **more: Any) -> AIOKafkaProducer:
        made: AIOKafkaProducer = self._clients.AIOKafkaProducer(
            **self._access.for_aiokafka(),
            acks="all",
            max_batch_size=262_144,
            max_request_size=2 * 1024 * 1024,
            request_timeout_ms=_REQUEST_MS,
            metadata_max_age_ms=30_000,  # so soon a topic that was deleted is noticed
            **more,
        )
        return made

    async def _rest(self) -> None:
        """Until woken, or for the short time after which to look again anyway."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._idle_seconds):
                await self._woken.wait()
        self._woken.clear()

    # -- where we are

    async def _catch_up(self, producer: AIOKafkaProducer) -> int:
        """Bring ledger and Kafka to the same batch; the answer is its number."""
        stamping = self._stamping
        ledger = self._ledger_id = await asyncio.to_thread(stamping.ledger_id)
        last = await asyncio.to_thread(stamping.last)
        inboxes = await asyncio.to_thread(stamping.destinations)
        topics = {CURSOR, *(each.destination for each in inboxes if each.parked is None)}
        await kafka.know(producer, topics)
        if self._cursor.partition not in (
            producer.client.cluster.partitions_for_topic(CURSOR) or ()
        ):
            raise Unavailable(f"{CURSOR} has no partition {self._cursor.partition} yet")
        # Only now: until the producer had started, an older one could still commit.
        cursor = await self._read_cursor()
        if await asyncio.to_thread(stamping.last) != last:  # this process stood still meanwhile
            raise Superseded(f"another process works relay shard {stamping.shard}")
        done = cursors.last_sent(cursor, ledger, last)
        self._step("caught up")
        if done == last:
            if done:
                await asyncio.to_thread(stamping.confirm, done)
            for destination, reason in self._take_refused().items():
                await self._park(destination, reason)
            return done
        await self._send_again(producer, last)
        return last

    async def _send_again(self, producer: AIOKafkaProducer, number: int) -> None:
        """Send the batch that was stamped and not sent, without those who cannot get theirs."""
        batch = await asyncio.to_thread(self._stamping.unsent, number)
        if batch is None:
            raise Misuse(
                f"batch {number} of relay shard {self._stamping.shard} is not in the ledger: "
                "restore the ledger with `homeward restore`"
            )
        topics = {record.destination for record in batch.records}
        await kafka.know(producer, topics)
        refused = kafka.unwritable(producer, topics) | self._take_refused()
        if refused:
            await asyncio.to_thread(self._stamping.set_aside, number, refused)
            for destination, reason in refused.items():
                log.warning("inbox parked", topic=destination, because=reason)
            batch = await asyncio.to_thread(self._stamping.unsent, number)
            assert batch is not None
        await self._send(producer, batch, time.perf_counter())

    def _take_refused(self) -> dict[str, str]:
        refused, self._refused = self._refused, {}
        return refused

    async def _read_cursor(self) -> Cursor | None:
        """The newest committed record of the cursor."""
        consumer: AIOKafkaConsumer = self._clients.AIOKafkaConsumer(
            **self._access.for_aiokafka(),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            request_timeout_ms=_REQUEST_MS,
        )
        try:
            async with asyncio.timeout(_START_SECONDS):
                await consumer.start()
                consumer.assign([self._cursor])
                return await self._read_back(consumer)
        finally:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(consumer.stop(), 5)

    async def _read_back(self, consumer: AIOKafkaConsumer) -> Cursor | None:
        """From further and further back, because the end holds marks and undone records too."""
        first = (await consumer.beginning_offsets([self._cursor]))[self._cursor]
        end = (await consumer.end_offsets([self._cursor]))[self._cursor]
        newest, back, start = None, 10, end
        while newest is None and start > first:
            start = max(first, end - back)
            consumer.seek(self._cursor, start)
            while await consumer.position(self._cursor) < end:
                records = await consumer.getmany(self._cursor, timeout_ms=200)
                newest = ([*records.get(self._cursor, ())] or [newest])[-1]
            back *= 10
        return None if newest is None else cursors.read(newest.value)

    # -- stamp

    async def _stamp(self, producer: AIOKafkaProducer, done: int) -> Batch | None:
        if not await asyncio.to_thread(self._stamping.waiting):
            return None
        unwritable: dict[str, str | None] = {}

        def refusal(record: Outgoing) -> str | None:
            if len(record.content.value) > LARGEST:
                return kafka.TOO_LARGE
            topic = record.destination
            if topic not in unwritable:
                unwritable[topic] = kafka.why_not(producer, topic)
            return unwritable[topic]

        self._step("stamping")
        try:
            batch = await asyncio.to_thread(self._stamping.stamp, done, refusal=refusal)
        except Refused as refused:
            await self._look_again(producer, refused.reasons)
            return None
        self._step("stamped")
        return batch

    async def _look_again(self, producer: AIOKafkaProducer, reasons: dict[str, str]) -> None:
        """A topic we do not know may be new: ask Kafka before an inbox is parked."""
        await kafka.know(producer, reasons)
        for destination, reason in reasons.items():
            now = reason if reason == kafka.TOO_LARGE else kafka.why_not(producer, destination)
            if now:
                await self._park(destination, now)
        self._woken.set()

    async def _park(self, destination: str, reason: str) -> None:
        await asyncio.to_thread(self._stamping.park, destination, reason)
        log.warning("inbox parked", topic=destination, because=reason)

    # -- send

    async def _send(self, producer: AIOKafkaProducer, batch: Batch, began: float) -> None:
        """
        Send a batch and move the cursor, both or neither; then confirm it in the ledger.

        Whatever is raised, the producer must not be used again.
        """
        reads = await asyncio.to_thread(self._stamping.versions_read)
        await self._transact(producer, self._wire.records(batch.records, reads), batch.number)
        self._step("committed")
        await asyncio.to_thread(self._stamping.confirm, batch.number)
        self._step("confirmed")
        now = self._clock.now()
        self._counts.relayed(self._stamping.shard, len(batch.records), time.perf_counter() - began)
        self._counts.sent_after((now - each.decided_at).total_seconds() for each in batch.records)

    async def _transact(
        self, producer: AIOKafkaProducer, records: list[Record], number: int | None
    ) -> None:
        sent: dict[asyncio.Future[Any], str] = {}
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await producer.begin_transaction()
                self._step("begun")
                packed = kafka.packed(producer, records)
                for place, (topic, builder) in enumerate(packed):
                    sent[await producer.send_batch(builder, topic, partition=0)] = topic
                    if place == len(packed) // 2:
                        self._step("half queued")
                if number is not None:
                    shard = self._stamping.shard
                    value = Cursor(str(self._ledger_id), number).written()
                    key = str(shard).encode()
                    sent[await producer.send(CURSOR, value, key, partition=shard)] = CURSOR
                self._step("queued")
                await self._until_taken(producer, sent)
                self._step("sent")
                await producer.commit_transaction()
        except Exception as error:
            self._refused = kafka.refusals(sent)
            for each in sent:
                each.add_done_callback(kafka.seen)
            if isinstance(error, TimeoutError):
                raise Unavailable("Kafka did not take a batch in time") from error
            raise

    async def _until_taken(
        self, producer: AIOKafkaProducer, sent: dict[asyncio.Future[Any], str]
    ) -> None:
        """
        Return when Kafka has every record.

        aiokafka asks for a topic that was deleted meanwhile without end, so look after a while.
        """
        pending = set(sent)
        while pending:
            done, pending = await asyncio.wait(
                pending, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_EXCEPTION
            )
            if any(each.exception() for each in done):
                raise next(error for each in done if (error := each.exception()))
            if pending:
                topics = {sent[each] for each in pending}
                await kafka.know(producer, topics)
                if missing := kafka.unwritable(producer, topics - {CURSOR}):
                    raise Refused(missing)

    # -- heartbeats and parked inboxes

    async def _beat(self, producer: AIOKafkaProducer) -> None:
        """Tell every inbox its last sequence number, so that it finds gaps of its own."""
        inboxes = await asyncio.to_thread(self._stamping.destinations)
        reads = await asyncio.to_thread(self._stamping.versions_read)
        now = self._clock.now()
        records = [
            self._wire.heartbeat(each.destination, each.sent, now, reads)
            for each in inboxes
            if each.parked is None
            and each.destination.startswith(INBOX)
            and kafka.why_not(producer, each.destination) is None
        ]
        if records:
            await self._transact(producer, records, None)

    async def _probe(self) -> None:
        """Try to write to parked inboxes, apart from all else, and open those that take it."""
        inboxes = await asyncio.to_thread(self._stamping.destinations)
        parked = {each.destination: each for each in inboxes if each.parked in _ENDS_BY_ITSELF}
        if not parked:
            return
        reads = await asyncio.to_thread(self._stamping.versions_read)
        producer = self._producer()
        try:
            async with asyncio.timeout(_START_SECONDS):
                await producer.start()
                await kafka.know(producer, parked)
            for destination in parked.keys() - kafka.unwritable(producer, parked).keys():
                sent = parked[destination].sent
                heartbeat = self._wire.heartbeat(destination, sent, self._clock.now(), reads)
                if await self._takes(producer, heartbeat):
                    await asyncio.to_thread(self._stamping.unpark, destination)
                    log.info("inbox open again", topic=destination)
                    self._woken.set()
        except Exception as error:
            log.info("parked inboxes could not be tried", exc_info=error)
        finally:
            await kafka.discard(producer)

    async def _takes(self, producer: AIOKafkaProducer, record: Record) -> bool:
        try:
            async with asyncio.timeout(_REQUEST_MS / 1000):
                await producer.send_and_wait(
                    record.topic, record.value, partition=0, headers=record.headers
                )
        except Exception:
            return False
        return True


class _Every:
    """A repeated time by a clock that may run fast, but not more often than once a second."""

    def __init__(self, interval: timedelta, clock: Clock) -> None:
        self._interval, self._clock = interval, clock
        self._next = clock.now() + interval
        self._not_before = time.monotonic()

    def due(self) -> bool:
        if self._clock.now() < self._next or time.monotonic() < self._not_before:
            return False
        self._next = self._clock.now() + self._interval
        self._not_before = time.monotonic() + 1
        return True
