"""Six agencies that keep sending, and remember by themselves what they sent and saw."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaProducer

from broker.clock import Clock
from broker.connection import KafkaAccess
from broker.provision import outbox
from producers.client import AgencyClient, Delivery, headers_of
from schemas.child import Child, Place, Reference, Residence, Scheme
from schemas.codec import encode
from schemas.message import ChildMessage, Message
from schemas.missing import MissingNotification
from tests import examples as e

OTHER_HOME = "provider.SC999002"
WEST_MIDLANDS_POLICE = "police.E23000014"
# A home with the council it is in, the council that looks after its children, and its force.
HOMES = {
    e.HOME: (e.STOKE, e.WALSALL, e.STAFFORDSHIRE_POLICE),
    OTHER_HOME: (e.WALSALL, e.STOKE, WEST_MIDLANDS_POLICE),
}
AGENCIES = (*HOMES, e.WALSALL, e.STOKE, e.STAFFORDSHIRE_POLICE, WEST_MIDLANDS_POLICE)

_NOISE = (
    (b"not Avro", "undecodable"),
    (b"\x00\x00\x00\x00\x01\xff", "undecodable"),
    (b"\x00\x00\x00\xff\xff", "unknown-schema"),
)
_EVERY_SECONDS = 0.4
_ANSWERED = 0.3


class Expected(StrEnum):
    """What must become of a record."""

    accepted = "accepted"
    repeated = "repeated"
    rejected = "rejected"


@dataclass(frozen=True, slots=True)
class Sent:
    """A record that Kafka has confirmed."""

    agency: str
    offset: int
    value: bytes
    expected: Expected
    message: Message | None
    code: str = ""

    @property
    def id(self) -> UUID | None:
        return self.message.message_id if self.message else None


@dataclass
class _Said:
    value: bytes
    expected: Expected
    message: Message | None = None
    code: str = ""


@dataclass
class Load:
    """What one agency sends, by its own dice, and what it saw of its inbox while it did."""

    agency: str
    access: KafkaAccess
    clock: Clock
    dice: random.Random
    sent: list[Sent] = field(default_factory=list)
    seen: list[Delivery] = field(default_factory=list)
    _answers: list[Delivery] = field(default_factory=list)
    _absent: list[MissingNotification] = field(default_factory=list)
    _children: int = 0

    async def send(self, stop: asyncio.Event) -> None:
        """Send until told to stop; what is noted is what Kafka has."""
        producer = AIOKafkaProducer(
            **self.access.for_aiokafka(), acks="all", enable_idempotence=True
        )
        await producer.start()
        try:
            while not stop.is_set():
                for said in self._next():
                    headers = headers_of(said.message) if said.message else []
                    at = await producer.send_and_wait(
                        outbox(self.agency), said.value, partition=0, headers=headers
                    )
                    self.sent.append(
                        Sent(
                            *(self.agency, at.offset, said.value),
                            *(said.expected, said.message, said.code),
                        )
                    )
                with suppress(TimeoutError):
                    wait = self.dice.expovariate(1 / _EVERY_SECONDS)
                    await asyncio.wait_for(stop.wait(), wait)
        finally:
            await producer.stop()

    async def read(self) -> None:
        """Read the inbox as it fills, as an agency's system does, and find something to answer."""
        async with AgencyClient(self.access, self.agency, self.clock) as client:
            async for delivery in client.read(follow=True):
                self.seen.append(delivery)
                answerable = isinstance(delivery.message, MissingNotification)
                if answerable and self.dice.random() < _ANSWERED:
                    self._answers.append(delivery)

    def _next(self) -> Iterator[_Said]:
        """One step: mostly something good, and now and then what goes wrong in the world."""
        chance = self.dice.random()
        if chance < 0.08:
            yield self._bad()
        elif chance < 0.16 and self.sent:
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
        return _Said(encode(message), Expected.accepted, message)

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
        return e.answer(
            delivery.delivery,
            delivery.address,
            state,
            at=self.clock.now(),
            message_id=self._id(),
        )

    def _again(self) -> _Said:
        before = self.dice.choice(self.sent)
        expected = before.expected
        if expected is Expected.accepted:
            expected = Expected.repeated
        return _Said(before.value, expected, before.message, before.code)

    def _id_reused(self) -> _Said:
        of = self.dice.choice(self._absent)
        other = of.model_copy(update={"circumstances": "Something else"})
        return _Said(encode(other), Expected.rejected, other, "id-reused")

    def _bad(self) -> _Said:
        noise = self.dice.choice(
            (b"not avro", b"\x00\x00\x00\xff\xff", b"\x00\x00\x00\x00\x01\xff")
        )
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
