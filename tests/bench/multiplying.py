"""
A small year that was lived through, written many times over as the year of other councils.

Every row that Homeward wrote for one area is written for each council that the area stands for:
with that council's id, its force and homes, other councils' ids for the children placed there,
and with ids, numbers, keys and references of its own, also within what travelled. So a copied
message that comes again is a repeat, and a copied child is known by its references.

What is made up of it: areas that stand for many councils have the same times in all of them. Ids
that Homeward derives from content are other ids here, so nothing may be said of a copied absence
that is not over. Within a week each copy's deliveries were sent before those of the next.
PostgreSQL only, into an empty ledger.
"""

import itertools
import json
import random
import re
import struct
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Table, Uuid, select, text

from broker.clock import SetClock
from broker.decider import Decider
from broker.directory import Directory
from broker.keys import Keys
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.tables import Instant, micros
from broker.policy.load import shipped
from schemas.codec import fingerprint
from tests.bench import a_year
from tests.bench.a_year import TAG, Area
from tests.bench.homeward import KEYS
from tests.bench.living import TOPIC_ID, register

# Absences of the areas that are lived through.
ENGLISH = (500, 250, 120, 60, 30, 15, 6)
WELSH = (120, 60, 30, 12, 6)
_BUSY = 3  # so many of a council's copies share the first home: one with thirty absences a month
_SLICE = 7 * 24 * 3600 * 1_000_000  # microseconds
_TABLES = (
    t.message, t.content, t.delivery, t.child, t.child_key, t.episode, t.episode_key, t.placement,
    t.duty, t.duty_event, t.answer, t.batch,
)  # fmt: skip
_ELSEWHERE = {"ledger", "policy", "agency", "inbox", "position", "shard"}  # made, or counted

Token = tuple[Any, ...]
Row = Mapping[str, Any]
Part = bytes | Token
_LONG = struct.Struct(">q")
_NULL = b"\xff\xff\xff\xff"
_EIGHT = b"\0\0\0\x08"
_DIGEST, _VALUE = ("digest",), ("value",)
_TRAVELS = ("digest", "value")
_COUNTS = {"batch": "batch", "event": "duty_event"}
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_UUID = rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# Everything in a text or in what travelled that differs between copies; each keeps its length.
_DIFFERS = re.compile(
    rb"(?P<text>" + _UUID + rb")"
    rb"|(?P<tag>" + TAG.encode() + rb")"
    rb"|(?P<agency>(?:la|police)\.[EW]\d{8}|provider\.SC\d{6})"
    rb"|(?P<name>Made-up (?:[EW]\d{8}|SC\d{6}))"
    rb"|(?P<pseudonym>child-[0-9a-f]{24})"
    rb'|(?P<number>"~[mc]\d+~")'
)
_DIGITS = re.compile(rb'"~[mc]\d+~"')
_NUMBERED = {
    ("message", "number"): "m", ("delivery", "message"): "m", ("duty", "message"): "m",
    ("answer", "message"): "m", ("content", "number"): "c", ("delivery", "content"): "c",
    ("delivery", "number"): "d",
}  # fmt: skip
_COUNTED = {
    ("delivery", "sequence"): "sequence", ("delivery", "batch"): "batch",
    ("message", "record_offset"): "offset", ("duty_event", "number"): "event",
    ("batch", "number"): "batch",
}  # fmt: skip


class Remembered(Keys):
    """Keys that remember what each hash is of, so that a copy's can be made."""

    def __init__(self, secret: bytes) -> None:
        super().__init__(secret)
        self.parts: dict[bytes, tuple[str, ...]] = {}
        self.named: dict[str, tuple[UUID, str]] = {}

    def of(self, *parts: str) -> bytes:
        key = super().of(*parts)
        self.parts[key] = parts
        return key

    def pseudonym(self, child: UUID, recipient: str) -> str:
        name = super().pseudonym(child, recipient)
        self.named[name] = (child, recipient)
        return name


# -- which area stands for which councils


def lived_areas(seed: int, share: float = 1.0) -> tuple[Area, ...]:
    """The areas that are lived through; with a smaller share only the small ones."""
    english, welsh = "la.E10000028", "la.W06000022"
    sizes = [(english, size) for size in ENGLISH if size <= max(ENGLISH) * share]
    sizes += [(welsh, size) for size in WELSH if size <= max(ENGLISH) * share]
    return tuple(
        a_year.area(number, council, size, seed) for number, (council, size) in enumerate(sizes)
    )


