"""
The real stage: the same play on Kafka and PostgreSQL.

Every agency writes and reads with its own credential; real take-in and real relay carry what it
says over the real decider. Each scenario has a database of its own; servers, topics and take-in are
shared, as they are what costs seconds.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from prometheus_client import CollectorRegistry
from sqlalchemy import create_engine, select, update
from sqlalchemy.engine import make_url

from broker.clock import SetClock
from broker.connection import RELAY, TAKE_IN
from broker.decider import Decider, Outcome
from broker.ledger import agencies
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.stamping import Stamping
from broker.local.process import wait_until
from broker.metrics import Metrics
from broker.parts import State
from broker.policy.policies import Policies
from broker.provision import inbox, outbox
from broker.records import Record
from consumers.take_in import TakeIn, Tuning
from producers.client import AgencyClient, delivery_of
from producers.relay import Relay
from schemas.message import Message
from tests.examples import FRIDAY_NIGHT
from tests.kafka.relay_victim import Uncounted, pseudonym
from tests.scenarios.play import Got, Play, prepared
from tests.scenarios.steps_words import CAST, MORE_OF_THE_CAST
from tests.servers import KafkaServer, Postgres
from tests.waiting import until

_LIMIT_SECONDS = 30.0
_LOOK_SECONDS = 0.005
# Meanwhile the clock of the play jumps by days: the relay is not to beat or probe at every jump.
_NEVER = timedelta(days=10_000)


def add_the_cast(ledger: Ledger) -> None:
    """Put on the broker whom the library names beside those of the plays."""
    with ledger.writing() as connection:
        for agency, (name, area) in MORE_OF_THE_CAST.items():
            agencies.add(connection, agency, name, area, {}, FRIDAY_NIGHT)


class OneAfterTheOther:
    """What take-in decides with: the decider of the scenario that is on."""

    def __init__(self) -> None:
        self.decider: Decider | None = None
        self.next: dict[str, int] = {}
        self.outcome = Outcome()
        self.wake: Callable[[], None] = lambda: None

    def positions(self, topics: Mapping[str, str]) -> dict[str, int]:
        return {topic: self.next.get(topic, 0) for topic in topics}

    def take(self, records: Sequence[Record]) -> Outcome:
        assert self.decider is not None
        outcome = self.decider.take(records)
        self.outcome += outcome
        self.next.update({record.topic: record.offset + 1 for record in records})
        self.wake()
        return outcome


class Reader:
    """One agency's reader of its inbox: only what was committed, in order, without a gap."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self.got: list[Got] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for record in self._consumer:
            numbers = [value for name, value in record.headers if name == "sequence"]
            if not numbers:
                continue  # a heartbeat
            said = delivery_of(record, int(numbers[0]))
            assert said.sequence == len(self.got) + 1, "a gap, or a repeat"
            self.got.append(
                Got(
                    sequence=said.sequence,
                    id=said.delivery,
                    address=said.address,
                    because=said.because,
                    view=said.view,
                    wakes=said.wakes,
                    answer_by=said.answer_by,
                    message=said.message,
                )
            )

    def check(self) -> None:
        """Raise what went wrong while reading."""
        if self._reading.done():
            self._reading.result()

    async def close(self) -> None:
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading
        await self._consumer.stop()


