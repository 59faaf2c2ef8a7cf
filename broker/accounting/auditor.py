"""
Compares what Kafka holds with what the ledger says, up to the batch at which Kafka's cursor stands.

The first pass reads everything that Kafka has kept; each later one only what came since. A row of
the ledger that somebody changes after it was compared is found by the next full pass.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Message

from broker import provision
from broker.accounting import ledger as books
from broker.accounting.comparing import INBOX, Mark, Outbox, Topic
from broker.accounting.differences import Difference
from broker.accounting.kafka import Reader, reading
from broker.connection import KafkaAccess
from broker.cursor import Cursor
from broker.ledger.engine import Ledger

_HEARTBEAT = b"heartbeat"
# What Kafka keeps, and a week for its files to be closed: what was sent before is not compared.
_OLDEST_SECONDS = 21 * 24 * 3600.0
_DECIDED_SECONDS = 25.0  # longer than Kafka needs to undo what a relay that was killed left open


@dataclass(frozen=True, slots=True)
class Checked:
    """One pass: what it found, now and since the last full one, and what it cost."""

    differences: tuple[Difference, ...]
    full: bool
    deliveries: int
    records: int
    bytes: int
    seconds: float

    @property
    def counts(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for one in self.differences:
            found[one.what] = found.get(one.what, 0) + one.count
        return found


@dataclass(slots=True)
class Known:
    """What earlier passes have seen, of one ledger."""

    ledger: str = ""
    passes: int = 0
    whole: bool = True  # nothing is too old to be compared
    batches: dict[int, int] = field(default_factory=dict)
    topics: dict[str, Topic] = field(default_factory=dict)
    confirmed: dict[str, int] = field(default_factory=dict)
    outboxes: dict[tuple[str, str], Outbox] = field(default_factory=dict)
    found: list[Difference] = field(default_factory=list)


class Auditor:
    """
    One account, pass after pass; needs a credential that may read everything and write nothing.

    A difference in what was sent stands until the next full pass; one between counters as long as
    they differ. `stopped` breaks a pass off (`Stopped`), as does whatever is away (`Unavailable`):
    the next pass is then a full one.
    """

    def __init__(
        self, access: KafkaAccess, ledger: Ledger, stopped: Callable[[], bool] = lambda: False
    ) -> None:
        self._access, self._ledger, self._stopped = access, ledger, stopped
        self._known = Known()

    def check(self, full: bool = False) -> Checked:
        """
        Compare what came since the last pass, or everything.

        Where Kafka holds more than the ledger was asked for it looks once more, so that a single
        pass is exact while deliveries go out.
        """
        began = time.perf_counter()
        known = Known() if full else self._known
        self._known = Known()  # whatever breaks this pass off leaves nothing half compared
        full = not known.passes
        with reading(self._access, self._stopped) as reader:
            count, now = self._pass(known, reader)
            if any(topic.has_more for topic in known.topics.values()):
                more, now = self._pass(known, reader)
                count += more
        self._known = known
        seconds = time.perf_counter() - began
        differences = (*known.found, *now)
        return Checked(differences, full, count, reader.records, reader.bytes, seconds)

    def _pass(self, known: Known, reader: Reader) -> tuple[int, list[Difference]]:
        cursors = reader.cursors()
        batches = {shard: cursor.batch for shard, cursor in cursors.items()}
        with self._ledger.reading() as connection:
            said = books.snapshot(connection, batches)
        if known.ledger != str(said.ledger):
            known.__init__(str(said.ledger))  # type: ignore[misc]
        known.passes += 1
        now = [*_of_cursors(cursors, said)]
        if now:  # two histories: to compare their deliveries would name every one of them
            return 0, now
        self._begin(known, said, batches, reader)
        count = self._compare_sent(known, said, batches, reader)
        now += of_numbers(known, said, batches)
        now += (
            Difference("no-topic", name, f"Kafka has no such topic, and {topic.last} were sent")
            for name, topic in known.topics.items()
            if topic.last and not reader.exists(name)
        )
        now += self._of_outboxes(known, said.positions, reader)
        known.batches = batches
        return count, now

    def _begin(
        self, known: Known, said: books.Snapshot, batches: Mapping[int, int], reader: Reader
    ) -> None:
        """Topics that were not compared yet; what a full pass begins with."""
        new = [name for name in said.inboxes if name not in known.topics]
        for name in new:
            first = reader.bounds(name)[0] if reader.exists(name) else 0
            known.topics[name] = Topic(name, begun=first == 0, place=first)
        if known.passes > 1 or all(topic.begun for topic in known.topics.values()):
            return
        with self._ledger.reading() as connection:
            for shard, batch in batches.items():
                oldest = min(batch, books.aged(connection, shard, _OLDEST_SECONDS))
                known.batches[shard] = oldest
                known.whole &= not oldest
        if not known.whole:
            for topic in known.topics.values():
                topic.begun = False

    # -- what was sent

    def _compare_sent(
        self,
        known: Known,
        said: books.Snapshot,
        batches: Mapping[int, int],
        reader: Reader,
    ) -> int:
        count = 0
        for shard, until in sorted(batches.items()):
            after = known.batches.get(shard, 0)
            while after < until:
                with self._ledger.reading() as connection:
                    end = books.stretch_end(connection, shard, after, until)
                    rows = books.sent_rows(connection, shard, after, end)
                    count += _expect(known, rows)
                self._read(known, reader, to_the_end=False)
                after = end
        self._read(known, reader, to_the_end=True)
        for topic in known.topics.values():
            known.found += topic.end_pass(known.passes)
        return count

    def _read(self, known: Known, reader: Reader, *, to_the_end: bool) -> None:
        topics = known.topics

        def take(name: str, message: Message) -> bool:
            if (mark := _mark(name, message)) is not None:
                topics[name].see(mark, known.passes)
            return not to_the_end and topics[name].is_complete

        wanted = {
            name: topic.place for name, topic in topics.items()
            if to_the_end or not topic.is_complete
        }  # fmt: skip
        places = reader.read(wanted, take)
        # The cursor's commit may be seen before that of a topic: what is there is not missing.
        ends = {name: reader.end_with_undecided(name) for name in places}
        deadline = time.monotonic() + _DECIDED_SECONDS
        while undecided := {
            name: place for name, place in places.items()
            if not topics[name].is_complete and place < ends[name]
        }:  # fmt: skip
            if time.monotonic() > deadline:
                break
            places |= reader.read(undecided, take)
        for name, place in places.items():
            topics[name].place = place
            found = topics[name].settle()
            known.found += found if reader.exists(name) else ()  # it has a difference of its own

    # -- what was read

    def _of_outboxes(
        self, known: Known, positions: Iterable[books.Position], reader: Reader
    ) -> Iterator[Difference]:
        there = [one for one in positions if reader.exists(one.topic)]
        ids = provision.topic_ids(self._access, {one.topic for one in there})
        goals: dict[str, int] = {}
        compared: list[tuple[Outbox, books.Position, int]] = []
        for one in there:
            if ids.get(one.topic) != one.topic_id:
                continue  # it was made anew since, and has another row
            first, end = reader.bounds(one.topic)
            key = (one.topic, one.topic_id)
            if key not in known.outboxes:
                known.outboxes[key] = Outbox(one.topic, begun=first == 0, place=first)
            outbox = known.outboxes[key]
            if back := outbox.goes_back(one.next):
                yield back
                continue
            goals[one.topic] = min(one.next, end)
            compared.append((outbox, one, end))
        counted = dict.fromkeys(goals, 0)

        def take(name: str, message: Message) -> bool:
            below = (message.offset() or 0) < goals[name]
            counted[name] += below
            return (message.offset() or 0) + 1 >= goals[name]

        reader.read({o.name: o.place for o, _, _ in compared if o.place < goals[o.name]}, take)
        for outbox, one, end in compared:
            outbox.held += counted[one.topic]
            outbox.place = max(outbox.place, goals[one.topic])
            yield from outbox.compare(one.next, end, one.read)


def _expect(known: Known, rows: Iterable[books.Row]) -> int:
    count = 0
    for row in rows:
        topic = known.topics.get(row.topic)
        if topic is None:  # the ledger has no row of such an inbox: somebody changed one of them
            known.found.append(_stray(row))
            continue
        count += 1
        topic.expect(row.mark, row.number, gone=row.gone)
    return count


def _stray(row: books.Row) -> Difference:
    words = f"number {row.number} was sent to it, and the ledger has no such inbox"
    return Difference("numbers", row.topic, words, first=row.number)


def _of_cursors(cursors: Mapping[int, Cursor], said: books.Snapshot) -> Iterator[Difference]:
    for shard, cursor in cursors.items():
        if cursor.ledger != str(said.ledger):
            words = f"shard {shard} belongs to ledger {cursor.ledger}, this one is {said.ledger}"
        elif cursor.batch > said.last.get(shard, 0):
            last = said.last.get(shard, 0)
            words = f"shard {shard} has sent batch {cursor.batch}, the ledger knows {last}"
        else:
            continue
        yield Difference("cursor", provision.CURSOR, words, first=cursor.batch)


def of_numbers(
    known: Known, said: books.Snapshot, batches: Mapping[int, int]
) -> Iterator[Difference]:
    """The counters of each inbox beside the numbers that its deliveries have."""
    for name, count in said.inboxes.items():
        topic, shard = known.topics[name], said.shards[name]
        sure, stamped = said.after.get(name, (0, 0))
        sent, last = max(topic.last, sure), max(topic.last, stamped)
        if not last and not known.whole:
            continue  # nothing since what is too old to be compared
        # Until something is sent after a restore the lost numbers are the last ones.
        if not last <= count.next - 1 <= last + count.lost:
            words = f"the next number is {count.next}, but the last delivery has number {last}"
            yield Difference("numbers", name, words, first=count.next)
        # The cursor may be ahead of what the relay has confirmed, by the one batch it is at.
        is_exact = said.confirmed.get(shard, 0) >= batches.get(shard, 0)
        least = sent if is_exact else known.confirmed.get(name, 0)
        if not least <= count.sent <= sent + count.lost:
            words = f"number {count.sent} is said to be confirmed last, and {sent} is"
            yield Difference("numbers", name, words, first=count.sent)
        known.confirmed[name] = least


def _mark(name: str, message: Message) -> Mark | None:
    """What a record is known by; None for a heartbeat."""
    headers: dict[str, Any] = dict(message.headers() or ())
    if not name.startswith(INBOX):
        return Mark(_number(headers.get("acceptance")), _text(headers.get("ce_id")))
    number = _number(headers.get("sequence"))
    if not number and _HEARTBEAT in (headers.get("ce_type") or b""):
        return None
    # What has no number was written by somebody else.
    id = _text(headers.get("delivery")) if number else f"offset {message.offset()}"
    return Mark(number, id, _text(headers.get("address")))


def _number(value: bytes | None) -> int:
    return int(value) if value and value.isdigit() else 0


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace")
