"""
The one place where things are decided: gather, decide, write, in one transaction under one lock.

Take-in, timekeeper and command line all come here, so no two writers ever see half a truth.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, func, select

from broker.admission import check_sender, check_times
from broker.census.returns import ASK_ID, asking
from broker.chasing import Chased, chase
from broker.clock import Clock
from broker.dead_letters.refusing import refuse
from broker.deciding import decide
from broker.decision import (
    Arrival,
    Decision,
    Moment,
    Rulebook,
)
from broker.digests import SEND, steps
from broker.errors import (
    Empty,
    Invalid,
    Rejected,
    Unavailable,
    Unexpected,
)
from broker.folding import fold, heard_before, picture_of, repeat, wanted_by
from broker.keys import Keys
from broker.ledger import tables as t
from broker.ledger.activation import active, keep, make_active
from broker.ledger.agencies import Agencies
from broker.ledger.book import Book
from broker.ledger.engine import Ledger
from broker.ledger.positions import advance, positions
from broker.ledger.rows import bulk, duty_row
from broker.policy.policies import Policies
from broker.reclassifying import RECLASSIFY
from broker.records import Record
from broker.thresholds.looking import LOOK
from broker.timers import TIMERS
from schemas.codec import decode, fingerprint
from schemas.message import ChildMessage, Message

log = structlog.get_logger()

FIRED_AT_ONCE = 500
_AROUND = (LOOK, RECLASSIFY)  # they look at all that is known of the child
_LATER = timedelta(minutes=5)

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch. `codes` counts the rejections by code."""

    accepted: int = 0
    repeated: int = 0
    rejected: int = 0
    deliveries: int = 0
    codes: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            self.accepted + other.accepted,
            self.repeated + other.repeated,
            self.rejected + other.rejected,
            self.deliveries + other.deliveries,
            dict(Counter(self.codes) + Counter(other.codes)),
        )


@dataclass(frozen=True, slots=True)
class Ticked:
    """How many steps of duties fired, how late the latest was, and how many could not fire."""

    fired: int = 0
    lateness_seconds: float = 0.0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class _Read:
    """A record after decoding: a message, or why there is none."""

    record: Record
    message: Message | None
    fault: Rejected | None = None