class Town:
    """Kafka, PostgreSQL, take-in, and an agency's client for each of the cast."""

    def __init__(self, kafka: KafkaServer, postgres: Postgres) -> None:
        self._kafka, self._postgres = kafka, postgres
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._stack = ExitStack()
        self._deciding = OneAfterTheOther()
        self._clients: dict[str, AgencyClient] = {}
        self._plain: dict[str, AIOKafkaProducer] = {}
        self._readers: dict[str, Reader] = {}
        self._batch = 0
        self._playing: ExitStack | None = None
        self._numbers = count(1)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._thread.start()
            stack.callback(self._end_loop)
            with ThreadPoolExecutor(4) as several:
                accesses = dict(zip(CAST, several.map(self._kafka.add_agency, CAST), strict=True))
            self._accesses = accesses
            self._template = self._prepare()
            self._server = create_engine(self._postgres.url, isolation_level="AUTOCOMMIT")
            stack.callback(self._server.dispose)
            self._take_in = self.run(self._start_take_in())
            stack.callback(lambda: self.run(self._stop_take_in()))
            stack.callback(lambda: self.run(self._close_clients()))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.end_play()
        self._stack.close()

    def run(self, work: Coroutine[Any, Any, Any], limit_seconds: float = _LIMIT_SECONDS) -> Any:
        """Do it in the loop in which all clients live."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(limit_seconds)

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    # -- servers

    def _prepare(self) -> Any:
        template = make_url(self._postgres.new_database())
        ledger = Ledger(template.render_as_string(hide_password=False))
        prepared(ledger, SetClock(FRIDAY_NIGHT))
        add_the_cast(ledger)
        ledger.close()
        return template

    def _database(self) -> Ledger:
        name = f"scene{next(self._numbers)}"
        with self._server.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {self._template.database}")
        return Ledger(self._template.set(database=name).render_as_string(hide_password=False))

    async def _start_take_in(self) -> TakeIn:
        tuning = Tuning(session_timeout_ms=6_000, heartbeat_interval_ms=500, fetch_max_wait_ms=50)
        metrics = Metrics(CollectorRegistry())
        take_in = TakeIn(
            self._kafka.access(TAKE_IN),
            self._deciding,
            metrics,
            tuning=tuning,
            wake=lambda: self._deciding.wake(),
        )
        await take_in.kafka.start()
        await until(lambda: take_in.condition().state is State.working)
        return take_in

    async def _stop_take_in(self) -> None:
        await self._take_in.stop()
        await self._take_in.kafka.stop()

    # -- a play

    def play(self, at: datetime) -> "RealPlay":
        """Begin the next scenario; the one before ends."""
        self.end_play()
        with ExitStack() as stack:
            ledger = self._database()
            stack.callback(ledger.close)
            # One ledger after the other is, to Kafka, the same one going on.
            with ledger.writing() as connection:
                connection.execute(update(t.shard).values(last=self._batch))
            play = RealPlay(self, ledger, at)
            for reader in self._readers.values():
                reader.got.clear()
            self.decides_with(play.decider)
            relay, stop = self.run(self._start_relay(ledger, play.clock))
            stack.callback(lambda: self.run(self._stop_relay(ledger, stop)))
            self._deciding.wake = relay.wake
            self._playing = stack.pop_all()
        return play

    def end_play(self) -> None:
        if self._playing is not None:
            self._playing.close()
            self._playing = None

    async def _start_relay(self, ledger: Ledger, clock: SetClock) -> tuple[Relay, Any]:
        stop = asyncio.Event()
        relay = Relay(
            self._kafka.access(RELAY),
            Stamping(ledger, 0, clock, "town"),
            pseudonym,
            clock,
            Uncounted(),
            heartbeat=_NEVER,
            retry_parked=_NEVER,
        )
        task = asyncio.create_task(relay.run(stop))
        await until(lambda: task.done() or relay.condition().state is State.working)
        return relay, (stop, task)

    async def _stop_relay(self, ledger: Ledger, running: Any) -> None:
        stop, task = running
        stop.set()
        await asyncio.wait_for(task, _LIMIT_SECONDS)
        with ledger.reading() as connection:
            self._batch = connection.execute(select(t.shard.c.last)).scalar_one()

    def decides_with(self, decider: Decider) -> None:
        """From now on take-in decides with this one."""
        self._deciding.decider = decider

    # -- what agencies do

    def send(self, agency: str, message: Message) -> None:
        """By the agency's own client; returns when it was taken in."""
        sent = self.run(self._client(agency).send(message))
        self._taken(sent.topic, sent.offset)

    def write(self, agency: str, value: bytes | None) -> None:
        """Whatever bytes, by a plain client with the agency's credential."""
        sent = self.run(self._write(agency, value))
        self._taken(sent.topic, sent.offset)

    async def _write(self, agency: str, value: bytes | None) -> Any:
        if agency not in self._plain:
            self._plain[agency] = AIOKafkaProducer(**self._accesses[agency].for_aiokafka())
            await self._plain[agency].start()
        return await self._plain[agency].send_and_wait(outbox(agency), value, partition=0)

    def _client(self, agency: str) -> AgencyClient:
        if agency not in self._clients:
            self._clients[agency] = AgencyClient(self._accesses[agency], agency)
        return self._clients[agency]

    def _taken(self, topic: str, offset: int) -> None:
        _wait(lambda: self._deciding.next.get(topic, 0) > offset)

    def outcome(self) -> Outcome:
        """What take-in has decided since it was last asked."""
        outcome, self._deciding.outcome = self._deciding.outcome, Outcome()
        return outcome

    def wake(self) -> None:
        self._deciding.wake()

    def read(self, agency: str, upto: int) -> list[Got]:
        """What the agency's own reader has found in its inbox, up to that number at least."""
        if agency not in self._readers:
            self._readers[agency] = self.run(self._reader(agency))
        reader = self._readers[agency]

        def there() -> bool:
            reader.check()
            return len(reader.got) >= upto

        _wait(there)
        return list(reader.got)

    async def _reader(self, agency: str) -> Reader:
        consumer = AIOKafkaConsumer(
            **self._accesses[agency].for_aiokafka(),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=100,
        )
        await consumer.start()
        consumer.assign([TopicPartition(inbox(agency), 0)])
        return Reader(consumer)

    async def _close_clients(self) -> None:
        for reader in self._readers.values():
            await reader.close()
        for client in self._clients.values():
            await client.close()
        for producer in self._plain.values():
            await producer.stop()


