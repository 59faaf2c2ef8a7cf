"""What an agency's own system does with Homeward: send, read its inbox, answer."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import (
    AuthenticationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    MessageSizeTooLargeError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from broker.clock import Clock, SystemClock
from broker.connection import KafkaAccess
from broker.errors import Misuse, Rejected, Unavailable
from broker.provision import inbox, outbox
from producers.gaps import Entry, Gap, in_order
from schemas.answer import Answer, AnswerState
from schemas.codec import decode, encode
from schemas.kinds import event_type
from schemas.message import Message
from schemas.notices import Heartbeat, Receipt, Rejection
from schemas.values import agency_of

_REQUEST_MS = 10_000
_STALLED_SECONDS = 30.0
# aiokafka asks a node that no longer leads until it looks again: after five minutes by default.
_LOOK_MS = 5_000
_DENIED = (
    AuthenticationFailedError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    GroupAuthorizationFailedError,
)


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a message lies in the outbox; it is not accepted until its receipt is there."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    One record of an inbox that has a sequence number.

    `missing_before` are the numbers that should have come before it and did not. `message` is None
    when these words are older than the record's: update Homeward's schemas, and read it again.
    """

    sequence: int
    delivery: UUID
    address: str
    kind: str
    view: str
    because: str
    answer_by: datetime | None
    exercise: bool
    wakes: bool
    subject: str | None
    message: Message | None
    missing_before: tuple[int, ...] = ()