@dataclass(frozen=True)
class Copy:
    """One area written as that of a council: whom each agency in it becomes, and its number."""

    number: int
    area: Area  # as it was lived through
    agencies: Mapping[str, str]

    @cached_property
    def ids(self) -> bytes:
        """What each hexadecimal digit of an id becomes: ids stay different from one another."""
        digits = list("0123456789abcdef")
        random.Random(f"ids/{self.number}").shuffle(digits)
        return bytes.maketrans(b"0123456789abcdef", "".join(digits).encode())

    @property
    def tag(self) -> bytes:
        return f"year{self.number:04}".encode()

    def id(self, of: UUID) -> UUID:
        return UUID(of.hex.translate(self.ids.decode("latin-1")))

    def topic(self, topic: str) -> str:
        """An outbox or inbox of an agency here; a topic of the record is everybody's."""
        sort, _, agency = topic.partition(".")
        return f"{sort}.{self.agencies[agency]}" if sort in ("inbox", "outbox") else topic

    def renamed(self, name: bytes) -> bytes:
        """The made-up name of an agency, which ends with its code."""
        words, _, code = name.decode().rpartition(" ")
        (agency,) = (it for known, it in self.agencies.items() if known.endswith(f".{code}"))
        return f"{words} {agency.partition('.')[2]}".encode()

    def instead_of(self, found: re.Match[bytes]) -> bytes:
        """What one thing that differs between copies is here."""
        match found.lastgroup:
            case "tag":
                return self.tag
            case "agency":
                return self.agencies[found[0].decode()].encode()
            case "text":
                return found[0].translate(self.ids)
        raise AssertionError(found.lastgroup)

    @property
    def homes(self) -> Mapping[str, str]:
        """Each home, and the council it is in."""
        council = self.agencies[self.area.council]
        return {self.agencies[home]: council for home in self.area.homes}


def copies(lived: Sequence[Area], absences: int, seed: int) -> list[Copy]:
    """As many of each area as make up so many absences, dealt to the councils by their share."""
    found: list[Copy] = []
    shares = a_year.weights(seed)
    for council, quota in a_year.quotas(absences, seed).items():
        dice = random.Random(f"{seed}/copies/{council}")
        made_of = _made_of(council, quota, lived, dice)
        busy = a_year.home_of(len(found) + 1, 0)
        for place, area in enumerate(made_of):
            number = len(found) + 1
            others = {
                c: w
                for c, w in shares.items()
                if c != council and a_year.is_welsh(c) == a_year.is_welsh(council)
            }
            elsewhere = a_year.sample(others, len(area.elsewhere), dice)
            homes = [a_year.home_of(number, home) for home in range(len(area.homes))]
            homes[0] = busy if place < _BUSY else homes[0]
            force = Directory.shipped().police_for(council)
            assert force
            becomes = (council, force, *homes, *elsewhere)
            found.append(Copy(number, area, dict(zip(area.agencies, becomes, strict=True))))
    return found


def _made_of(
    council: str, absences: int, lived: Sequence[Area], dice: random.Random
) -> Iterator[Area]:
    left = absences
    fit = [area for area in lived if a_year.is_welsh(area.council) == a_year.is_welsh(council)]
    while sizes := [area.absences for area in fit if area.absences <= left]:
        area = dice.choice([one for one in fit if one.absences == max(sizes)])
        left -= area.absences
        yield area


# -- what is written


@dataclass
class Written:
    """What came of it."""

    rows: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)  # by inbox or topic of the record
    read: Counter[str] = field(default_factory=Counter)  # by outbox


