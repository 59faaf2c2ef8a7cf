"""
The restore itself, from top to bottom.

Relays are shut out first; then everything that changes in the ledger is one transaction; the cursor
in Kafka comes last. Wherever it is interrupted, it can be run again: what was marked is known then.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from uuid import UUID

from sqlalchemy import Connection, func, select, update

from broker.catching_up import BECAUSE
from broker.clock import Clock, SetClock
from broker.decider import Decider, Outcome
from broker.decision import Decision, Moment, Rulebook
from broker.errors import HomewardError, Misuse
from broker.keys import Keys
from broker.ledger import audit
from broker.ledger import tables as t
from broker.ledger.activation import activate
from broker.ledger.book import Book
from broker.ledger.engine import Ledger
from broker.ledger.positions import advance, positions
from broker.ledger.stamping import start_duties_of
from broker.notices import picture_post
from broker.policy.policies import Policies
from broker.provision import KIND_TOPICS
from broker.questions import account
from broker.records import Record
from broker.restoring import marking, orphans
from broker.restoring.found import Found, compare, require_same
from broker.restoring.kafka import Kafka, Moving
from broker.restoring.order import Ordered, Step, ordered
from broker.restoring.orphans import Orphan
from broker.restoring.out import Out
from broker.restoring.together import Together
from schemas.codec import decode, fingerprint
from schemas.errors import Rejected

WAIT_SECONDS = 15.0  # longer than a session in Kafka, or a lease, of a process that was killed
_LOOK_SECONDS = 0.5
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """Who restores, why, and how far they go."""

    who: str
    reason: str
    dry_run: bool = False
    accept_loss: bool = False


@dataclass(slots=True)
class Restored:
    """What was found, and what was or would be done."""

    found: Found
    ledger: UUID
    last_at: datetime | None
    out: int = 0
    retaken: Outcome = field(default_factory=Outcome)
    left: int = 0
    other_ways: int = 0
    orphans: Sequence[Orphan] = ()
    told_of: int = 0
    pictures: int = 0
    waiting: Mapping[str, int] = field(default_factory=dict)
    activated: str = ""
    still_open: Sequence[str] = ()


class _OnlyTried(Exception):
    """Undoes everything that a dry run did."""


class Again(Decider):
    """
    Decides what was decided before, at the time and with the number it had then.

    What has no number that is known gets one from `free` on, so that it takes none of another's.
    """

    number: int | None = None
    free = 1

    def _open(self, connection: Connection) -> tuple[Book, Rulebook]:
        book, rulebook = super()._open(connection)
        book.number_from(self.number or max(book.highest + 1, self.free))
        return book, rulebook


class Restore:
    """One restore of one ledger."""

    def __init__(
        self,
        ledger: Ledger,
        kafka: Kafka,
        policies: Policies,
        keys: Keys,
        clock: Clock,
        leases_now: Callable[[Connection], datetime],
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._ledger, self._kafka, self._clock = ledger, kafka, clock
        self._policies, self._keys, self._leases_now = policies, keys, leases_now
        self._wait_seconds = wait_seconds

    def run(self, asked: Asked) -> Restored:
        """
        Bring ledger and Kafka together; with `dry_run` say what that would do, and do nothing.

        `Misuse` while a part runs, when Kafka and ledger do not belong together, or when something
        cannot be recovered and nobody has accepted that.
        """
        self._refuse_takers()
        done: list[Restored] = []
        with ExitStack() as stack:
            self._until_nobody_holds()
            with self._ledger.reading() as connection:
                shards = sorted(connection.execute(select(t.shard.c.number)).scalars())
            cursors = None if asked.dry_run else stack.enter_context(self._kafka.shut(shards))
            try:
                with self._ledger.deciding() as connection:
                    self._take_time(connection)
                    self._refuse_holders(connection)
                    done.append(self._carry_out(connection, asked))
                    if asked.dry_run or done[0].found.agree:
                        raise _OnlyTried
            except _OnlyTried:
                return done[0]
            assert isinstance(cursors, Moving)
            cursors.move(done[0].ledger, done[0].found.batches)
        return done[0]

    # -- only when nothing runs

    def _refuse_takers(self) -> None:
        """One that was killed counts as running for as long as its session."""

        def ask() -> None:
            if takers := self._kafka.takers():
                raise Misuse(
                    f"take-in runs still, in {takers} process(es): stop every part of Homeward, "
                    "on every machine, then restore"
                )

        self._patiently(ask)

    def _until_nobody_holds(self) -> None:
        """The lease of one that was killed runs out by itself."""

        def ask() -> None:
            with self._ledger.reading() as connection:
                self._refuse_holders(connection)

        self._patiently(ask)

    def _patiently(self, ask: Callable[[], None]) -> None:
        """A Kafka that was just made does not answer at once, either."""
        deadline = time.monotonic() + self._wait_seconds
        while True:
            try:
                return ask()
            except HomewardError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(_LOOK_SECONDS)

    def _refuse_holders(self, connection: Connection) -> None:
        if held := marking.holders(connection, self._leases_now(connection)):
            raise Misuse(
                f"these run still, and hold a lease: {', '.join(held)}. Stop every part of "
                "Homeward, on every machine, then restore"
            )

    def _take_time(self, connection: Connection) -> None:
        """Fourteen days of Kafka are read within this transaction, and nobody waits for it."""
        if not self._ledger.is_sqlite:
            for limit in ("idle_in_transaction_session_timeout", "statement_timeout"):
                connection.exec_driver_sql(f"SET LOCAL {limit} = 0")

    # -- find out

    def _carry_out(self, connection: Connection, asked: Asked) -> Restored:
        ledger = marking.standing(connection)
        found, beyond, records = self._look(connection, ledger)
        if found.cannot_be_recovered and not (asked.accept_loss or asked.dry_run):
            raise Misuse(
                "something cannot be recovered (`homeward restore --dry-run` says what): if "
                "there is no newer backup, go on with --accept-loss"
            )
        restored = Restored(found, ledger.ledger, ledger.last_at)
        if found.agree:
            return restored
        policy = activate(connection, self._policies, asked.who, self._clock.now())
        if policy is None or policy.digest != self._policies.digest:
            restored.activated = self._policies.version
        then = SetClock(self._clock.now())
        together = Together(self._ledger, connection)
        decider = Again(together, then, self._policies, self._keys)
        if found.older:
            self._mark(connection, ledger, found, beyond, restored)
            before = marking.accepted(connection, beyond)
            again = ordered(records, beyond, before)
            self._decide_again(connection, decider, then, again, beyond, restored)
            self._place_orphans(connection, decider, restored)
        self._settle_kafka(connection, decider, found, restored)
        self._note(connection, asked, restored)
        return restored

    def _look(
        self, connection: Connection, ledger: marking.Standing
    ) -> tuple[Found, list[Out], dict[str, list[Record]]]:
        names = self._kafka.topics()
        outboxes = [name for name in names if name.startswith("outbox.")]
        ours = [name for name in names if name not in outboxes and name in _sendable(names)]
        topics, outs = self._kafka.out(
            ours, lambda out: out.sequence >= ledger.sent.get(out.destination, 0)
        )
        require_same(ledger, marking.last_sent(connection), outs)
        beyond = [out for out in outs if out.sequence > ledger.sent.get(out.destination, 0)]
        ids = self._kafka.topic_ids(outboxes)
        held = positions(connection, ids)
        places = {topic: row.next for topic, id in ids.items() if (row := held.get((topic, id)))}
        bounds, records = self._kafka.outboxes(ids, places)
        known = marking.known_of(connection, beyond)
        found = compare(
            ledger,
            self._kafka.cursors(),
            topics,
            bounds,
            places,
            beyond,
            known,
            self._policies.versions(),
        )
        return found, beyond, records

    # -- what the ledger does not know

    def _mark(
        self,
        connection: Connection,
        ledger: marking.Standing,
        found: Found,
        beyond: Sequence[Out],
        restored: Restored,
    ) -> None:
        marking.unstamp(connection, ledger.unsent)
        marks = marking.Marks(connection, self._clock.now(), found.batches)
        marks.mark(beyond)
        lost = {topic: len(numbers) for topic, numbers in found.lost.items()}
        marking.go_on_above(connection, found.told, lost)
        marking.open_again(connection, {out.destination for out in beyond})
        restored.out = len(beyond)
        restored.ledger = marking.rename(connection)

    def _decide_again(
        self,
        connection: Connection,
        decider: Again,
        then: SetClock,
        again: Ordered,
        beyond: Sequence[Out],
        restored: Restored,
    ) -> None:
        """What Kafka tells to have been decided, in the same order and at the same times."""
        decider.free = 1 + max((out.acceptance or 0 for out in beyond), default=0)
        sent = deque(sorted(beyond, key=lambda out: out.sent_at))
        for at, steps in _runs(again.steps):
            # An answer's clock ran from when its delivery was sent, or climbed because it was not.
            start_duties_of(connection, _sent_until(sent, at))
            then.set(at)
            taken = [step.record for step in steps if step.record is not None]
            if taken:
                decider.number = steps[0].number
                restored.retaken += decider.take(taken)
            else:
                decider.number = None
                decider.tick()
        start_duties_of(connection, _sent_until(sent, None))
        decider.number = None
        restored.left = len(again.left)
        then.set(self._clock.now())
        restored.other_ways = len(_other_ways(beyond, again.steps))

    def _place_orphans(self, connection: Connection, decider: Again, restored: Restored) -> None:
        """What is out and was not decided again: whoever has it is told how it goes on."""
        restored.orphans = orphans.place(connection)
        if any(one.joins for one in restored.orphans):
            restored.told_of = decider.operate(orphans.join(restored.orphans))

    # -- what Kafka does not know

    def _settle_kafka(
        self, connection: Connection, decider: Again, found: Found, restored: Restored
    ) -> None:
        ids = self._kafka.topic_ids(found.unread)
        none = {"read": 0, "accepted": 0, "repeated": 0, "rejected": 0}
        advance(
            connection,
            [
                {"topic": topic, "topic_id": ids[topic], "next": first, **none}
                for topic, (_, first) in found.unread.items()
            ],
        )
        ledger = marking.standing(connection)
        gone = {**found.gone, **{topic: ledger.sent[topic] for topic in found.missing}}
        marking.let_go(connection, gone)
        for topic in found.shorter:
            self._shorten(connection, topic)
        without = [topic.removeprefix("inbox.") for topic in gone if topic.startswith("inbox.")]
        if without:
            restored.pictures = decider.operate(_pictures(without))

    def _shorten(self, connection: Connection, topic: str) -> None:
        """Read on where an outbox is another one than was read before."""
        id = self._kafka.topic_ids([topic])[topic]
        _, records = self._kafka.outboxes({topic: id}, {topic: 0})
        place = _first_strange(connection, topic, id, records[topic])
        held = sum(record.offset < place for record in records[topic])
        p, x = t.position.c, t.dead_letter.c
        this = (p.topic == topic, p.topic_id == id)
        connection.execute(update(t.position).where(*this).values(next=place, lost=p.read - held))
        # Its offsets are given out again.
        letters = (x.topic == topic, x.topic_id == id, x.record_offset >= place)
        lost = connection.execute(select(p.lost).where(*this)).scalar_one()
        connection.execute(
            update(t.dead_letter).where(*letters).values(topic_id=f"{id} lost {lost}")
        )

    # -- afterwards

    def _note(self, connection: Connection, asked: Asked, restored: Restored) -> None:
        d = t.delivery.c
        waiting = (
            select(d.destination, func.count()).where(d.sequence.is_(None)).group_by(d.destination)
        )
        restored.waiting = marking.pairs(connection, waiting)
        restored.still_open = account(connection).differences
        about = str(restored.ledger)
        audit.note(connection, self._clock.now(), asked.who, "restored", about, asked.reason)


def _sendable(names: Sequence[str]) -> set[str]:
    return {name for name in names if name.startswith("inbox.") or name in KIND_TOPICS}


def _sent_until(sent: deque[Out], at: datetime | None) -> dict[UUID, datetime]:
    """Take from the front what was sent by then; all of it without a time."""
    found = {}
    while sent and (at is None or sent[0].sent_at <= at):
        out = sent.popleft()
        found[out.delivery] = out.sent_at
    return found


def _runs(steps: Sequence[Step]) -> list[tuple[datetime, list[Step]]]:
    """Steps of one moment together, as far as their numbers follow each other."""
    runs: list[tuple[datetime, list[Step]]] = []
    for at, group in groupby(steps, key=lambda step: step.at):
        run: list[Step] = []
        for step in group:
            follows = run and run[-1].record is not None and step.record is not None
            in_line = (
                follows
                and len(run) < _AT_ONCE
                and run[-1].number is not None
                and step.number == run[-1].number + 1
            )
            if run and not in_line:
                runs.append((at, run))
                run = []
            run.append(step)
        runs.append((at, run))
    return runs


def _other_ways(beyond: Sequence[Out], steps: Sequence[Step]) -> set[tuple[str, UUID]]:
    """What an agency is known to have said, and no outbox holds."""
    said = {
        (out.source, out.message_id)
        for out in beyond
        if not out.by_broker and not out.destination.startswith("inbox.")
    }
    for step in steps:
        if step.record is not None and said:
            try:
                said.discard((step.record.agency, decode(step.record.value).message_id))
            except Rejected:
                continue
    return said


def _first_strange(connection: Connection, topic: str, id: str, records: Sequence[Record]) -> int:
    """The offset of the first record that nothing is known of; a repeat changes nothing."""
    m, x = t.message.c, t.dead_letter.c
    accepted = set(connection.execute(select(m.digest).where(m.topic == topic)).scalars())
    letters = select(x.record_offset, x.value).where(x.topic == topic, x.topic_id == id)
    refused = {(at, fingerprint(value or b"")) for at, value in connection.execute(letters)}
    for record in records:
        digest = fingerprint(record.value or b"")
        if digest not in accepted and (record.offset, digest) not in refused:
            return record.offset
    return records[-1].offset + 1 if records else 0


def _pictures(agencies: Sequence[str]) -> Callable[[Moment, Book, Rulebook], int]:
    """Say where things stand to agencies whose inbox lost what was in it."""

    def tell(moment: Moment, book: Book, rulebook: Rulebook) -> int:
        said = 0
        for agency in agencies:
            for episode in book.open_to(agency):
                desk = min(a for a in episode.told if a.startswith(f"{agency}/"))
                duties = book.duties_of(episode.id)
                content, post = picture_post(episode, duties, desk, moment, rulebook, BECAUSE)
                book.apply(Decision(contents=(content,), posts=(post,)))
                said += 1
        return said

    return tell