class AgencyClient:
    """
    One agency's connection, with its own credential and no other.

    What it raises is `Misuse` where the agency or its rights are wrong, and `Unavailable` where
    Kafka is away: the same call may succeed later.
    """

    def __init__(self, access: KafkaAccess, agency: str, clock: Clock | None = None) -> None:
        self.agency = agency
        self._access, self._clock = access, clock or SystemClock()
        self._inbox = TopicPartition(inbox(agency), 0)
        self._producer: AIOKafkaProducer | None = None
        self._readers: set[AIOKafkaConsumer] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of every connection, also of a `read` that was left before its end."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()
        for consumer in [*self._readers]:
            await self._stop(consumer)

    async def _stop(self, consumer: AIOKafkaConsumer) -> None:
        self._readers.discard(consumer)
        await consumer.stop()

    # -- send

    async def send(self, message: Message) -> Sent:
        """
        Write a message to the outbox, and return when Kafka has it on every copy.

        Sending the same message again is safe: the broker knows it by its id.
        """
        with _in_our_words(self._access):
            producer = await self._started_producer()
            metadata = await producer.send_and_wait(
                outbox(self.agency), encode(message), partition=0, headers=headers_of(message)
            )
        return Sent(metadata.topic, metadata.partition, metadata.offset)

    async def send_and_wait(
        self, message: Message, limit_seconds: float = 30
    ) -> Receipt | Rejection:
        """
        Send, and wait for what became of it.

        `Unavailable` when nothing came in time: it may still come, and sending again is safe.
        """
        outcome = await self.send_and_listen(message, limit_seconds)
        if outcome is None:
            raise Unavailable(
                f"no receipt within {limit_seconds:g} s: Homeward may be stopped, see `homeward "
                "status`; it takes the message in when it runs. Sending it again with the same "
                "message_id is safe"
            )
        return outcome

    async def send_and_listen(
        self, message: Message, limit_seconds: float
    ) -> Receipt | Rejection | None:
        """Send, and listen so long for what became of it: an answer is heard of only if refused."""
        with _in_our_words(self._access):
            consumer = await self._reader()
            try:
                # From before the send: the receipt cannot be overlooked.
                await consumer.seek_to_end(self._inbox)
                await consumer.position(self._inbox)
                sent = await self.send(message)
                async with asyncio.timeout(limit_seconds):
                    return await _outcome(consumer, message.message_id, sent)
            except TimeoutError:
                return None
            finally:
                await self._stop(consumer)

    async def send_each(
        self, messages: Sequence[Message], limit_seconds: float = 30
    ) -> AsyncGenerator[Receipt | Rejection]:
        """
        Send them in this order, and tell what became of each as it is known, in any order.

        `Unavailable` when nothing more came in time: it may still come, and sending all of them
        again is safe.
        """
        with _in_our_words(self._access):
            consumer = await self._reader()
            try:
                await consumer.seek_to_end(self._inbox)
                await consumer.position(self._inbox)
                waiting = await self._sent_together(messages)
                while waiting:
                    record = await asyncio.wait_for(consumer.getone(), limit_seconds)
                    outcome = _said(record)
                    if isinstance(outcome, Receipt | Rejection):
                        found = waiting.pop(outcome.of, None) if outcome.of else None
                        if found is not None:
                            yield outcome
            except TimeoutError:
                raise Unavailable(
                    f"no receipt within {limit_seconds:g} s for {len(waiting)} of "
                    f"{len(messages)} messages: Homeward may be stopped, see `homeward status`"
                ) from None
            finally:
                await self._stop(consumer)

    async def _sent_together(self, messages: Sequence[Message]) -> dict[UUID, Message]:
        producer = await self._started_producer()
        topic = outbox(self.agency)
        sent = [
            await producer.send(topic, encode(one), partition=0, headers=headers_of(one))
            for one in messages
        ]
        await asyncio.gather(*sent)
        return {one.message_id: one for one in messages}

    async def answer(
        self,
        delivery: UUID,
        state: AnswerState | str,
        *,
        reason: str | None = None,
        whose: str | None = None,
        until: datetime | None = None,
        from_address: str,
        exercise: bool = False,
    ) -> Answer:
        """Say how far the agency has come with a delivery; the answer as it was sent."""
        now = self._clock.now()
        message = Answer(
            message_id=uuid4(),
            sender=agency_of(from_address),
            from_address=from_address,
            occurred_at=now,
            sent_at=now,
            exercise=exercise,
            delivery=delivery,
            state=AnswerState(state),
            reason=reason,
            whose=whose,
            until=until,
        )
        await self.send(message)
        return message

    async def _started_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **self._access.for_aiokafka(),
                client_id=self.agency,
                acks="all",
                enable_idempotence=True,
                request_timeout_ms=_REQUEST_MS,
            )
            try:
                await producer.start()
                await _require_topic(producer.client, outbox(self.agency))
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    # -- read

    async def read(self, since: int | None = None, follow: bool = False) -> AsyncIterator[Delivery]:
        """
        The deliveries with a sequence number above `since`, each once, in order.

        Without `since` all that is kept; without `follow` up to what is there now. What is missing
        is named by the delivery after it; `read_with_gaps` names it also where none comes after.
        """
        async with aclosing(self.read_with_gaps(since, follow)) as found:
            async for one in found:
                if isinstance(one, Delivery):
                    yield one

    async def read_with_gaps(
        self, since: int | None = None, follow: bool = False
    ) -> AsyncGenerator[Delivery | Gap]:
        """
        As `read`, and a `Gap` for numbers that are proven to be missing.

        A later number or a heartbeat shows that they were sent; by then a second reader, with a
        connection of its own, has read the whole inbox again and not found them.
        """
        with _in_our_words(self._access):
            consumer = await self._reader()
            try:
                missing: tuple[int, ...] = ()
                read = await self._first(consumer) if since is None else since
                entries = self._entries(consumer, follow)
                async for one in in_order(entries, read, self._look_again):
                    if isinstance(one, Gap):
                        missing += tuple(range(one.first, one.last + 1))
                        yield one
                    else:
                        assert one.sequence is not None
                        yield replace(delivery_of(one.record, one.sequence), missing_before=missing)
                        missing = ()
            finally:
                await self._stop(consumer)

    async def _first(self, consumer: AIOKafkaConsumer) -> int | None:
        """None where Kafka no longer keeps the beginning: then no first number can be expected."""
        kept = (await consumer.beginning_offsets([self._inbox]))[self._inbox]
        return None if kept else 0

    async def _look_again(self, first: int, last: int) -> dict[int, Entry]:
        consumer = await self._reader()
        try:
            return {
                entry.sequence: entry
                async for entry in self._entries(consumer, follow=False)
                if entry.sequence is not None and first <= entry.sequence <= last
            }
        finally:
            await self._stop(consumer)

    async def _entries(self, consumer: AIOKafkaConsumer, follow: bool) -> AsyncIterator[Entry]:
        """
        What is kept of the inbox, from its beginning.

        No jump to a number: offsets have gaps and numbers may have, so any jump may go too far.
        """
        await consumer.seek_to_beginning(self._inbox)
        end = (await consumer.end_offsets([self._inbox]))[self._inbox]
        clock = asyncio.get_running_loop().time
        place, moved_at = await consumer.position(self._inbox), clock()
        # The end is known by position and not by the last record, as offsets have gaps.
        while follow or place < end:
            batch = await consumer.getmany(self._inbox, timeout_ms=200)
            for record in batch.get(self._inbox, ()):
                yield _entry(record)
            before, place = place, await consumer.position(self._inbox)
            if place > before:
                moved_at = clock()
            elif not follow and clock() - moved_at > _STALLED_SECONDS:
                raise Unavailable(
                    f"{self._inbox.topic} could be read up to offset {place} only, of {end}: "
                    f"Kafka sent nothing more for {_STALLED_SECONDS:g} s"
                )

    async def _reader(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            **self._access.for_aiokafka(),
            client_id=self.agency,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            request_timeout_ms=_REQUEST_MS,
            metadata_max_age_ms=_LOOK_MS,
        )
        try:
            await consumer.start()
            await _require_topic(consumer._client, self._inbox.topic)
            consumer.assign([self._inbox])
            self._readers.add(consumer)
        except BaseException:
            await consumer.stop()
            raise
        return consumer


