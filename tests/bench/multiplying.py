"""
A small year that was lived through, written many times over as the year of other councils.

Every row that Homeward wrote for one area is written for each council that the area stands for:
with that council's id, its force and homes, other councils' ids for the children placed there,
and with ids, numbers, keys and references of its own, also within what travelled. So a copied
message that comes again is a repeat, and a copied child is known by its references.

What is made up of it: areas that stand for many councils have the same times in all of them. Ids
that Homeward derives from content are other ids here, so nothing may be said of a copied absence
that is not over. Within a week each copy's deliveries were sent before those of the next. Nobody
owes a monthly list. PostgreSQL only, into an empty ledger.
"""

import itertools
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from broker.clock import SetClock
from broker.decider import Decider
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.tables import micros
from broker.policy.load import shipped
from tests.bench.a_year import TAG
from tests.bench.copies import Copy, Remembered
from tests.bench.gaps import Numbers, Row, Slice, Written
from tests.bench.homeward import KEYS
from tests.bench.indexes import without_indexes
from tests.bench.living import TOPIC_ID, register

_SLICE = 7 * 24 * 3600 * 1_000_000  # microseconds
_TABLES = (
    t.message, t.content, t.delivery, t.child, t.child_key, t.episode, t.episode_key, t.placement,
    t.duty, t.duty_event, t.answer, t.batch,
)  # fmt: skip
_ELSEWHERE = {"ledger", "policy", "agency", "inbox", "position", "shard"}  # made, or counted
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"


def multiply(small: Ledger, keys: Remembered, many: Sequence[Copy], ledger: Ledger) -> Written:
    """Write all copies into a ledger that has its tables, and its agencies, and nothing else."""
    rows = Rows(small, keys)
    numbers = rows.numbers(Counter(copy.area.number for copy in many))
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
                    slice_ = Slice(together, numbers, keys, written)
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

    def numbers(self, copies_of: Mapping[int, int]) -> Numbers:
        """The numbers of all copies; `copies_of` says how many there are of each area."""
        return Numbers(
            {
                sort: [
                    (row["number"], copies_of.get(self.area(table, row), 0))
                    for row in self.of[table]
                ]
                for sort, table in (("m", "message"), ("c", "content"), ("d", "delivery"))
            }
        )

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
