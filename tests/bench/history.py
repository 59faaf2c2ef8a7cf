"""
A ledger with years behind it: what Homeward decided for a few children, copied by the database.

The rows of twenty absences, each with its messages, deliveries, duties and answers, are decided by
Homeward itself in a scratch ledger, and written many times over with numbers, ids, keys and times
of their own. What is made up of it: all children have one of twenty stories, the absences are
spread over the years evenly, and over 4,000 homes. PostgreSQL only.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Column, LargeBinary, MetaData, Table, Uuid, select, text

from broker.clock import Clock, SetClock
from broker.decider import Decider
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.rows import bulk
from broker.ledger.stamping import Stamping
from broker.ledger.tables import Instant, micros
from broker.policy.load import shipped
from broker.records import Record
from schemas.codec import encode
from schemas.message import Message
from tests import examples
from tests.bench import load
from tests.bench.homeward import KEYS
from tests.bench.indexes import without_indexes

HOMES = 4000
# As deploy/SIZING.md advises for a machine of 8 GB: a page is written whole to the log of changes
# only the first time after a checkpoint, so checkpoints are seldom and what is written is packed.
SETTINGS = {
    "shared_buffers": "2GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "30min",
    "wal_compression": "on",
}
_GAP = "~gap~"
_MICROSECOND = timedelta(microseconds=1)
# What an absence adds rows to, in the order in which it is copied.
_TABLES = (
    t.message, t.content, t.delivery, t.child, t.child_key, t.episode, t.episode_key, t.duty,
    t.duty_event, t.answer, t.batch,
)  # fmt: skip
_MESSAGE, _CONTENT, _DELIVERY, _BATCH = "message", "content", "delivery", "batch"
_NUMBERED = {
    ("message", "number"): _MESSAGE,
    ("delivery", "message"): _MESSAGE,
    ("duty", "message"): _MESSAGE,
    ("answer", "message"): _MESSAGE,
    ("content", "number"): _CONTENT,
    ("delivery", "content"): _CONTENT,
    ("delivery", "number"): _DELIVERY,
    ("delivery", "batch"): _BATCH,
    ("batch", "number"): _BATCH,
}
# In a fact of a picture: acceptance number, message id, when it happened and was heard, content.
_FACT = {0: _MESSAGE, 1: "id", 5: "at", 6: "at", 7: _CONTENT}


@dataclass(frozen=True)
class Story:
    """The rows of a few absences, as Homeward wrote them, by table; and what they were of."""

    rows: Mapping[str, list[dict[str, Any]]]
    read: Mapping[str, int]  # records by outbox
    began: datetime

    def most(self, table: str) -> int:
        """The highest number in use, and so how far apart copies are."""
        return max((int(row["number"]) for row in self.rows[table]), default=0)


# -- what is copied


def settled(at: datetime) -> Story:
    """Twenty absences from report to interview: fourteen messages or so each, nothing open."""
    return _decided(at, _from_report_to_interview)


def standing(at: datetime) -> Story:
    """Twenty absences that were just reported: their duties stand."""
    return _decided(at, lambda stage: stage.say(*stage.reports))


class _Stage:
    """A scratch ledger, a clock moved by hand, and a relay that only stamps and confirms."""

    def __init__(self, ledger: Ledger, at: datetime) -> None:
        self.clock, self.ledger = SetClock(at), ledger
        self.decider = prepared(ledger, self.clock)
        self._relay = Stamping(ledger, 0, self.clock, "bench")
        self._relay.hold()
        self.read: dict[str, int] = {}
        self.reports: list[Any] = [it for _, it in load.messages(load.HOMES, at)]

    def say(self, *messages: Message) -> None:
        records = []
        for one in messages:
            topic = f"outbox.{one.sender}"
            records.append(Record(topic, "history", self.read.get(topic, 0), encode(one)))
            self.read[topic] = self.read.get(topic, 0) + 1
        outcome = self.decider.take(records)
        assert outcome.accepted == len(messages), outcome
        self.send()

    def send(self) -> None:
        while batch := self._relay.stamp(self._relay.last()):
            self._relay.confirm(batch.number)

    def pass_time(self, length: timedelta) -> None:
        self.clock.set(self.clock.now() + length)
        while self.decider.tick().fired:
            self.send()
        self.send()

    def answers(self) -> Iterator[Message]:
        """Everybody who is asked answers."""
        d, w = t.delivery.c, t.duty.c
        query = (
            select(d.id, d.address)
            .join(t.duty, w.delivery == d.id)
            .where(w.state == "open", w.delivery.is_not(None))
        )
        with self.ledger.reading() as connection:
            found = connection.execute(query).all()
        for id, address in found:
            yield examples.answer(id, address, at=self.clock.now())


def _from_report_to_interview(stage: _Stage) -> None:
    reports = stage.reports
    stage.say(*reports)
    stage.pass_time(timedelta(minutes=10))
    stage.say(*stage.answers())
    stage.pass_time(timedelta(minutes=50))
    stage.say(*(_told(examples.update(it, at=stage.clock.now())) for it in reports))
    stage.pass_time(timedelta(hours=4))
    stage.say(*(_told(examples.returned(it, at=stage.clock.now())) for it in reports))
    stage.pass_time(timedelta(minutes=10))
    stage.say(*stage.answers())
    stage.pass_time(timedelta(hours=12))
    for it in reports:
        police = load.police_of(it.responsible_authority)
        unit = f"{police}/missing-unit"
        at = stage.clock.now()
        stage.say(examples.checked(it, at=at, sender=police, from_address=unit))
    stage.pass_time(timedelta(hours=30))
    for it in reports:
        council = it.responsible_authority
        stage.say(examples.interview(it, at=stage.clock.now(), sender=council))
    stage.pass_time(timedelta(hours=1))
    stage.say(*stage.answers())


def _told(message: Any) -> Message:
    """From the desk that the home reports from."""
    said: Message = message.model_copy(update={"from_address": f"{message.sender}/home-manager"})
    return said


def _decided(at: datetime, play: Callable[[_Stage], None]) -> Story:
    with TemporaryDirectory(prefix="homeward-history-") as folder:
        ledger = Ledger(f"sqlite:///{Path(folder) / 'ledger.sqlite'}")
        stage = _Stage(ledger, at)
        with ledger.reading() as connection:
            own = {row.id for row in connection.execute(select(t.duty.c.id))}
        play(stage)
        with ledger.reading() as connection:
            rows = {
                table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
                for table in _TABLES
            }
        ledger.close()
    rows["duty"] = [row for row in rows["duty"] if row["id"] not in own]
    return Story(rows, stage.read, at)


# -- copying


@dataclass(frozen=True)
class Copies:
    """So many copies, the first beginning at a time, and each a step after the one before."""

    count: int
    first_at: datetime
    step: timedelta
    bodies: int | None = None  # how many of the newest keep what they say; none: all do
    over: bool = False  # whatever still stands is closed


def add(ledger: Ledger, story: Story, copies: Copies) -> None:
    """Write a story many times over, and move every counter as deciding and sending would have."""
    with ledger.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
        connection.exec_driver_sql("SET LOCAL maintenance_work_mem = '1GB'")
        with without_indexes(connection, [table.name for table in _TABLES]):
            moved = _Moved.of(connection, story, copies)
            for table in _TABLES:
                _add_rows(connection, table, story, copies, moved)
        _move_counters(connection, story, copies.count)
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("VACUUM ANALYZE")


def _add_rows(connection: Any, table: Table, story: Story, copies: Copies, moved: "_Moved") -> None:
    name = table.name
    connection.exec_driver_sql(f"CREATE TEMP TABLE story_{name} (LIKE {name}) ON COMMIT DROP")
    bulk(connection, table.to_metadata(MetaData(), name=f"story_{name}"), story.rows[name])
    columns = [column for column in table.c if column.autoincrement is not True]
    names = ", ".join(f'"{column.name}"' for column in columns)
    values = {column.name: _value(column, story, copies, moved) for column in columns}
    source = f"SELECT * FROM story_{name}"
    if name == "delivery":
        connection.exec_driver_sql(_NEW_INBOXES)
        source = _DEALT
    order = "number" if "number" in table.c else next(iter(table.primary_key)).name
    copied = (
        f"FROM generate_series(0, {copies.count} - 1) AS k"
        f" CROSS JOIN LATERAL ({source} ORDER BY {order} OFFSET 0) AS s"
    )
    if name != "episode":
        connection.exec_driver_sql(
            f"INSERT INTO {name} ({names}) SELECT {', '.join(values.values())} {copied}"
        )
        return
    for row in story.rows[name]:
        written, gaps = _picture(row, story, moved)
        picture = f"format(:written, {gaps})"
        each = ", ".join((values | {"picture": picture}).values())
        connection.execute(
            text(f"INSERT INTO {name} ({names}) SELECT {each} {copied} WHERE s.id = :id"),
            {"written": written, "id": row["id"]},
        )


_NEW_INBOXES = (
    "INSERT INTO inbox (destination, shard, next, sent, decided)"
    " SELECT DISTINCT destination, shard, 1, 0, 0 FROM story_delivery ON CONFLICT DO NOTHING"
)
_DEALT = (
    "SELECT d.*, dealt.each, inbox.next AS next_one FROM story_delivery AS d"
    " JOIN (SELECT destination, count(*) AS each FROM story_delivery GROUP BY 1) AS dealt"
    " USING (destination) JOIN inbox USING (destination)"
)


@dataclass(frozen=True)
class _Moved:
    """How the values of one copy differ from the story's: `k` is the number of the copy."""

    bases: Mapping[str, int]  # the highest number of each sort before
    later: int  # microseconds
    step: int

    @classmethod
    def of(cls, connection: Any, story: Story, copies: Copies) -> "_Moved":
        queries = {
            name: f"SELECT coalesce(max(number), 0) FROM {name}"
            for name in (_MESSAGE, _CONTENT, _DELIVERY)
        }
        queries[_BATCH] = "SELECT last FROM shard WHERE number = 0"
        return cls(
            {sort: connection.exec_driver_sql(q).scalar_one() for sort, q in queries.items()},
            micros(copies.first_at) - micros(story.began),
            copies.step // _MICROSECOND,
        )

    def value(self, cell: str, sort: str, story: Story) -> str:
        if sort == "id":
            cell = cell if cell.startswith("s.") else f"'{cell}'"
            return f"md5({cell}::text || '/' || k)::uuid"
        if sort == "at":
            return f"{cell} + {self.later} + k::bigint * {self.step}"
        return f"{cell} + {self.bases[sort]} + k::bigint * {story.most(sort)}"


