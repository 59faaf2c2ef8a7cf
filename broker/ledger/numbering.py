"""
Which ids the values in a ledger are framed with: the lock file's, or those of one registry.

Records that wait in an outbox, and values that are kept, can be read only by the ids they were
written with. So a ledger keeps to one source of ids, and another one is a step of its own.
"""

import json
import struct
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, bindparam, exists, or_, select, update

from broker.errors import Misuse
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from schemas import generate

_FRAME = struct.Struct(">bI")
_AT_ONCE = 1000

Ids = Mapping[str, int]


def settle(ledger: Ledger, ids: Ids) -> None:
    """
    Note the ids this process works with; `Misuse` when the ledger has others.

    A schema that is new is added; one that the ledger knows must be what it was, to the letter.
    """
    with ledger.deciding() as connection:
        held = _held(connection)
        changed = [name for name in held if name in ids and held[name]["id"] != ids[name]]
        if changed:
            name = changed[0]
            raise Misuse(
                f"the values of this ledger are framed with other schema ids ({name} has id "
                f"{held[name]['id']} there, {ids[name]} here): start Homeward with the schema "
                "registry, or the lock file, it had before; or stop every part and run "
                "`homeward schemas renumber`"
            )
        for name in held.keys() & ids.keys():
            if held[name]["sha256"] != generate.digest(name):
                raise Misuse(f"{name} is not the schema that this ledger knows by this name")
        if not ids.keys() <= held.keys():
            _keep(connection, held | _entries(ids))


def renumber(ledger: Ledger, ids: Ids, now: datetime) -> int:
    """
    Frame every value of the ledger with these ids; the answer is how many were changed.

    Nothing may run meanwhile, and no outbox may hold what was not taken in: the caller sees to
    the outboxes, and parts that hold a lease are `Misuse`.
    """
    with ledger.deciding() as connection:
        _require_stopped(connection, now)
        held = _held(connection)
        frames = {
            _FRAME.pack(0, held[name]["id"]): _FRAME.pack(0, number)
            for name, number in ids.items()
            if name in held
        }
        changed = sum(_reframe(connection, column, frames) for column in _FRAMED)
        _keep(connection, _entries(ids))
        return changed


_FRAMED = (t.message.c.value, t.content.c.value, t.dead_letter.c.value, t.dead_letter.c.repaired)


def _held(connection: Connection) -> dict[str, dict[str, Any]]:
    text = connection.execute(select(t.ledger.c.ids)).scalar_one()
    if text is not None:
        return dict(json.loads(text))
    used = select(or_(*(exists(select(column)) for column in _FRAMED)))
    # A ledger from before there were registries has the ids of the lock file.
    return _entries(generate.published()) if connection.execute(used).scalar_one() else {}


def _entries(ids: Ids) -> dict[str, dict[str, Any]]:
    return {name: {"id": number, "sha256": generate.digest(name)} for name, number in ids.items()}


def _keep(connection: Connection, entries: Mapping[str, Any]) -> None:
    connection.execute(update(t.ledger).values(ids=json.dumps(entries)))


def _reframe(connection: Connection, value: Column[Any], frames: Mapping[bytes, bytes]) -> int:
    number = value.table.c.number
    to_write: dict[str, Any] = {value.name: bindparam("framed")}
    write = update(value.table).where(number == bindparam("row")).values(to_write)
    last, changed = 0, 0
    while True:
        found = connection.execute(
            select(number, value).where(number > last).order_by(number).limit(_AT_ONCE)
        ).all()
        if not found:
            return changed
        last = found[-1][0]
        rows = list(_framed(found, frames))
        if rows:
            connection.execute(write, rows)
            changed += len(rows)


def _framed(found: Iterable[Any], frames: Mapping[bytes, bytes]) -> Iterable[dict[str, Any]]:
    for number, value in found:
        if value is not None and (frame := frames.get(value[: _FRAME.size])) is not None:
            yield {"row": number, "framed": frame + value[_FRAME.size :]}


def _require_stopped(connection: Connection, now: datetime) -> None:
    s, x = t.shard.c, t.lease.c
    for holder, until in ((s.holder, s.lease_until), (x.holder, x.until)):
        name = connection.execute(select(holder).where(until > now)).scalars().first()
        if name is not None:
            raise Misuse(
                f"{name} works with this ledger, or did a moment ago: stop every part, wait until "
                "its lease has run out, and do this again"
            )
