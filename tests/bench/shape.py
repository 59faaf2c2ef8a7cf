"""
What Homeward writes and sends because of one message, learnt from Homeward, to be copied blindly.

The floor has no rules, so it asks here: the rows of each table, and the records, with fresh numbers
and ids wherever those differ from message to message.
"""

import itertools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Table, select

from broker.decider import Decider
from broker.keys import Keys
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.policy.load import shipped
from broker.records import Record
from schemas.codec import encode
from schemas.kinds import event_type
from tests.bench.load import ThursdayNoon, homes, messages, register_everybody

# Rows of these belong to the ledger or to whole batches, not to one message.
_SHARED = {"agency", "batch", "inbox", "lease", "ledger", "position", "shard"}
_NUMBERS = {
    ("message", "number"): "message",
    ("delivery", "message"): "message",
    ("duty", "message"): "message",
    ("content", "number"): "content",
    ("delivery", "content"): "content",
    ("delivery", "number"): "delivery",
}
_KEYS = {("child_key", "key"), ("episode_key", "key")}
# What a message brings with it has the first places among its fresh values.
_VALUE, _MESSAGE_ID = 0, 1

Row = tuple[Any, ...]
Headers = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Template:
    """One row of a table, and which cells take which of the fresh values."""

    table: str
    row: Row
    cells: tuple[tuple[int, int], ...]

    def filled(self, fresh: list[Any]) -> Row:
        row = list(self.row)
        for cell, place in self.cells:
            row[cell] = fresh[place]
        return tuple(row)


@dataclass(frozen=True, slots=True)
class Send:
    """One record, and which of its headers take which of the fresh values."""

    topic: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    key: int
    message_id: int
    delivery: int


@dataclass(frozen=True, slots=True)
class Led:
    """All that one message leads to: `fresh` says of what kind each of its own values is."""

    fresh: tuple[str, ...]
    templates: tuple[Template, ...]
    sends: tuple[Send, ...]


class Shape:
    """What each kind of message of each sender leads to, and the columns of every table."""

    def __init__(self, led: Mapping[tuple[str, str], Led]) -> None:
        self.led = led
        self.columns = {
            table.name: tuple(column.name for column in _columns(table))
            for table in t.metadata.sorted_tables
        }

    def topics(self) -> list[str]:
        """Everywhere that records go."""
        return sorted({send.topic for led in self.led.values() for send in led.sends})


def makers() -> dict[str, Callable[[], Any]]:
    """How fresh values are made: running numbers, ids and keys."""
    numbers = {name: itertools.count(1).__next__ for name in set(_NUMBERS.values())}
    return {**numbers, "id": uuid4, "key": lambda: os.urandom(16)}


def learn(returns: bool = False) -> Shape:
    """Let Homeward decide on a message of each home, and note what comes of each."""
    with TemporaryDirectory(prefix="homeward-shape-") as folder:
        clock = ThursdayNoon()
        ledger = Ledger(f"sqlite:///{Path(folder) / 'ledger.sqlite'}")
        ledger.create(clock)
        register_everybody(ledger)
        decider = Decider(ledger, clock, shipped(), Keys(bytes(32)))
        decider.activate()
        count = len(homes()) * (2 if returns else 1)
        led = {}
        before = _everything(ledger)
        for number, (home, message) in enumerate(
            messages(count, clock.now(), returns=1.0 if returns else 0.0)
        ):
            value = encode(message)
            outcome = decider.take([Record(home.outbox, "learnt", number, value)])
            assert outcome.accepted == 1, outcome
            after = _everything(ledger)
            new = {
                name: [r for k, r in after[name].items() if k not in before[name]] for name in after
            }
            led[home.agency, message.KIND] = _led(new, message.message_id, value)
            before = after
        ledger.close()
    return Shape(led)


def _columns(table: Table) -> list[Any]:
    """Without those that the database fills in."""
    return [column for column in table.c if column.autoincrement is not True]


def _everything(ledger: Ledger) -> dict[str, dict[Any, Any]]:
    with ledger.reading() as connection:
        return {
            table.name: _rows(connection, table)
            for table in t.metadata.sorted_tables
            if table.name not in _SHARED
        }


def _rows(connection: Connection, table: Table) -> dict[Any, dict[str, Any]]:
    keys = [column.name for column in table.primary_key]
    return {
        tuple(row[key] for key in keys): dict(row)
        for row in connection.execute(select(table)).mappings()
    }


class _Places:
    """Gives each value that differs between messages its place among the fresh ones."""

    def __init__(self, message_id: UUID, value: bytes) -> None:
        self.of: dict[tuple[str, Any], int] = {
            ("value", value): _VALUE,
            ("id", message_id): _MESSAGE_ID,
        }

    def kinds(self) -> tuple[str, ...]:
        return tuple(kind for kind, _ in self.of)[2:]

    def find(self, table: str, column: str, value: Any) -> int | None:
        if isinstance(value, UUID):
            kind = "id"
        elif value is None:
            return None
        else:
            kind = _NUMBERS.get((table, column), "key" if (table, column) in _KEYS else "")
        if not kind:
            return self.of.get(("value", value)) if isinstance(value, bytes) else None
        return self.of.setdefault((kind, value), len(self.of))


def _led(new: Mapping[str, list[dict[str, Any]]], message_id: UUID, value: bytes) -> Led:
    places = _Places(message_id, value)
    templates = []
    for table in t.metadata.sorted_tables:
        for row in new.get(table.name, ()):
            cells = []
            plain = []
            for number, column in enumerate(_columns(table)):
                cell = row[column.name]
                place = places.find(table.name, column.name, cell)
                if place is not None:
                    cells.append((number, place))
                plain.append(t.micros(cell) if isinstance(cell, datetime) else cell)
            templates.append(Template(table.name, tuple(plain), tuple(cells)))
    contents = {row["number"]: row for row in new["content"]}
    sends = tuple(
        _send(row, contents[row["content"]], places)
        for row in new["delivery"]
        if row["content"] in contents
    )
    return Led(places.kinds(), tuple(templates), sends)


def _send(row: Mapping[str, Any], content: Mapping[str, Any], places: _Places) -> Send:
    headers = [
        ("ce_specversion", "1.0"),
        ("ce_type", event_type(content["kind"], content["version"])),
        ("ce_source", content["source"]),
        ("ce_time", content["occurred_at"].isoformat()),
        ("content-type", "application/avro"),
        ("exercise", "false"),
    ]
    if row["address"]:
        headers += [(name, row[name]) for name in ("address", "view", "because")]
    if row["answer_within"]:
        headers.append(("answer_by", row["decided_at"].isoformat()))
    return Send(
        topic=row["destination"],
        value=content["value"],
        headers=tuple((name, text.encode()) for name, text in headers),
        key=places.of["id", row["child"]],
        message_id=places.of["id", content["message_id"]],
        delivery=places.of["id", row["id"]],
    )


def fill(
    led: Led, value: bytes, message_id: UUID, make: Mapping[str, Callable[[], Any]]
) -> list[Any]:
    """One message's own values, for the templates."""
    return [value, message_id, *(make[kind]() for kind in led.fresh)]


def record(send: Send, fresh: list[Any], sequence: int) -> tuple[str, bytes, bytes, Headers]:
    """Topic, value, key and headers, as the relay would send them."""
    key = str(fresh[send.key]).encode()
    headers = [
        *send.headers,
        ("ce_id", str(fresh[send.message_id]).encode()),
        ("delivery", str(fresh[send.delivery]).encode()),
        ("sequence", b"%d" % sequence),
        ("ce_subject", key),
    ]
    return send.topic, send.value, key, headers