def _value(column: Column[Any], story: Story, copies: Copies, moved: _Moved) -> str:
    table, name = column.table.name, column.name
    cell = f"s.{name}"
    if sort := _NUMBERED.get((table, name)):
        return moved.value(cell, sort, story)
    match table, name:
        case "delivery", "sequence":
            return "s.next_one - 1 + s.sequence + k * s.each"
        case "episode", "placed_with":
            number = f"998000 + (right({cell}, 2)::int + {load.HOMES} * k) % {HOMES}"
            return f"CASE WHEN {cell} = '' THEN '' ELSE 'provider.SC' || ({number}) END"
        case "duty", "next_at" if copies.over:
            return "NULL"
        case "duty", "state" if copies.over:
            return f"CASE WHEN {cell} IN ('open', 'late') THEN 'excused' ELSE {cell} END"
        case _, "value" if copies.bodies is not None:
            return f"CASE WHEN k < {copies.count - copies.bodies} THEN '' ELSE {cell} END"
    if isinstance(column.type, Uuid):
        return moved.value(cell, "id", story)
    if isinstance(column.type, LargeBinary) and column.type.length == 16:
        return f"decode(md5(encode({cell}, 'hex') || '/' || k), 'hex')"
    if isinstance(column.type, Instant):
        return moved.value(cell, "at", story)
    return cell


