"""Six agencies that keep sending, and remember by themselves what they sent and saw."""

import asyncio
import random
from collections.abc import Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import KafkaError

from broker.clock import Clock
from broker.connection import KafkaAccess
from broker.errors import Unavailable
from broker.provision import outbox
from producers.client import AgencyClient, Delivery, headers_of
from schemas.child import Child, Place, Reference, Residence, Scheme
from schemas.codec import encode, in_version
from schemas.message import ChildMessage, Message
from schemas.missing import MissingNotification
from tests import examples as e
from tests.chaos.victim import POISON

OTHER_HOME = "provider.SC999002"
WEST_MIDLANDS_POLICE = "police.E23000014"
# A home with the council it is in, the council that looks after its children, and its force.
HOMES = {
    e.HOME: (e.STOKE, e.WALSALL, e.STAFFORDSHIRE_POLICE),
    OTHER_HOME: (e.WALSALL, e.STOKE, WEST_MIDLANDS_POLICE),
}
AGENCIES = (*HOMES, e.WALSALL, e.STOKE, e.STAFFORDSHIRE_POLICE, WEST_MIDLANDS_POLICE)

_EVERY_SECONDS = 0.4
_ANSWERED = 0.3
_SEND_SECONDS = 60.0
_AGAIN_SECONDS = 0.5


class Expected(StrEnum):
    """What must become of a record."""

    accepted = "accepted"
    repeated = "repeated"
    rejected = "rejected"


@dataclass(frozen=True, slots=True)
class Sent:
    """A record of an outbox, and what must become of it."""

    agency: str
    offset: int
    value: bytes
    expected: Expected
    message: Message | None
    code: str = ""

    @property
    def id(self) -> UUID | None:
        return self.message.message_id if self.message else None


@dataclass(frozen=True, slots=True)
class Habits:
    """
    What sets one agency apart from others.

    One that does not read gets its deliveries all the same; one that says `not-ours` says it of
    everything; `old` ones send what the previous version of each schema can say.
    """

    reads: bool = True
    not_ours: bool = False
    old: bool = False
    poisons: bool = False


@dataclass
class _Said:
    value: bytes
    expected: Expected
    message: Message | None = None
    code: str = ""


