"""The agencies that are on this broker, beside those that the directory is shipped with."""

import json
import zlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, func, insert, literal, or_, select, text, update

from broker.directory import Directory, Override, Registered
from broker.ledger import tables as t
from schemas.census import Census

REPORT = "report-"  # how the names of duties to give a report begin


def on_broker_since(connection: Connection) -> dict[str, datetime]:
    """Every agency on the broker, and since when without a break."""
    a = t.agency.c
    since = func.coalesce(a.joined_at, a.added_at, type_=t.Instant())
    query = select(a.id, since).where(a.channel != "none")
    return {agency: at for agency, at in connection.execute(query)}


class Agencies:
    """The directory with the ledger's agencies in it, read again only when they changed."""

    def __init__(self) -> None:
        self.directory = Directory.shipped()
        self.joined: frozenset[str] = frozenset()
        self._seen: object = None

    def refresh(self, connection: Connection) -> Directory:
        a = t.agency.c
        query = select(func.count(), func.max(a.added_at), func.max(a.removed_at))
        seen = tuple(connection.execute(query).one())
        if seen != self._seen:
            self.directory = directory_of(connection)
            there = select(a.id).where(a.channel != "none")
            self.joined = frozenset(connection.execute(there).scalars())
            self._seen = seen
        return self.directory


def directory_of(connection: Connection) -> Directory:
    """The shipped directory and every agency that was added."""
    registered = [_registered(row) for row in connection.execute(select(t.agency))]
    return Directory.shipped().with_agencies(registered)


def _registered(row: Any) -> Registered:
    functions = {name: Override(**given) for name, given in json.loads(row.functions).items()}
    return Registered(row.id, row.name, row.area, functions)


def add(
    connection: Connection,
    agency: str,
    name: str,
    area: str | None,
    functions: Mapping[str, Mapping[str, Any]],
    now: datetime,
    reads: Mapping[str, int] | None = None,
) -> None:
    """
    Put an agency on the broker: it has an inbox from now on, and gets what waits for it.

    Adding one again brings its entry up to date; the versions it reads stay unless given.
    """
    connection.execute(
        text(
            "INSERT INTO agency (id, name, area, functions, channel, added_at, joined_at, reads)"
            " VALUES (:id, :name, :area, :functions, 'kafka', :now, :now, :reads)"
            " ON CONFLICT (id) DO UPDATE SET name = excluded.name, area = excluded.area,"
            " functions = excluded.functions, channel = 'kafka', added_at = excluded.added_at,"
            " joined_at = CASE WHEN agency.channel = 'none' THEN excluded.added_at"
            " ELSE coalesce(agency.joined_at, agency.added_at) END,"
            " removed_at = NULL, reads = coalesce(excluded.reads, agency.reads)"
        ),
        {
            "id": agency,
            "name": name,
            "area": area,
            "functions": json.dumps(functions),
            "now": t.micros(now),
            "reads": None if reads is None else json.dumps(dict(reads)),
        },
    )
    destination = f"inbox.{agency}"
    shards = connection.execute(select(func.count()).select_from(t.shard)).scalar_one()
    connection.execute(
        text(
            "INSERT INTO inbox (destination, shard, next, sent, decided)"
            " VALUES (:destination, :shard, 1, 0, 0)"
            " ON CONFLICT (destination) DO UPDATE SET parked = NULL, parked_at = NULL"
        ),
        {"destination": destination, "shard": shard_of(destination, shards)},
    )


def end_returns(connection: Connection, agency: str, now: datetime) -> None:
    """An agency that is taken off the broker owes no returns any more."""
    d, e = t.duty.c, t.duty_event.c
    owed = (
        or_(d.name == Census.KIND, d.name.startswith(REPORT, autoescape=True)),
        d.delivery.is_(None),
        d.owed_by.startswith(f"{agency}/", autoescape=True),
    )
    for before, after in (("open", "cancelled"), ("late", "excused")):
        event = (d.id, literal(now, t.Instant()), literal(after), literal("removed"))
        ended = select(*event).where(*owed, d.state == before)
        into = [e.duty.name, e.at.name, e.what.name, e.detail.name]
        connection.execute(insert(t.duty_event).from_select(into, ended))
        values = {"state": after, "settled_at": now, "settled_why": "removed", "next_at": None}
        connection.execute(update(t.duty).where(*owed, d.state == before).values(**values))


def versions_read(connection: Connection) -> dict[str, dict[str, int]]:
    """The highest version of a kind that an agency reads, where it is not the newest."""
    a = t.agency.c
    query = select(a.id, a.reads).where(a.reads.is_not(None))
    return {agency: json.loads(reads) for agency, reads in connection.execute(query)}


@cache
def shard_of(destination: str, shards: int) -> int:
    """Which relay shard writes a topic: always the same one, so that its order holds."""
    return zlib.crc32(destination.encode()) % max(shards, 1)
