"""The relay as a state machine: every order of its steps, of its deaths and of what it meets."""

import asyncio
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid5

from aiokafka import TopicPartition
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from sqlalchemy import select

from broker.clock import SetClock
from broker.connection import KafkaAccess
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.stamping import Batch, Stamping
from broker.provision import CURSOR
from producers.relay import Relay
from schemas.codec import decode
from schemas.notices import Heartbeat
from tests.kafka.relay_victim import Uncounted, pseudonym
from tests.model.clients import Clients
from tests.model.events import Broken, Eventful, event, promise
from tests.model.kafka import Entry, Kafka, headers_of
from tests.model.process import Process, ShakyLedger
from tests.outbox import NOON, decide, rows

INBOXES = [TopicPartition(f"inbox.la.T{number}", 0) for number in range(3)]
PLACE = TopicPartition(CURSOR, 0)
CHILDREN = [uuid5(UUID(int=0), str(number)) for number in range(2)]
_AN_HOUR = timedelta(hours=1)
_LEASE = timedelta(minutes=5)  # ends by an event: the ledger's machine has a time of its own
_WITHIN = timedelta(minutes=30)
_ACCESS = KafkaAccess("not.there:1", "relay", None, security_protocol="PLAINTEXT")


@cache
def new_ledger() -> bytes:
    """An empty ledger of one shard, as SQLite keeps it."""
    ledger = Ledger("sqlite://")
    ledger.create(SetClock(NOON))
    with ledger.engine.connect() as connection:
        content: bytes = connection.connection.driver_connection.serialize()  # type: ignore[union-attr]
    ledger.close()
    return content


@cache
def _in_small_batches(stamping: type[Stamping]) -> type[Stamping]:
    class Small(stamping):  # type: ignore[misc,valid-type]
        def stamp(self, after: int, limit: int = 3, **more: Any) -> Batch | None:
            batch: Batch | None = super().stamp(after, limit, **more)
            return batch

    return Small


@dataclass(frozen=True)
class Design:
    """How a relay is made: as it is, or with one step swapped."""

    relay: type[Relay] = Relay
    stamping: type[Stamping] = Stamping
    clients: type[Clients] = Clients


_POST = st.tuples(
    st.integers(0, len(INBOXES) - 1), st.sampled_from([None, *CHILDREN]), st.booleans()
)
_AT = (st.integers(0, 2), st.integers(0, 20), st.booleans())  # who, steps before, marks at once
EVENTS = st.one_of(
    *event("decide", st.lists(_POST, min_size=1, max_size=6), weight=4),
    *event("go_on", *_AT, weight=4),
    *event("take_over", st.integers(0, 15), st.booleans(), weight=4),
    *event("kill", *_AT, weight=3),
    *event("freeze", *_AT),
    *event("thaw", *_AT, st.sampled_from([1, 200])),
    *event("lose_the_ledger", *_AT, st.integers(0, 2), weight=2),
    *event("lose_kafka", *_AT),
    *event("arrive", st.integers(0, 9), weight=2),
    *event("lose_what_nobody_awaits"),
    *event("mark", weight=2),
    *event("time_out"),
    *event("delete_or_make", st.integers(0, len(INBOXES) - 1)),
    *event("heartbeat", weight=3),
)


