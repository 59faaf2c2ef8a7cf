"""
Rows as COPY reads them, with gaps for what differs between copies.

The rows of a week of one area are made into bytes once. A copy of them is those bytes with its own
ids, numbers, keys and references put in, which takes a microsecond a row.
"""

import itertools
import json
import re
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Table, Uuid

from broker.ledger import tables as t
from broker.ledger.tables import Instant, micros
from schemas.codec import fingerprint
from tests.bench.copies import DIFFERS, Copy, Remembered
from tests.bench.homeward import KEYS

Row = Mapping[str, Any]
Token = tuple[Any, ...]
Part = bytes | Token
_LONG = struct.Struct(">q")
_NULL = b"\xff\xff\xff\xff"
_EIGHT = b"\0\0\0\x08"
_DIGEST, _VALUE = ("digest",), ("value",)
_TRAVELS = ("digest", "value")
_COUNTS = {"batch": "batch", "event": "duty_event"}
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


@dataclass
class Written:
    """What came of it."""

    rows: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)  # by inbox or topic of the record
    read: Counter[str] = field(default_factory=Counter)  # by outbox


class Numbers:
    """
    What numbers the rows have in the copies: in the order of the small year, without a gap.

    The first copy of each row comes before the second, and all of them before the next row.
    """

    def __init__(self, copies_of: Mapping[str, Iterable[tuple[int, int]]]) -> None:
        """`copies_of`: for each sort the number of every row in order, and how many copies."""
        self._before: dict[str, dict[int, int]] = {}
        for sort, each in copies_of.items():
            numbers, copies = zip(*each, strict=True)
            sums = itertools.accumulate(copies, initial=0)
            self._before[sort] = dict(zip(numbers, sums, strict=False))

    def before(self, sort: str, number: int) -> int:
        """How many rows come before the first copy of this one."""
        return self._before[sort][number]


@dataclass(frozen=True)
class _Pieces:
    """Bytes with gaps: what is between them is the same in all copies, what goes into them not."""

    parts: list[bytes]  # every second is a gap
    gaps: Callable[[Sequence[bytes]], Sequence[bytes]]

    def filled(self, values: Sequence[bytes]) -> bytes:
        parts = self.parts.copy()
        parts[1::2] = self.gaps(values)
        return b"".join(parts)


class Slice:
    """The rows of one area and week, as bytes with gaps, and what goes into these in each copy."""

    def __init__(
        self,
        rows: Mapping[str, list[Row]],
        numbers: Numbers,
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
        both = itertools.count()  # a digest and then a value for each message
        cells["message"] = [
            (*part, next(both) // 2) if part in (_DIGEST, _VALUE) else part
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
        moved = DIFFERS.sub(copy.instead_of, parts).decode()
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
        # The batches of a copy follow one another as the small year's did.
        found["batch"] = dict.fromkeys(sorted(found.get("batch", ())))
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
    for found in DIFFERS.finditer(value):
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