def headers_of(message: Message) -> list[tuple[str, bytes]]:
    """The CloudEvents headers of a message, in binary mode; none says anything of a person."""
    at = message.sent_at.isoformat().replace("+00:00", "Z")
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(message.message_id).encode()),
        ("ce_type", event_type(message.KIND, message.VERSION).encode()),
        ("ce_source", message.sender.encode()),
        ("ce_time", at.encode()),
        ("content-type", b"application/avro"),
    ]


def delivery_of(record: ConsumerRecord, sequence: int) -> Delivery:
    """The delivery that a record of an inbox is."""
    said = _headers(record)
    try:
        message: Message | None = decode(record.value)
    except Rejected:
        message = None
    answer_by = said.get("answer_by")
    return Delivery(
        sequence=sequence,
        delivery=UUID(said["delivery"]),
        address=said.get("address", ""),
        kind=message.KIND if message else _kind(said.get("ce_type", "")),
        view=said.get("view", "full"),
        because=said.get("because", ""),
        answer_by=datetime.fromisoformat(answer_by) if answer_by else None,
        wakes=said.get("wakes") == "true",
        exercise=said.get("exercise") == "true",
        subject=said.get("ce_subject"),
        message=message,
    )


def _said(record: ConsumerRecord) -> Message | None:
    try:
        return decode(record.value)
    except Rejected:
        return None


async def _outcome(consumer: AIOKafkaConsumer, message_id: UUID, sent: Sent) -> Receipt | Rejection:
    while True:
        record = await consumer.getone()
        try:
            message = decode(record.value)
        except Rejected:
            continue
        if isinstance(message, Receipt | Rejection) and message.of == message_id:
            return message
        if isinstance(message, Rejection) and (message.topic, message.offset) == (
            sent.topic,
            sent.offset,
        ):
            return message


async def _require_topic(client: Any, topic: str) -> None:
    """`Misuse` instead of waiting without end for a topic that is not there."""
    client.set_topics({topic})
    await client.force_metadata_update()
    if topic in client.cluster.unauthorized_topics:
        raise TopicAuthorizationFailedError(topic)
    if not client.cluster.partitions_for_topic(topic):
        raise UnknownTopicOrPartitionError(topic)


@contextmanager
def _in_our_words(access: KafkaAccess) -> Iterator[None]:
    try:
        yield
    except MessageSizeTooLargeError as error:
        raise Misuse("the message is larger than the 1 MiB that an outbox takes") from error
    except _DENIED as error:
        raise Misuse(
            f"Kafka does not let {access.username} do this: its password or its rights are not "
            f"in order; try `homeward agency test {access.username}`"
        ) from error
    except UnknownTopicOrPartitionError as error:
        raise Misuse(
            f"{access.username} has no topics on this Kafka: add it with "
            f"`homeward agency add {access.username}`"
        ) from error
    except (KafkaError, OSError) as error:
        raise Unavailable(
            f"Kafka at {access.bootstrap_servers} does not answer ({type(error).__name__})"
        ) from error


def _headers(record: ConsumerRecord) -> dict[str, str]:
    return {name: value.decode(errors="replace") for name, value in record.headers if value}


def _entry(record: ConsumerRecord) -> Entry:
    for name, value in record.headers:
        if name == "sequence" and value:
            return Entry(record.offset, sequence=int(value), record=record)
    try:
        message = decode(record.value)
    except Rejected:
        return Entry(record.offset)
    last = message.last_sequence if isinstance(message, Heartbeat) else None
    return Entry(record.offset, last=last)


def _kind(event: str) -> str:
    return event.removeprefix("uk.homeward.").rpartition(".v")[0]