def multiply(small: Ledger, keys: Remembered, many: Sequence[Copy], ledger: Ledger) -> Written:
    """Write all copies into a ledger that has its tables, and its agencies, and nothing else."""
    rows = Rows(small, keys)
    numbers = _Numbers(rows, Counter(copy.area.number for copy in many))
    by_area: dict[int, list[Copy]] = defaultdict(list)
    for copy in many:
        by_area[copy.area.number].append(copy)
    written = Written()
    with ledger.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SET LOCAL maintenance_work_mem = '1GB'")
        # What is loaded into a table emptied in the same transaction need not be in the log.
        names = [table.name for table in _TABLES]
        connection.exec_driver_sql(f"TRUNCATE {', '.join(names)}")
        with without_indexes(connection, names):
            for area, together in rows.slices():
                if by_area[area]:
                    slice_ = _Slice(together, numbers, keys, written)
                    copied = itertools.starmap(slice_.copied, enumerate(by_area[area]))
                    _load(connection, slice_.tables, copied)
        _count(connection, written)
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("VACUUM ANALYZE")
    return written


def _load(connection: Any, tables: Iterable[str], copied: Iterable[Mapping[str, bytes]]) -> None:
    """COPY the rows of each table, of all copies together."""
    parts = list(copied)
    with connection.connection.driver_connection.cursor() as cursor:
        for name in tables:
            columns = ", ".join(t.metadata.tables[name].columns.keys())
            with cursor.copy(f"COPY {name} ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(_HEADER)
                for each in parts:
                    copy.write(each[name])
                copy.write(_TRAILER)


def _count(connection: Any, written: Written) -> None:
    """Move every counter as deciding and sending would have."""
    for destination, sent in written.sent.items():
        connection.execute(
            text(
                "INSERT INTO inbox (destination, shard, next, sent, decided)"
                " VALUES (:destination, 0, :sent + 1, :sent, :sent) ON CONFLICT (destination)"
                " DO UPDATE SET next = :sent + 1, sent = :sent, decided = :sent"
            ),
            {"destination": destination, "sent": sent},
        )
    for topic, read in written.read.items():
        connection.execute(
            text(
                "INSERT INTO position (topic, topic_id, next, read, accepted, repeated, rejected)"
                " VALUES (:topic, :id, :read, :read, :read, 0, 0)"
            ),
            {"topic": topic, "id": TOPIC_ID, "read": read},
        )
    connection.execute(text("UPDATE shard SET last = :last"), {"last": written.rows["batch"]})
    connection.execute(
        text("SELECT setval('duty_event_number_seq', :last)"), {"last": written.rows["duty_event"]}
    )


def prepare(ledger: Ledger, many: Iterable[Copy], now: datetime) -> None:
    """Tables, everybody in the copies on the broker, and the policy in force."""
    clock = SetClock(now)
    ledger.create(clock)
    around: dict[str, str | None] = {}
    for copy in many:
        around |= {agency: copy.homes.get(agency) for agency in copy.agencies.values()}
    register(ledger, around, now)
    Decider(ledger, clock, shipped(), KEYS).activate()


@contextmanager
def without_indexes(connection: Any, names: Sequence[str]) -> Iterator[None]:
    """An index is built faster than it is kept."""
    constraints = connection.execute(
        text(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE conrelid::regclass::text = ANY(:names)"
            " AND contype IN ('p', 'u')"
        ),
        {"names": list(names)},
    ).all()
    for table, name, _ in constraints:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    indexes = connection.execute(
        text("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(:names)"),
        {"names": list(names)},
    ).all()
    for name, _ in indexes:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    yield
    for table, name, definition in constraints:
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for _, definition in indexes:
        connection.exec_driver_sql(definition)


# -- the rows of the small year


class Rows:
    """All rows of the small year, each with its area and with the week it was written in."""

    def __init__(self, ledger: Ledger, keys: Remembered) -> None:
        with ledger.reading() as connection:
            self.of = {
                table.name: [
                    dict(row)
                    for row in connection.execute(
                        select(table).order_by(*table.primary_key.columns)
                    ).mappings()
                ]
                for table in t.metadata.sorted_tables
                if table.name not in _ELSEWHERE
            }
        unknown = {name for name, rows in self.of.items() if rows} - {it.name for it in _TABLES}
        assert not unknown, f"nobody says how these rows are copied: {unknown}"
        self._areas = {row["child"]: _area_of(row, keys) for row in self.of["child_key"]}
        self._began = {row["id"]: row["first_at"] for row in self.of["child"]}
        self._child_of = {row["id"]: row["child"] for row in self.of["episode"]}
        self._child_of |= {row["id"]: row["child"] for row in self.of["duty"]}
        self._messages = {row["number"]: row for row in self.of["message"]}
        self._first_use: dict[int, Row] = {}
        for row in self.of["delivery"]:
            self._first_use.setdefault(row["content"], row)
        for row in self.of["episode"]:
            for fact in json.loads(row["picture"])["facts"]:
                self._first_use.setdefault(fact[7], self._messages[fact[0]])
        # A picture that nobody was sent in the end is of nobody.
        self.of["content"] = [it for it in self.of["content"] if it["number"] in self._first_use]

    def area(self, table: str, row: Row) -> int:
        """Whose row it is: each is of one child."""
        match table:
            case "content":
                child = self._first_use[row["number"]]["child"]
            case "answer":
                child = self._messages[row["message"]]["child"]
            case "child":
                child = row["id"]
            case "episode_key":
                child = self._child_of[row["episode"]]
            case "duty_event":
                child = self._child_of[row["duty"]]
            case _:
                child = row["child"]
        return self._areas[child]

    def _at(self, table: str, row: Row) -> datetime:
        """When it was written, or a little before."""
        match table:
            case "message":
                at = row["accepted_at"]
            case "content":
                used = self._first_use[row["number"]]
                at = used.get("decided_at") or used["accepted_at"]
            case "delivery":
                at = row["decided_at"]
            case "duty":
                at = row["opened_at"]
            case "duty_event":
                at = row["at"]
            case "answer":
                at = self._messages[row["message"]]["accepted_at"]
            case "episode":
                at = self._messages[json.loads(row["picture"])["facts"][0][0]]["accepted_at"]
            case "child":
                at = row["first_at"]
            case "episode_key":
                at = self._began[self._child_of[row["episode"]]]
            case _:
                at = self._began[row["child"]]
        assert isinstance(at, datetime)
        return at

    def slices(self) -> Iterator[tuple[int, Mapping[str, list[Row]]]]:
        """The rows of one week in one area, week after week."""
        found: dict[tuple[int, int], dict[str, list[Row]]] = {}
        for table in _TABLES:
            if table is t.batch:
                continue
            for row in self.of[table.name]:
                week = micros(self._at(table.name, row)) // _SLICE
                key = (week, self.area(table.name, row))
                found.setdefault(key, {}).setdefault(table.name, []).append(row)
        stamped = {row["number"]: row for row in self.of["batch"]}
        for key in sorted(found):
            together = found[key]
            sizes = Counter(row["batch"] for row in together.get("delivery", ()))
            together["batch"] = [stamped[number] | {"records": n} for number, n in sizes.items()]
            yield key[1], together


def _area_of(row: Row, keys: Remembered) -> int:
    found = re.search(TAG + r"-?(\d{3})", "".join(keys.parts[row["key"]]))
    assert found, "a child without a reference of its area"
    return int(found[1])


class _Numbers:
    """
    What numbers the rows have in the copies: in the order of the small year, without a gap.

    The first copy of each row comes before the second, and all of them before the next row.
    """

    def __init__(self, rows: Rows, copies_of: Mapping[int, int]) -> None:
        self._before: dict[str, dict[int, int]] = {}
        for sort, table in (("m", "message"), ("c", "content"), ("d", "delivery")):
            before, total = {}, 0
            for row in rows.of[table]:
                before[row["number"]] = total
                total += copies_of.get(rows.area(table, row), 0)
            self._before[sort] = before

    def before(self, sort: str, number: int) -> int:
        """How many rows come before the first copy of this one."""
        return self._before[sort][number]


# -- one week of one area


@dataclass(frozen=True)
class _Pieces:
    """Bytes with gaps: what is between them is the same in all copies, what goes into them not."""

    parts: list[bytes]  # every second is a gap
    gaps: Callable[[Sequence[bytes]], Sequence[bytes]]

    def filled(self, values: Sequence[bytes]) -> bytes:
        parts = self.parts.copy()
        parts[1::2] = self.gaps(values)
        return b"".join(parts)


class _Slice:
    """The rows of one area and week, as bytes with gaps, and what goes into these in each copy."""

    def __init__(
        self,
        rows: Mapping[str, list[Row]],
        numbers: _Numbers,
        keys: Remembered,
        written: Written,
    ) -> None:
        self._numbers, self._keys, self._written = numbers, keys, written
        self._sizes = {name: len(each) for name, each in rows.items() if each}
        travelled = [_split(row["value"]) for row in rows.get("message", ())]
        cells = {
            name: [part for row in rows[name] for part in _row(t.metadata.tables[name], row)]
            for name in self._sizes
        }
        digests = itertools.count()
        cells["message"] = [
            (*part, next(digests) // 2) if part in (_DIGEST, _VALUE) else part
            for part in cells.get("message", ())
        ]
        self._gaps = _Gaps(itertools.chain(*travelled, *cells.values()))
        self._travelled = [self._gaps.pieces(each) for each in travelled]
        self._rows = {name: self._gaps.pieces(cells[name]) for name in self._sizes}
        self._ranked = {sort: self._ranks(sort) for sort in ("sequence", "offset")}

    @property
    def tables(self) -> list[str]:
        return list(self._sizes)

    def copied(self, place: int, copy: Copy) -> Mapping[str, bytes]:
        """The rows of one copy, the so many-th of this area, by table."""
        values = [
            value
            for sort, wanted in self._gaps.of.items()
            if sort not in _TRAVELS
            for value in self._filling(sort, wanted, place, copy)
        ]
        travelled = [each.filled(values) for each in self._travelled]
        if travelled:
            values += map(fingerprint, travelled)
            values += travelled
        rows = {name: pieces.filled(values) for name, pieces in self._rows.items()}
        self._written.rows.update(self._sizes)
        return rows

    def _filling(
        self, sort: str, wanted: Sequence[Token], place: int, copy: Copy
    ) -> Iterable[bytes]:
        match sort:
            case "uuid":
                joined = b"".join(hexed for _, hexed in wanted).translate(copy.ids)
                return _every(bytes.fromhex(joined.decode()), 16)
            case "text":
                return _every(b"".join(uuid for _, uuid in wanted).translate(copy.ids), 36)
            case "tag":
                return [copy.tag]
            case "agency":
                return [copy.agencies[agency.decode()].encode() for _, agency in wanted]
            case "name":
                return [copy.renamed(name) for _, name in wanted]
            case "pseudonym":
                return [self._pseudonym(name.decode(), copy) for _, name in wanted]
            case "key":
                return [self._key(key, copy) for _, key in wanted]
            case "number":
                numbers = (self._numbers.before(*which) + place + 1 for _, *which in wanted)
                return map(_LONG.pack, numbers)
            case "digits":
                numbers = (self._numbers.before(*which) + place + 1 for _, *which in wanted)
                return [b"%9d" % number for number in numbers]
            case "sequence" | "offset":
                return self._counted(sort, copy)
            case "batch" | "event":
                so_far = self._written.rows[_COUNTS[sort]] + 1
                return map(_LONG.pack, range(so_far, so_far + len(wanted)))
        raise AssertionError(sort)

    def _pseudonym(self, name: str, copy: Copy) -> bytes:
        child, recipient = self._keys.named[name]
        return self._keys.pseudonym(copy.id(child), copy.agencies[recipient]).encode()

    def _key(self, key: bytes, copy: Copy) -> bytes:
        parts = "\x1f".join(self._keys.parts[key]).encode()
        moved = _DIFFERS.sub(copy.instead_of, parts).decode()
        return KEYS.of(*moved.split("\x1f"))

    def _ranks(self, sort: str) -> list[tuple[str, int]]:
        """For each gap its topic, and how many of that topic come before it here."""
        wanted = self._gaps.of.get(sort, [])
        ranks: dict[Token, int] = {}
        so_far: Counter[str] = Counter()
        for token in sorted(wanted):
            ranks[token] = so_far[token[1]]
            so_far[token[1]] += 1
        return [(token[1], ranks[token]) for token in wanted]

    def _counted(self, sort: str, copy: Copy) -> list[bytes]:
        """Sequence numbers of inboxes from 1, or offsets in outboxes from 0, where they go on."""
        counter, first = {
            "sequence": (self._written.sent, 1),
            "offset": (self._written.read, 0),
        }[sort]
        ranked = self._ranked[sort]
        topics = Counter(topic for topic, _ in ranked)
        becomes = {topic: copy.topic(topic) for topic in topics}
        starts = {topic: counter[becomes[topic]] + first for topic in topics}
        counter.update({becomes[topic]: count for topic, count in topics.items()})
        return [_LONG.pack(starts[topic] + rank) for topic, rank in ranked]


class _Gaps:
    """All that goes into gaps of one slice, by sort, and where each is among the values."""

    def __init__(self, parts: Iterable[Part]) -> None:
        found: dict[str, dict[Token, None]] = {}
        for part in parts:
            if not isinstance(part, bytes):
                found.setdefault(part[0], {})[part] = None
        last = {sort: found.pop(sort) for sort in _TRAVELS if sort in found}
        self.of = {sort: list(wanted) for sort, wanted in (found | last).items()}
        self._place = {
            token: place for place, token in enumerate(itertools.chain(*self.of.values()))
        }

    def pieces(self, parts: Iterable[Part]) -> _Pieces:
        merged: list[bytes] = []
        places: list[int] = []
        between = bytearray()
        for part in parts:
            if isinstance(part, bytes):
                between += part
                continue
            merged += (bytes(between), b"")
            places.append(self._place[part])
            between.clear()
        merged.append(bytes(between))
        return _Pieces(merged, _getter(places))


def _getter(places: Sequence[int]) -> Callable[[Sequence[bytes]], Sequence[bytes]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: [values[place] for place in places]


def _every(joined: bytes, length: int) -> list[bytes]:
    return [joined[at : at + length] for at in range(0, len(joined), length)]


# -- a row as COPY reads it


def _row(table: Table, row: Row) -> Iterator[Part]:
    yield struct.pack(">h", len(table.columns))
    for column in table.columns:
        yield from _cell(table.name, column.name, column.type, row)


def _cell(table: str, name: str, kind: Any, row: Row) -> Iterator[Part]:
    value = row[name]
    if value is None:
        yield _NULL
    elif sort := _NUMBERED.get((table, name)):
        yield from (_EIGHT, ("number", sort, value))
    elif sort := _COUNTED.get((table, name)):
        topic = {"sequence": "destination", "offset": "topic"}.get(sort)
        yield from (_EIGHT, (sort, *([row[topic]] if topic else []), value))
    elif (table, name) == ("message", "digest"):
        yield from (_length(32), _DIGEST)
    elif (table, name) == ("message", "value"):
        yield from (_length(len(value)), _VALUE)
    elif isinstance(kind, Uuid):
        yield from (_length(16), ("uuid", value.hex.encode()))
    elif isinstance(kind, LargeBinary) and kind.length == 16:
        yield from (_length(16), ("key", value))
    elif isinstance(kind, LargeBinary):
        yield from (_length(len(value)), *_split(value))
    elif isinstance(kind, Boolean):
        yield struct.pack(">i?", 1, value)
    elif isinstance(kind, Instant):
        yield _EIGHT + _LONG.pack(micros(value))
    elif isinstance(kind, BigInteger):
        yield _EIGHT + _LONG.pack(value)
    elif isinstance(kind, Integer):
        yield struct.pack(">ii", 4, value)
    else:
        written = _picture(value) if name == "picture" else value.encode()
        yield from (_length(len(_DIGITS.sub(b" " * 9, written))), *_split(written))


def _picture(picture: str) -> bytes:
    """The picture of an absence with marks for the numbers that its facts name."""
    held = json.loads(picture)
    for fact in held["facts"]:
        fact[0], fact[7] = f"~m{fact[0]}~", f"~c{fact[7]}~"
    return json.dumps(held, separators=(",", ":")).encode()


def _split(value: bytes) -> list[Part]:
    """What differs between copies, and what is between; all of it keeps its length."""
    parts: list[Part] = []
    at = 0
    for found in _DIFFERS.finditer(value):
        parts.append(value[at : found.start()])
        at = found.end()
        sort, said = str(found.lastgroup), found[0]
        if sort == "number":
            parts.append(("digits", said[2:3].decode(), int(said[3:-2])))
        else:
            parts.append((sort,) if sort == "tag" else (sort, said))
    return [*parts, value[at:]]


def _length(length: int) -> bytes:
    return struct.pack(">i", length)