class Decider:
    """
    Decides on records, falling-due duties and joins, one transaction at a time.

    Every method may raise `Unavailable`: nothing happened, call again. Synchronous: callers in an
    event loop hand it to a thread.
    """

    def __init__(self, ledger: Ledger, clock: Clock, policies: Policies, keys: Keys) -> None:
        self._ledger, self._clock, self._policies, self._keys = ledger, clock, policies, keys
        self._agencies = Agencies()

    # -- the way in

    def positions(self, topics: Mapping[str, str]) -> dict[str, int]:
        """The offset to read next, for each topic (by name, to its Kafka topic id)."""
        with self._ledger.reading() as connection:
            held = positions(connection, topics)
        return {
            topic: row.next if (row := held.get((topic, topic_id))) else 0
            for topic, topic_id in topics.items()
        }

    def take(self, records: Sequence[Record]) -> Outcome:
        """
        Take in records of outboxes, in the order given per topic.

        Records below a topic's position were taken before and are passed over. A bug halves the
        batch until one record remains, which becomes a dead letter `unexpected`: so this returns
        for every record, or raises `Unavailable`.
        """
        read = [self._read(record) for record in records]
        return self._take(read)

    def _take(self, read: Sequence[_Read]) -> Outcome:
        try:
            return self._take_together(read)
        except Unavailable:
            raise
        except ImportError as error:  # its files are being replaced: no fault of the message
            raise Unavailable(f"a part of Homeward cannot be loaded: {error.name}") from error
        except Exception as bug:
            if len(read) > 1:
                half = len(read) // 2
                return self._take(read[:half]) + self._take(read[half:])
            fault = Unexpected("Homeward could not handle this; an operator was told")
            if read[0].fault is not None and isinstance(read[0].fault, Unexpected):
                raise
            fault.__cause__ = bug
            where = read[0].record
            log.error(
                "a bug: the record is set aside",
                topic=where.topic,
                offset=where.offset,
                exc_info=bug,
            )
            return self._take([replace(read[0], fault=fault)])

    def _read(self, record: Record) -> _Read:
        message = None
        try:
            message = decode(record.value)
            check_sender(message, record.agency, self._agencies.directory)
            check_times(message, self._clock.now())
            return _Read(record, message)
        except Rejected as fault:
            return _Read(record, message, fault)

    def _take_together(self, read: Sequence[_Read]) -> Outcome:
        with self._ledger.deciding() as connection:
            book, rulebook = self._open(connection)
            held = positions(connection, {one.record.topic for one in read})
            new = [one for each in read if (one := _if_new(each, held)) is not None]
            book.gather(
                wanted_by((one.message for one in new if one.message and not one.fault), rulebook)
            )
            tallies = [self._fold(one, book, rulebook) for one in new]
            book.write()
            advance(connection, _moves(new, tallies))
            counts = Counter(outcome for outcome, _ in tallies)
            return Outcome(
                accepted=counts["accepted"],
                repeated=counts["repeated"],
                rejected=counts["rejected"],
                deliveries=len(list(book.posts)),
                codes=Counter(code for _, code in tallies if code),
            )

    def _open(self, connection: Connection) -> tuple[Book, Rulebook]:
        known = active(connection)
        if known is None or known.digest != self._policies.digest:
            raise Unavailable(
                f"the ledger's policy is {known.version if known else 'not set'}, this part has "
                f"{self._policies.version}: start it again with the active policy"
            )
        directory = self._agencies.refresh(connection)
        book = Book(connection, directory, self._clock.now())
        return book, Rulebook(self._policies, directory, self._keys, self._agencies.joined)

    def _fold(self, one: _Read, book: Book, rulebook: Rulebook) -> tuple[str, str]:
        try:
            if one.fault is not None:
                raise one.fault
            if one.message is None:
                raise Empty("the record has no value")
            return self._fold_message(one.record, one.message, book, rulebook), ""
        except Rejected as fault:
            refuse(one.record, one.message, fault, book, rulebook.directory)
            return "rejected", fault.code

    def _fold_message(
        self, record: Record, message: Message, book: Book, rulebook: Rulebook
    ) -> str:
        value = record.value or b""
        digest = fingerprint(value)
        if (before := heard_before(message, digest, book)) is not None:
            repeat(before.number, message, record, book, rulebook, self._clock)
            return "repeated"
        source = (record.topic, record.offset)
        fold(message, value, digest, source, book, rulebook, self._clock)
        return "accepted"

    # -- the clock

    def tick(self) -> Ticked:
        """Fire the duties whose time has come, at most `FIRED_AT_ONCE`; each step fires once."""
        with self._ledger.deciding() as connection:
            book, rulebook = self._open(connection)
            now = self._clock.now()
            due = book.gather_due(FIRED_AT_ONCE)
            if counted := {duty.child for duty in due if duty.name in _AROUND and duty.child}:
                book.gather_around(counted)
            failed = 0
            for duty in due:
                episode = book.episodes.get(duty.episode) if duty.episode else None
                moment = Moment(now, book.contents)
                try:
                    if step := TIMERS.get(duty.name):
                        step(duty, moment, book, rulebook)
                        continue
                    chased = Chased(duty, episode, book.duties_of(duty.episode), book.read)
                    book.apply(chase(chased, moment, rulebook))
                except Exception as bug:  # with one duty; it must not silence the others
                    log.error("a bug: the step of a duty is put off", of=duty.name, exc_info=bug)
                    failed += 1
                    book.apply(Decision(duties=(replace(duty, next_at=now + _LATER),)))
            book.write()
        late = max((now - duty.next_at for duty in due if duty.next_at), default=timedelta(0))
        return Ticked(len(due) - failed, late.total_seconds(), failed)

    # -- operators

    def operate(self, act: Callable[[Moment, Book, Rulebook], Done]) -> Done:
        """Carry out what an operator asks for; what it raises leaves everything as it was."""
        with self._ledger.deciding() as connection:
            book, rulebook = self._open(connection)
            done = act(Moment(self._clock.now(), book.contents), book, rulebook)
            book.write()
        return done

    # -- policy

    def activate(self) -> None:
        """Make this part's policy the one in force, where none is; returns are asked for then."""
        with self._ledger.deciding() as connection:
            if active(connection) is None:
                make_active(connection, self._policies, self._clock.now())
            else:
                keep(connection, self._policies, self._clock.now())
            asked = select(t.duty.c.id).where(t.duty.c.id == ASK_ID)
            if connection.execute(asked).first() is None:
                bulk(connection, t.duty, [duty_row(asking(self._clock.now()))])
            d = t.duty.c
            held = connection.execute(select(d.id).where(d.name == SEND, d.next_at.is_not(None)))
            last = connection.execute(select(func.max(t.message.c.number))).scalar_one() or 0
            new = list(steps(self._policies, held.scalars(), self._clock.now(), last))
            connection.execute(t.duty.delete().where(d.id.in_([one.id for one in new])))
            bulk(connection, t.duty, [duty_row(one) for one in new])

    def explain(self, message: Message) -> Decision:
        """What a message would lead to if it came now; nothing is written or sent."""
        check_sender(message, message.sender, self._agencies.directory)
        if not isinstance(message, ChildMessage):
            raise Invalid("only messages about a child are explained", "kind")
        with self._ledger.reading() as connection:
            book, rulebook = self._open(connection)
            book.gather(wanted_by([message], rulebook))
            picture, _ = picture_of(message, book, rulebook)
            arrival = Arrival(self._clock.now(), book.contents, book.number(), message)
            return decide(picture, arrival, rulebook)


def _if_new(one: _Read, held: Mapping[tuple[str, str], Any]) -> _Read | None:
    """None if it was taken before; else with how much Kafka had lost of its topic by then."""
    row = held.get((one.record.topic, one.record.topic_id))
    if row is None:
        return one
    if one.record.offset < row.next:
        return None
    return replace(one, record=replace(one.record, lost=row.lost)) if row.lost else one


def _moves(
    read: Sequence[_Read], tallies: Sequence[tuple[str, str]]
) -> Iterable[dict[str, object]]:
    moved: dict[tuple[str, str], Counter[str]] = {}
    ends: dict[tuple[str, str], int] = {}
    for one, (outcome, _) in zip(read, tallies, strict=True):
        key = (one.record.topic, one.record.topic_id)
        moved.setdefault(key, Counter())[outcome] += 1
        ends[key] = max(ends.get(key, 0), one.record.offset + 1)
    for (topic, topic_id), counts in sorted(moved.items()):
        yield {
            "topic": topic,
            "topic_id": topic_id,
            "next": ends[topic, topic_id],
            "read": counts.total(),
            "accepted": counts["accepted"],
            "repeated": counts["repeated"],
            "rejected": counts["rejected"],
        }
