"""
A year that is lived through: what is said is decided, sent, answered and chased, in order of time.

The decider, the timekeeper's steps and the relay's stamping are Homeward's own; Kafka is left out.
The clock goes on by half-hours in which something happens, and all that comes in one is decided
together, as a take-in that was half an hour behind would.
"""

import heapq
import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select

from broker.census.returns import ASK_ID
from broker.clock import SetClock
from broker.decider import Decider
from broker.keys import Keys
from broker.ledger import agencies
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.stamping import Stamping
from broker.policy.load import shipped
from broker.records import Record
from schemas.answer import Answer
from schemas.codec import encode
from schemas.message import Message
from tests.bench.a_year import Year
from tests.bench.homeward import KEYS
from tests.bench.what_is_said import everything

WINDOW = timedelta(minutes=30)
AFTERWARDS = timedelta(days=45)  # for what is late at the end of the year to climb to the end
TOPIC_ID = "year"
_AT_ONCE = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Assumed: how often an answer comes in time, and how often late; else it never comes. A machine
# confirms an end, a person answers the rest.
_CONFIRM = "confirm-the-end"
_ANSWERED = {_CONFIRM: (0.97, 0.02), "answer-iro-alert": (0.76, 0.14)}
_OTHERS = (0.91, 0.06)
_IN_TIME = {
    _CONFIRM: (timedelta(minutes=1), timedelta(minutes=5)),
    "answer": (timedelta(minutes=1), timedelta(minutes=20)),
}
_BY_DAY = (timedelta(hours=1), timedelta(hours=20))
_LATE = (timedelta(hours=1), timedelta(hours=70))


@dataclass
class Lived:
    """What came of it."""

    messages: int = 0
    deliveries: int = 0
    fired: int = 0
    windows: int = 0


class Living:
    """Everybody in some areas, with a ledger between them."""

    def __init__(self, ledger: Ledger, year: Year, seed: int, keys: Keys = KEYS) -> None:
        self._ledger, self._year = ledger, year
        self._dice = random.Random(f"{seed}/answers")
        said = sorted(everything(year, seed), key=lambda it: (it.sent_at, it.message_id))
        self._serial = itertools.count()
        self._said = [(one.sent_at, next(self._serial), one) for one in said]
        self._clock = SetClock(self._said[0][0] - WINDOW)
        ledger.create(self._clock)
        around = {agency: None for area in year.areas for agency in area.agencies}
        around |= {home: area.council for area in year.areas for home in area.homes}
        register(ledger, around, self._clock.now())
        self._decider = Decider(ledger, self._clock, shipped(), keys)
        self._decider.activate()
        with ledger.writing() as connection:  # monthly lists are not in this year
            connection.execute(delete(t.duty).where(t.duty.c.id == ASK_ID))
        self._relay = Stamping(ledger, 0, self._clock, "year")
        self._relay.hold()
        self._offsets: dict[str, int] = {}
        self.lived = Lived()

    def live(self) -> Lived:
        """From the first word to the last step of what is late; nothing is refused."""
        until = self._year.ended_at + AFTERWARDS
        due = self._due_at()
        while (at := self._next(due)) is not None and at <= until:
            self._clock.set(_end_of_window(at))
            self._take(list(self._now()))
            self._send()
            while (due := self._due_at()) is not None and due <= self._clock.now():
                self.lived.fired += self._decider.tick().fired
                self._send()
            self.lived.windows += 1
        self._relay.release()
        return self.lived

    def _next(self, due: datetime | None) -> datetime | None:
        """When something is said, or falls due."""
        times = [due] if due else []
        return min([*times, *(at for at, _, _ in self._said[:1])], default=None)

    def _due_at(self) -> datetime | None:
        with self._ledger.reading() as connection:
            return connection.execute(select(func.min(t.duty.c.next_at))).scalar()

    def _now(self) -> Iterator[Message]:
        while self._said and self._said[0][0] <= self._clock.now():
            yield heapq.heappop(self._said)[2]

    def _take(self, said: list[Message]) -> None:
        for first in range(0, len(said), _AT_ONCE):
            together = said[first : first + _AT_ONCE]
            outcome = self._decider.take([self._record(one) for one in together])
            assert outcome.accepted == len(together), outcome
            self.lived.messages += outcome.accepted
            self.lived.deliveries += outcome.deliveries

    def _record(self, message: Message) -> Record:
        topic = f"outbox.{message.sender}"
        offset = self._offsets.get(topic, 0)
        self._offsets[topic] = offset + 1
        return Record(topic, TOPIC_ID, offset, encode(message))

    def _send(self) -> None:
        while self._relay.waiting() and (batch := self._relay.stamp(self._relay.last())):
            self._relay.confirm(batch.number)
            for delivery, address, duty in self._asked(batch.number):
                self._answer(delivery, address, duty)

    def _asked(self, batch: int) -> list[tuple[UUID, str, str]]:
        """
        Whoever is asked for an answer by what just went out.

        An end is confirmed once by each agency, whichever of its desks were told.
        """
        d, w = t.delivery.c, t.duty.c
        query = (
            select(d.id, d.address, w.name, d.message)
            .join(t.duty, w.delivery == d.id)
            .where(d.shard == 0, d.batch == batch, w.state == "open")
            .order_by(d.number)
        )
        asked: dict[tuple[object, ...], tuple[UUID, str, str]] = {}
        with self._ledger.reading() as connection:
            for id, address, name, message in connection.execute(query):
                agency = address.partition("/")[0]
                once = (message, agency) if name == _CONFIRM else (id,)
                asked.setdefault(once, (id, address, name))
        return list(asked.values())

    def _answer(self, delivery: UUID, address: str, duty: str) -> None:
        in_time, late = _ANSWERED.get(duty, _OTHERS)
        when = self._dice.random()
        if when >= in_time + late:
            return
        low, high = _LATE if when >= in_time else _IN_TIME.get(duty, _BY_DAY)
        at = self._clock.now() + low + (high - low) * self._dice.random()
        answer = Answer(
            message_id=UUID(int=self._dice.getrandbits(128), version=4),
            sender=address.partition("/")[0],
            from_address=address,
            occurred_at=at,
            sent_at=at,
            delivery=delivery,
            state="received" if duty == _CONFIRM else "acting",
        )
        heapq.heappush(self._said, (at, next(self._serial), answer))


def register(ledger: Ledger, around: Mapping[str, str | None], now: datetime) -> None:
    """
    Put agencies on the broker, homes with the council they are in.

    Their names are all of one length, so that they can be put in place of one another.
    """
    with ledger.deciding() as connection:
        for agency, council in sorted(around.items()):
            name = f"Made-up {agency.partition('.')[2]}"
            agencies.add(connection, agency, name, council, {}, now)


def _end_of_window(at: datetime) -> datetime:
    windows = -((_EPOCH - at) // WINDOW)
    return _EPOCH + windows * WINDOW