class RealPlay(Play):
    """A play whose records go through Kafka, there and back."""

    def __init__(self, town: Town, ledger: Ledger, at: datetime) -> None:
        super().__init__(ledger, at)
        self._town = town

    def under(self, policies: Policies) -> None:
        super().under(policies)
        self._town.decides_with(self.decider)

    def say(self, *messages: Message, by: str | None = None) -> Outcome:
        assert by is None, "an agency's client speaks for its own agency only"
        for message in messages:
            self._town.send(message.sender, message)
        return self._told()

    def arrive(self, *values: tuple[str, bytes | None]) -> Outcome:
        for agency, value in values:
            self._town.write(agency, value)
        return self._told()

    def _told(self) -> Outcome:
        outcome = self._town.outcome()
        assert "unexpected" not in outcome.codes
        self.send()
        return outcome

    def send(self) -> None:
        """Wait until the relay has sent everything that may go."""
        self._town.wake()
        _wait(lambda: not self._unsent())

    def _unsent(self) -> list[Any]:
        row = t.inbox.c
        waiting = select(row.destination).where(row.parked.is_(None), row.decided > row.sent)
        return list(self._all(waiting))

    def inbox(self, agency_or_address: str, kind: str | None = None) -> list[Got]:
        agency = agency_or_address.partition("/")[0]
        sent = self._one(select(t.inbox.c.sent).where(t.inbox.c.destination == inbox(agency)))
        return [
            got
            for got in (self._town.read(agency, sent) if sent else ())
            if agency_or_address in (agency, got.address) and kind in (None, got.message.KIND)
        ]

    def words(self) -> str:
        return "\n".join(got.message.model_dump_json() for got in self._everything())


def _wait(true: Callable[[], Any]) -> None:
    assert wait_until(true, _LIMIT_SECONDS, _LOOK_SECONDS), "it did not happen in time"