def _picture(row: Mapping[str, Any], story: Story, moved: _Moved) -> tuple[str, str]:
    """
    The picture of an absence for PostgreSQL's `format`, and what goes into its gaps.

    Its facts name messages and contents, so they move with them.
    """
    picture = json.loads(row["picture"])
    gaps = []
    for fact in picture["facts"]:
        for cell, sort in _FACT.items():
            gaps.append(moved.value(str(fact[cell]), sort, story))
            fact[cell] = _GAP if sort != "id" else f"{_GAP}s"
    written = json.dumps(picture, separators=(",", ":")).replace("%", "%%")
    written = written.replace(f'"{_GAP}s"', '"%s"').replace(f'"{_GAP}"', "%s")
    return written, ", ".join(gaps)


def _move_counters(connection: Any, story: Story, count: int) -> None:
    each: dict[str, int] = {}
    for row in story.rows["delivery"]:
        each[row["destination"]] = each.get(row["destination"], 0) + 1
    for destination, rows in each.items():
        connection.execute(
            text(
                "UPDATE inbox SET next = next + :more, sent = sent + :more,"
                " decided = decided + :more WHERE destination = :name"
            ),
            {"more": rows * count, "name": destination},
        )
    connection.execute(
        text("UPDATE shard SET last = last + :more WHERE number = 0"),
        {"more": story.most(_BATCH) * count},
    )
    for topic, read in story.read.items():
        connection.execute(
            text(
                "INSERT INTO position (topic, topic_id, next, read, accepted, repeated, rejected)"
                " VALUES (:topic, 'history', :more, :more, :more, 0, 0)"
                " ON CONFLICT (topic, topic_id) DO UPDATE SET next = position.next + :more,"
                " read = position.read + :more, accepted = position.accepted + :more"
            ),
            {"topic": topic, "more": read * count},
        )


def prepared(ledger: Ledger, clock: Clock) -> Decider:
    """Tables, everybody on the broker, and the policy in force."""
    ledger.create(clock)
    load.register_everybody(ledger)
    decider = Decider(ledger, clock, shipped(), KEYS)
    decider.activate()
    return decider


def counts(ledger: Ledger) -> Mapping[str, tuple[int, int]]:
    """Rows, and bytes with indexes, of each table."""
    found = {}
    with ledger.reading() as connection:
        for table in _TABLES:
            rows = connection.exec_driver_sql(f"SELECT count(*) FROM {table.name}").scalar_one()
            size = connection.exec_driver_sql(
                f"SELECT pg_total_relation_size('{table.name}')"
            ).scalar_one()
            found[table.name] = (int(rows), int(size))
    return found
