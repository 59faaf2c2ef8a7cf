"""Taking in as a state machine: the real decider, read for by members that come, go and freeze."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from broker import decider as deciding
from broker.clock import SetClock
from broker.decider import Decider
from broker.errors import Unavailable
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.positions import advance
from broker.policy import load
from broker.records import Record
from schemas.codec import encode
from tests import examples
from tests.model.events import Broken, Eventful, event, promise, tries
from tests.model.process import ShakyLedger
from tests.outbox import rows
from tests.scenarios.play import KEYS, prepared

TOPICS = tuple(f"outbox.{agency}" for agency in (examples.WALSALL, examples.STAFFORDSHIRE_POLICE))
POLICIES = load.shipped()


@cache
def _new_ledger() -> bytes:
    ledger = Ledger("sqlite://")
    prepared(ledger, SetClock(examples.FRIDAY_NIGHT), POLICIES)
    with ledger.engine.connect() as connection:
        content: bytes = connection.connection.driver_connection.serialize()  # type: ignore[union-attr]
    ledger.close()
    return content


@cache
def _value(topic: str, number: int) -> bytes:
    """A message that costs little to decide on; the third is none."""
    if number % 3 == 2:
        return b"this is no message"
    sender = topic.removeprefix("outbox.")
    return encode(
        examples.notification(message_id=uuid5(UUID(int=2), f"{topic} {number}"), sender=sender)
    )


@dataclass
class _Member:
    """One process of the group: where it reads on, and the batch it is busy with."""

    places: dict[str, int] = field(default_factory=dict)
    batch: list[Record] = field(default_factory=list)


@dataclass
class _Log:
    """An outbox, from its making to its deletion."""

    id: str
    values: list[bytes] = field(default_factory=list)


@dataclass(frozen=True)
class Design:
    """How records are taken in: as it is, or with one step swapped."""

    decider: type[Decider] = Decider
    follows_bookmarks: bool = False
    passes_over: bool = False


_TOPIC, _WHO = st.sampled_from(TOPICS), st.integers(0, 1)
EVENTS = st.one_of(
    *event("send", _TOPIC, st.integers(1, 3), weight=3),
    *event("send_again", _TOPIC, st.integers(0, 9)),
    *event("assign", _TOPIC, _WHO, st.booleans(), weight=2),
    *event("lose_the_bookmark", _TOPIC, st.integers(0, 9)),
    *event("make_anew", _TOPIC),
    *event("fetch", st.integers(1, 3), weight=3),
    *event("decide", _WHO, st.sampled_from([None, None, 0, 1]), weight=4),
    *event("kill", _WHO),
)


class TakeInMachine(Eventful):
    """
    Two outboxes and two members of the group, one of whom may be frozen with a batch in hand.

    The decider and its positions are the real ones. A record is never owed to a member: whoever
    decides on it last, it counts once.
    """

    design = Design()
    happens = rule(event=EVENTS)(Eventful.happens)

    @initialize()
    def begin(self) -> None:
        self.ledger = ShakyLedger(_new_ledger())
        clock = SetClock(examples.FRIDAY_NIGHT)
        self.decider = self.design.decider(self.ledger, clock, POLICIES, KEYS)
        self.logs = {topic: [_Log(f"{topic} 0")] for topic in TOPICS}
        self.bookmarks = dict.fromkeys(TOPICS, 0)
        self.sent = dict.fromkeys(TOPICS, 0)
        # As after a rebalance of which one of them knows nothing.
        self.members = [_Member(dict.fromkeys(TOPICS, 0)) for _ in range(2)]

    # -- what senders do

    def send(self, topic: str, number: int) -> None:
        for _ in range(number):
            self._newest(topic).values.append(_value(topic, self.sent[topic]))
            self.sent[topic] += 1

    def send_again(self, topic: str, which: int) -> None:
        if self.sent[topic]:
            self._newest(topic).values.append(_value(topic, which % self.sent[topic]))

    # -- what Kafka does

    def assign(self, topic: str, who: int, other_knows: bool) -> None:
        """Also in mid-batch; a frozen member does not learn that it lost the outbox."""
        if other_knows:
            self.members[1 - who].places.pop(topic, None)
        self._seek(self.members[who], topic)

    def lose_the_bookmark(self, topic: str, place: int) -> None:
        """What Kafka's tools remember is anything at all, as after somebody has moved it."""
        self.bookmarks[topic] = place

    def make_anew(self, topic: str) -> None:
        """Deleted and made again; who was assigned it is assigned it anew."""
        self.logs[topic].append(_Log(f"{topic} {len(self.logs[topic])}"))
        self.bookmarks[topic] = 0
        for member in self.members:
            if topic in member.places:
                self._seek(member, topic)

    # -- what members do

    def fetch(self, most: int) -> None:
        """Whoever has nothing in hand."""
        for member in (one for one in self.members if not one.batch):
            for topic, place in member.places.items():
                log = self._newest(topic)
                for offset in range(place, min(place + most, len(log.values))):
                    member.batch.append(Record(topic, log.id, offset, log.values[offset]))

    def decide(self, who: int, good: int | None) -> None:
        """With `good`, the ledger fails after so many transactions, or nobody hears of success."""
        busy = [member for member in self.members if member.batch]
        if not busy:
            return
        member = busy[who % len(busy)]
        batch, member.batch = member.batch, []
        self.ledger.good = good
        try:
            self.decider.take(batch)
            failed = good is not None
        except Unavailable:
            failed = True
        except Exception as fault:
            raise Broken(f"a fault: {type(fault).__name__}") from fault
        finally:
            self.ledger.good = None
        self._go_on(member, batch, again=failed and not self.design.passes_over)

    def _go_on(self, member: _Member, batch: list[Record], again: bool) -> None:
        for record in batch:
            topic = record.topic
            if topic not in member.places or record.topic_id != self._newest(topic).id:
                continue
            if again:
                self._seek(member, topic)
            else:
                member.places[topic] = self.bookmarks[topic] = record.offset + 1

    def kill(self, who: int) -> None:
        self.members[who] = _Member()

    # -- what is promised

    @invariant()
    def counts_close(self) -> None:
        """Each record up to a position counts once, as what it is: nothing is passed over."""
        accepted: set[bytes] = set()
        read: Counter[str] = Counter()
        for one in rows(self.ledger, select(t.position)):
            log = next((log for log in self.logs[one.topic] if log.id == one.topic_id), None)
            promise(log is not None, "a position in no outbox")
            taken = log.values[: one.next]  # type: ignore[union-attr]
            bad = sum(not _is_message(value) for value in taken)
            promise(one.read == one.next, "a record was passed over, or counted twice")
            promise(one.read == one.accepted + one.repeated + one.rejected, "read is not the sum")
            promise(one.rejected == bad, "refused is not what was bad")
            accepted.update(value for value in taken if _is_message(value))
            read["accepted"] += one.accepted
            read["rejected"] += one.rejected
        promise(read["accepted"] == len(accepted), "accepted is not what was new")
        stored = Counter(one.value for one in rows(self.ledger, select(t.message.c.value)))
        promise(stored == Counter(accepted), "an accepted message is lost, or there twice")
        letters = rows(self.ledger, select(t.dead_letter.c.number))
        promise(len(letters) == read["rejected"], "a dead letter is lost, or there twice")

    def teardown(self) -> None:
        """In the end everything that Kafka still has was taken in."""
        if not hasattr(self, "members"):
            return
        try:
            self.members = [_Member(), _Member()]
            for topic in TOPICS:
                self._seek(self.members[0], topic)
            while self.fetch(4) or self.members[0].batch:
                self.decide(0, None)
            self.counts_close()
            places = {one.topic_id: one.next for one in rows(self.ledger, select(t.position))}
            for topic in TOPICS:
                log = self._newest(topic)
                promise(places.get(log.id, 0) == len(log.values), "a record is never read")
        finally:
            self.ledger.close()

    def _newest(self, topic: str) -> _Log:
        return self.logs[topic][-1]

    def _seek(self, member: _Member, topic: str) -> None:
        place = self.decider.positions({topic: self._newest(topic).id})[topic]
        member.places[topic] = self.bookmarks[topic] if self.design.follows_bookmarks else place