class RelayMachine(Eventful):
    """
    One shard, several relays, and everything that may happen to them between any two steps.

    Every relay is the real one, on the real ledger; Kafka is the small one.
    """

    design = Design()
    happens = rule(event=EVENTS)(Eventful.happens)

    @initialize()
    def begin(self) -> None:
        self.kafka = Kafka()
        for place in (*INBOXES, PLACE):
            self.kafka.make(place)
        self.ledger = ShakyLedger(new_ledger())
        self.clock = SetClock(NOON)
        self.processes: list[Process] = []
        self.gone: list[Process] = []  # dead, but what they sent may still arrive
        self.posted: dict[UUID, TopicPartition] = {}
        self.beaten = False
        self.started = 0
        self.start()

    # -- what the decider does

    def decide(self, posts: list[tuple[int, UUID | None, bool]]) -> None:
        given = []
        for inbox, child, urgent in posts:
            id = uuid5(UUID(int=1), str(len(self.posted)))
            self.posted[id] = INBOXES[inbox]
            destination = INBOXES[inbox].topic
            given.append({"id": id, "destination": destination, "child": child, "urgent": urgent})
        with self.ledger.deciding() as connection:
            decide(connection, given, shard=0, at=self.clock.now())
            connection.execute(t.duty.insert(), [_duty(each["id"]) for each in given])

    # -- what relays do

    def start(self) -> None:
        self.started += 1
        process = Process(f"relay {self.started}", self.ledger)
        stamping = _in_small_batches(self.design.stamping)(
            self.ledger, 0, self.clock, process.name, lease=_LEASE
        )
        relay = self.design.relay(
            _ACCESS,
            stamping,
            pseudonym,
            self.clock,
            Uncounted(),
            retry_parked=100 * _AN_HOUR,
            clients=self.design.clients(self.kafka, process),
        )
        self.processes.append(process)
        process.start(relay.run(asyncio.Event()))

    def go_on(self, who: int, steps: int, marks: bool) -> None:
        if self._awake():
            self._let(self._one(self._awake(), who), steps, marks)

    def lose_the_ledger(self, who: int, steps: int, marks: bool, good: int) -> None:
        """After some steps; how much was still done, nobody hears."""
        if not self._awake():
            return
        process = self._let(self._one(self._awake(), who), steps, marks)
        for _ in range(20):
            if process.call(good) or not process.step():
                break

    def lose_kafka(self, who: int, steps: int, marks: bool) -> None:
        """After some steps, for long enough that every limit is reached."""
        if not self._awake():
            return
        process = self._let(self._one(self._awake(), who), steps, marks)
        for _ in range(25):
            process.wait(at_most=20)

    def kill(self, who: int, steps: int, marks: bool) -> None:
        if not self.processes:
            return
        process = self._let(self._one(self.processes, who), steps, marks)
        self.processes.remove(process)
        process.kill()
        self.gone.append(process)

    def freeze(self, who: int, steps: int, marks: bool) -> None:
        if self._awake():
            self._let(self._one(self._awake(), who), steps, marks).freeze()

    def thaw(self, who: int, steps: int, marks: bool, seconds: int) -> None:
        if frozen := [one for one in self.processes if one.frozen]:
            process = self._one(frozen, who)
            process.thaw(seconds)
            self._let(process, steps, marks)

    def take_over(self, steps: int, marks: bool) -> None:
        """The lease runs out, and who was started last goes on."""
        self._end_the_lease()
        if len(self.processes) < 3:
            self.start()
        if self._awake():
            self._let(self._awake()[-1], steps, marks)

    def _end_the_lease(self) -> None:
        with self.ledger.writing() as connection:
            connection.execute(t.shard.update().values(lease_until=NOON - 1000 * _AN_HOUR))

    def _let(self, process: Process, steps: int, marks: bool) -> Process:
        """Let it go on; the first time that it has nothing to do, it gets something to do."""
        idle = 0
        for step in range(0 if process.frozen else steps):
            rests = process.idle
            process.step()
            if marks:
                self.kafka.settle()
            if rests:
                idle += 1
                if idle == 2:
                    break
                self.decide([(step % len(INBOXES), None, False)])
        return process

    # -- what happens in Kafka

    def arrive(self, which: int) -> None:
        """Something that was sent arrives, most of all when its sender waits no more."""
        if those := self._unawaited() or self._under_way():
            process, request = self._one(those, which)
            process.hear(request)

    def lose_what_nobody_awaits(self) -> None:
        for process, request in self._unawaited():
            process.requests.remove(request)

    def mark(self) -> None:
        for name in self.kafka.unmarked()[:1]:
            self.kafka.mark(name)

    def time_out(self) -> None:
        for name in self.kafka.open()[:1]:
            self.kafka.time_out(name)

    def delete_or_make(self, which: int) -> None:
        place = INBOXES[which]
        if place in self.kafka.logs:
            self.kafka.delete(place)
        else:
            self._make(place)

    def _make(self, place: TopicPartition) -> None:
        self.kafka.make(place)
        Stamping(self.ledger, 0, self.clock, "operator").unpark(place.topic)

    def heartbeat(self) -> None:
        # Once: relays also measure by a clock that a test cannot move.
        if not self.beaten:
            self.clock.move(timedelta(seconds=61))
        self.beaten = True

    # -- what is promised

    @invariant()
    def no_relay_gives_up(self) -> None:
        for process in self.processes:
            promise(process.fault() is None, f"a relay gave up: {process.fault()!r}")

    @invariant()
    def every_inbox_is_in_order(self) -> None:
        """Gapless, in the order of each child, as the ledger has it; heartbeats tell no more."""
        row = t.delivery.c
        query = select(row.id, row.number, row.destination, row.sequence, row.child)
        decided = {str(one.id): one for one in rows(self.ledger, query)}
        for place in INBOXES:
            last: dict[Any, int] = defaultdict(int)
            seen = 0
            for entry in self.kafka.history(place):
                headers = headers_of(entry)
                if "sequence" not in headers:
                    promise(_told_by(entry) <= seen, "a heartbeat tells of what was not sent")
                    continue
                seen += 1
                one = decided[headers["delivery"].decode()]
                promise(int(headers["sequence"]) == seen, "a gap, or a repeat")
                promise(one.sequence == seen, "the ledger has another number")
                promise(one.destination == place.topic, "it went to somebody else")
                promise(one.child is None or one.number > last[one.child], "a child overtaken")
                last[one.child] = one.number

    @invariant()
    def nothing_is_there_twice(self) -> None:
        times = Counter(self._delivered())
        promise(all(count == 1 for count in times.values()), "a delivery is there twice")

    @invariant()
    def only_what_is_sent_counts_as_sent(self) -> None:
        """Clocks start, and numbers move, only when nothing can undo the sending."""
        delivered = set(self._delivered())
        started = rows(self.ledger, select(t.duty).where(t.duty.c.starts_at.is_not(None)))
        promise(all(str(d.delivery) in delivered for d in started), "a clock runs too early")
        promise(all(d.due_at == d.starts_at + _WITHIN for d in started), "a clock is wrong")
        for inbox in rows(self.ledger, select(t.inbox)):
            place = TopicPartition(inbox.destination, 0)
            count = sum("sequence" in headers_of(one) for one in self.kafka.history(place))
            promise(inbox.sent <= count, "the ledger calls sent what is not")

    def teardown(self) -> None:
        """Then all heals, and in the end everything that was decided was sent, once."""
        if not hasattr(self, "kafka"):
            return
        try:
            self._heal()
            self.no_relay_gives_up()
            self.every_inbox_is_in_order()
            self.nothing_is_there_twice()
            self.only_what_is_sent_counts_as_sent()
            promise(set(self._delivered()) == set(map(str, self.posted)), "a delivery is lost")
            self._counts_close()
        finally:
            for process in self.processes:
                process.kill()
            self.ledger.close()

    def _heal(self) -> None:
        for process in (*self.processes, *self.gone):
            process.frozen = False
        for process in [*self.processes]:
            self.processes.remove(process)
            process.kill()
        for place in INBOXES:
            if place not in self.kafka.logs:
                self._make(place)
        self._end_the_lease()
        self.start()
        for _ in range(1000):
            self.processes[0].step()
            self.kafka.settle()
            if self.processes[0].fault() or self._all_sent():
                return
        raise Broken("the relay stands still")

    def _all_sent(self) -> bool:
        pending = select(t.delivery.c.number).where(t.delivery.c.sequence.is_(None)).limit(1)
        unsent = select(t.batch.c.number).where(t.batch.c.sent_at.is_(None)).limit(1)
        return not rows(self.ledger, pending) and not rows(self.ledger, unsent)

    def _counts_close(self) -> None:
        wanted = Counter(self.posted.values())
        for inbox in rows(self.ledger, select(t.inbox)):
            count = wanted[TopicPartition(inbox.destination, 0)]
            counts = (inbox.decided, inbox.sent, inbox.next - 1)
            promise(counts == (count,) * 3, "the counts of an inbox do not close")
        duties = rows(self.ledger, select(t.duty.c.starts_at))
        promise(all(duty.starts_at for duty in duties), "a clock never started")
        batches = [json.loads(one.written[0] or b"")["batch"] for one in self.kafka.history(PLACE)]
        last = rows(self.ledger, select(t.shard.c.last))[0].last
        promise(batches == [*range(1, last + 1)], "the cursor missed a batch, or has it twice")

    def _delivered(self) -> list[str]:
        return [
            headers_of(entry)["delivery"].decode()
            for place in INBOXES
            for entry in self.kafka.history(place)
            if "delivery" in headers_of(entry)
        ]

    def _awake(self) -> list[Process]:
        return [process for process in self.processes if not process.frozen]

    def _under_way(self) -> list[Any]:
        everyone = (*self.processes, *self.gone)
        return [(process, request) for process in everyone for request in process.requests]

    def _unawaited(self) -> list[Any]:
        return [
            (process, request)
            for process, request in self._under_way()
            if request.future.done() or not process.alive
        ]

    @staticmethod
    def _one(of: list[Any], number: int) -> Any:
        return of[number % len(of)]


def _told_by(entry: Entry) -> int:
    message = decode(entry.written[0])
    assert isinstance(message, Heartbeat)
    return message.last_sequence


def _duty(delivery: UUID) -> dict[str, Any]:
    return {
        "id": uuid5(delivery, "duty"),
        "name": "answer",
        "message": 1,
        "delivery": delivery,
        "owed_by": "la.T0/front-door",
        "because": "told@1",
        "basis": "local",
        "exercise": False,
        "met_by": "[]",
        "ends_with_absence": True,
        "state": "open",
        "opened_at": NOON,
        "ladder": "{}",
        "rung": 0,
        "within": _WITHIN // timedelta(microseconds=1),
    }