@dataclass
class Load:
    """
    What one agency sends, by its own dice, and what it saw of its inbox while it did.

    `said` is everything it ever meant to send, by value; `confirmed` what Kafka has confirmed, by
    offset. Of what was not confirmed nobody knows whether Kafka has it: it is sent again.
    """

    agency: str
    access: KafkaAccess
    clock: Clock
    dice: random.Random
    habits: Habits = Habits()
    said: dict[bytes, _Said] = field(default_factory=dict)
    confirmed: dict[int, bytes] = field(default_factory=dict)
    troubles: int = 0
    seen: list[Delivery] = field(default_factory=list)
    _answers: list[Delivery] = field(default_factory=list)
    _absent: list[MissingNotification] = field(default_factory=list)
    _children: int = 0
    _repeats: list[_Said] = field(default_factory=list)

    async def send(self, stop: asyncio.Event) -> None:
        """Send until told to stop, with another producer after any trouble."""
        waiting: list[_Said] = []
        while waiting or not stop.is_set():
            producer = AIOKafkaProducer(
                **self.access.for_aiokafka(),
                acks="all",
                enable_idempotence=True,
                request_timeout_ms=5_000,
            )
            try:
                await producer.start()
                await self._send(producer, waiting, stop)
            except (KafkaError, TimeoutError):
                self.troubles += 1
                await asyncio.sleep(_AGAIN_SECONDS)
            finally:
                with suppress(Exception):
                    await asyncio.wait_for(producer.stop(), 5)

    async def _send(
        self, producer: AIOKafkaProducer, waiting: list[_Said], stop: asyncio.Event
    ) -> None:
        while waiting or not stop.is_set():
            if not waiting:
                waiting.extend(self._next())
                self.said.update((one.value, one) for one in waiting)
            while waiting:
                said = waiting[0]
                headers = headers_of(said.message) if said.message else []
                async with asyncio.timeout(_SEND_SECONDS):
                    at = await producer.send_and_wait(
                        outbox(self.agency), said.value, partition=0, headers=headers
                    )
                self.confirmed[at.offset] = said.value
                waiting.pop(0)
            with suppress(TimeoutError):
                wait = self.dice.expovariate(1 / _EVERY_SECONDS)
                await asyncio.wait_for(stop.wait(), wait)

    async def read(self) -> None:
        """Read the inbox as it fills, as an agency's system does, and find something to answer."""
        while self.habits.reads:
            try:
                async with AgencyClient(self.access, self.agency, self.clock) as client:
                    since = self.seen[-1].sequence if self.seen else None
                    async for delivery in client.read(since, follow=True):
                        self.seen.append(delivery)
                        answerable = isinstance(delivery.message, MissingNotification)
                        often = 1 if self.habits.not_ours else _ANSWERED
                        if answerable and self.dice.random() < often:
                            self._answers.append(delivery)
            except (Unavailable, KafkaError):
                await asyncio.sleep(_AGAIN_SECONDS)

    def repeat(self) -> None:
        """Send everything again that was sent before, as a sender does that lost its own record."""
        self._repeats = [self.said[value] for value in self.confirmed.values()]

    def sent(self, outbox: Iterable[ConsumerRecord]) -> Iterator[Sent]:
        """What its outbox holds, and what must become of each record there."""
        seen: set[UUID | None] = set()
        for record in outbox:
            said = self.said[record.value]
            expected, id = said.expected, said.message and said.message.message_id
            if expected is not Expected.rejected:
                expected = Expected.repeated if id in seen else Expected.accepted
                seen.add(id)
            yield Sent(self.agency, record.offset, said.value, expected, said.message, said.code)

    def _next(self) -> Iterator[_Said]:
        """One step: mostly something good, and now and then what goes wrong in the world."""
        if self._repeats:
            yield from self._repeats
            self._repeats = []
            return
        chance = self.dice.random()
        if chance < 0.08:
            yield self._bad()
        elif chance < 0.16 and self.confirmed:
            yield self._again()
        elif chance < 0.20 and self._absent:
            yield self._id_reused()
        elif self._answers:
            yield self._good(self._answer(self._answers.pop(0)))
        elif self.agency.startswith("provider."):
            yield from map(self._good, self._home())
        elif self.agency.startswith("la."):
            yield self._good(self._family_child())

    def _good(self, message: Message) -> _Said:
        value = encode(message)
        if self.habits.old and message.VERSION > 1:
            value = in_version(value, message.KIND, message.VERSION - 1)
        return _Said(value, Expected.accepted, message)

    def _home(self) -> Iterator[ChildMessage]:
        chance = self.dice.random()
        if not self._absent or chance < 0.5:
            yield self._reported()
        elif chance < 0.75:
            of = self.dice.choice(self._absent)
            grade = self.dice.choice(("low", "medium", "high"))
            yield e.update(of, at=self.clock.now(), message_id=self._id(), risk=grade)
        else:
            of = self._absent.pop(self.dice.randrange(len(self._absent)))
            now = self.clock.now()
            if self.dice.random() < 0.3:  # and at once, so that they come in one batch
                yield e.update(of, at=now, message_id=self._id(), risk="high")
            yield e.returned(of, at=now, message_id=self._id())

    def _reported(self) -> MissingNotification:
        council, responsible, _ = HOMES[self.agency]
        number, now = self._number(), self.clock.now()
        child = Child(
            references=(self._reference(Scheme.home_reference, number),),
            given_name="Robin",
            family_name=f"Example{number}",
        )
        said = e.notification(
            now,
            message_id=self._id(),
            sender=self.agency,
            child=child,
            episode=f"{number}/1",
            last_seen_at=now - timedelta(minutes=self.dice.randint(5, 50)),
            place=Place(authority=council),
            lives=Residence(authority=council, home=self.agency),
            responsible_authority=responsible,
            risk=self.dice.choice(("medium", "high")),
            police_report={"channel": "101", "at": now, "reference": f"P-{number}"},
        )
        self._absent.append(said)
        return said

    def _family_child(self) -> MissingNotification:
        """A child who lives with the family, reported by their council."""
        number, now = self._number(), self.clock.now()
        return e.notification(
            now,
            message_id=self._id(),
            sender=self.agency,
            child=Child(references=(self._reference(Scheme.la_person_id, number),)),
            episode=f"{number}/1",
            last_seen_at=now,
            place=Place(authority=self.agency),
            lives=Residence(authority=self.agency),
            care_status="not-looked-after",
            responsible_authority=None,
            police_report=None,
        )

    def _answer(self, delivery: Delivery) -> Message:
        state = self.dice.choice(("received", "acting"))
        refusal = {"reason": "No such child here"} if self.habits.not_ours else {}
        return e.answer(
            delivery.delivery,
            delivery.address,
            "not-ours" if refusal else state,
            at=self.clock.now(),
            message_id=self._id(),
            **refusal,
        )

    def _again(self) -> _Said:
        return self.said[self.dice.choice([*self.confirmed.values()])]

    def _id_reused(self) -> _Said:
        of = self.dice.choice(self._absent)
        other = of.model_copy(update={"circumstances": "Something else"})
        return _Said(encode(other), Expected.rejected, other, "id-reused")

    def _bad(self) -> _Said:
        noise = self.dice.choice(
            (b"not avro", b"\x00\x00\x00\xff\xff", b"\x00\x00\x00\x00\x01\xff")
        )
        if self.habits.poisons and self.dice.random() < 0.2:
            return self._poison()
        if self.dice.random() < 0.5 or not self.agency.startswith("provider."):
            code = "unknown-schema" if noise[4:5] == b"\xff" else "undecodable"
            return _Said(noise, Expected.rejected, code=code)
        number, now = self._number(), self.clock.now()
        nowhere = e.notification(
            now,
            message_id=self._id(),
            sender=self.agency,
            child=Child(references=(self._reference(Scheme.home_reference, number),)),
            responsible_authority="la.E99999999",
        )
        return _Said(encode(nowhere), Expected.rejected, nowhere, "unknown-agency")

    def _poison(self) -> _Said:
        """Nothing is wrong with it, but deciding on it fails."""
        number = self._number()
        message = e.notification(
            self.clock.now(),
            message_id=self._id(),
            sender=self.agency,
            child=Child(references=(self._reference(Scheme.home_reference, number),)),
            episode=f"{POISON}-{number}",
        )
        return _Said(encode(message), Expected.rejected, message, "unexpected")

    def _reference(self, scheme: Scheme, number: str) -> Reference:
        return Reference(holder=self.agency, scheme=scheme, value=number)

    def _number(self) -> str:
        self._children += 1
        return f"{self.agency}-{self._children}"

    def _id(self) -> UUID:
        return UUID(int=self.dice.getrandbits(128), version=4)


@asynccontextmanager
async def sending(loads: list[Load]) -> Any:
    """Everybody sends and reads meanwhile; afterwards all that was sent is noted."""
    stop = asyncio.Event()
    senders = [asyncio.create_task(load.send(stop)) for load in loads]
    readers = [asyncio.create_task(load.read()) for load in loads]
    try:
        yield
    finally:
        stop.set()
        try:
            await asyncio.gather(*senders)
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.wait(readers)
    for reader in readers:
        if not reader.cancelled():
            reader.result()