def _is_message(value: bytes) -> bool:
    return value.startswith(b"\x00")


class _MovesApart(Decider):
    """Positions move in a transaction of their own, after what was decided."""

    def _take_together(self, read: Sequence[Any]) -> Any:
        moved: list[Any] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(deciding, "advance", lambda _, rows: moved.extend(rows))
            outcome = super()._take_together(read)
        with self._ledger.writing() as connection:
            advance(connection, moved)
        return outcome


class _DropsNothing(Decider):
    """Takes records again that lie below the position."""

    def _take_together(self, read: Sequence[Any]) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(deciding, "positions", lambda *_: {})
            return super()._take_together(read)


class _KnowsNamesOnly(Decider):
    """Takes a topic that was made anew for the one it had before."""

    def take(self, records: Sequence[Record]) -> Any:
        return super().take([replace(one, topic_id=f"{one.topic} 0") for one in records])

    def positions(self, topics: Any) -> dict[str, int]:
        return super().positions({topic: f"{topic} 0" for topic in topics})


SWAPS = {
    "positions move in a transaction of their own": Design(decider=_MovesApart),
    "what lies below a position is taken again": Design(decider=_DropsNothing),
    "a topic is known by its name only": Design(decider=_KnowsNamesOnly),
    "places are Kafka's bookmarks": Design(follows_bookmarks=True),
    "a batch that failed is passed over": Design(passes_over=True),
}


def test_each_record_counts_once_whoever_dies_or_wakes_up_when():
    run_state_machine_as_test(TakeInMachine, settings=tries(25, 25))


@pytest.mark.parametrize("swap", SWAPS)
def test_a_swapped_step_is_found(swap):
    class Swapped(TakeInMachine):
        design = SWAPS[swap]

    with pytest.raises(Broken):
        run_state_machine_as_test(Swapped, settings=tries(60, 25))
