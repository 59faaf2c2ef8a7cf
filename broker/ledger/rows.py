"""Values to rows and back: the only file that knows how pictures are stored."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    TypeDecorator,
    Uuid,
    insert,
)

from broker.duties import Duty, Rung
from broker.episode import ERASED, Episode, Fact, State, Told, state_at_start
from broker.ledger.tables import instant, micros
from broker.placements.placement import placement_of
from broker.thresholds.counted import Absence, counted
from schemas.missing import MissingNotification

_TIMES = frozenset(
    {
        "sent_at",
        "started_at",
        "gone_at",
        "review_at",
        "next_review_at",
        "next_meeting_at",
        "of_age_at",
        "risk_at",
        "starts_at",
        "ends_at",
        "placement_ended_at",
        "settled_at",
        "exploited_at",
    }
)
_MICROSECOND = timedelta(microseconds=1)
_COMPACT = json.JSONEncoder(separators=(",", ":")).encode


def span(value: timedelta | None) -> int | None:
    """A length of time as microseconds."""
    return None if value is None else value // _MICROSECOND


PLACEMENT = "placement"  # the status of a row that is no absence, but where a child is placed


def episode_row(episode: Episode, state: State) -> dict[str, Any]:
    """The row of an absence: columns that operators ask by, and the picture itself."""
    placed = placement_of(episode)
    absence = counted(episode)
    began = absence.began if absence else _as_reported(episode)
    return {
        "id": episode.id,
        "child": episode.child,
        "exercise": episode.exercise,
        "status": PLACEMENT if placed else state.status,
        "category": state.category,
        "risk": state.risk,
        "lead": state.lead,
        "host": state.host,
        "area": state.place,
        "force": "",
        "placed_with": absence.placed_with if absence else state.placed_with,
        "at_start": _json(absence.said) if absence else "{}",
        "lived_in": began.lives_in or began.place,
        "led_by": began.lead,
        "started_at": state.started_at,
        "ended_at": placed.ends_at if placed else state.ended_at,
        "picture": _picture(episode),
        "erased_at": None,  # more was said, which is erased in its turn
    }


def _as_reported(episode: Episode) -> State:
    """What was so as an absence began that was taken back: whoever asks what was known finds it."""
    if not any(fact.kind == MissingNotification.KIND for fact in episode.facts):
        return State()
    facts = (replace(fact, replaces="") for fact in episode.facts if not fact.cancels)
    return state_at_start(replace(episode, facts=tuple(facts)))


def absence_of(row: Row[Any]) -> Absence:
    """The absence a row holds, as thresholds count it: without its picture."""
    said = json.loads(row.at_start)
    return Absence(
        id=row.id,
        child=row.child,
        exercise=row.exercise,
        started_at=row.started_at,
        ended_at=row.ended_at,
        category=row.category,
        placed_with=row.placed_with,
        said={k: instant(v) if k in _TIMES else v for k, v in said.items()},
    )


def _plain_said(said: Mapping[str, Any]) -> dict[str, Any]:
    return {k: micros(v) if k in _TIMES else v for k, v in said.items()}


def _json(said: Mapping[str, Any]) -> str:
    return _COMPACT(_plain_said(said))


def _picture(episode: Episode) -> str:
    facts = [
        [
            fact.number,
            fact.message_id,
            fact.kind,
            fact.sender,
            fact.address,
            micros(fact.at),
            micros(fact.heard),
            fact.content,
            _plain_said(fact.said),
            fact.replaces,
            fact.cancels,
        ]
        for fact in episode.facts
    ]
    told = {
        address: [t.because, micros(t.at), t.view, t.as_kind, t.end_told, t.acting, t.left]
        for address, t in episode.told.items()
    }
    return _COMPACT({"facts": facts, "told": told})


def episode_of(row: Row[Any]) -> Episode:
    """The absence a row holds."""
    picture = json.loads(row.picture)
    return Episode(
        id=row.id,
        child=row.child,
        exercise=row.exercise,
        facts=facts_of(picture),
        told=told_of(picture),
    )


def last_heard(picture: str) -> datetime:
    """When the last of what a picture holds was heard; much lighter than reading it."""
    heard = (fact[6] for fact in json.loads(picture)["facts"])
    return instant(max(heard, default=0))


def facts_of(picture: Mapping[str, Any]) -> tuple[Fact, ...]:
    """What was said of the absence that a picture is of."""
    return tuple(_fact(*fields) for fields in picture["facts"])


def erased(picture: str) -> str:
    """The picture, once nothing of what was said can be shown any more."""
    held = json.loads(picture)
    facts = [[*fact[:7], ERASED, *fact[8:]] for fact in held["facts"]]
    return json.dumps(held | {"facts": facts}, separators=(",", ":"))


def told_of(picture: Mapping[str, Any]) -> dict[str, Told]:
    """Who was told of the absence that a picture is of."""
    return {
        address: Told(because, instant(at), *rest)
        for address, (because, at, *rest) in picture["told"].items()
    }


def who_knows(picture: str) -> frozenset[str]:
    """The agencies that were told of the absence that a picture is of, or said something of it."""
    held = json.loads(picture)
    told = {address.partition("/")[0] for address in held["told"]}
    return frozenset(told | {sender for _, _, _, sender, *_ in held["facts"]})


def _fact(
    number: int,
    message_id: str,
    kind: str,
    sender: str,
    address: str,
    at: int,
    heard: int,
    content: int,
    said: dict[str, Any],
    replaces: str,
    cancels: bool,
) -> Fact:
    said = {k: instant(v) if k in _TIMES else v for k, v in said.items()}
    return Fact(
        number,
        message_id,
        kind,
        sender,
        address,
        instant(at),
        instant(heard),
        content,
        said,
        replaces,
        cancels,
    )


def duty_row(duty: Duty) -> dict[str, Any]:
    """The row of a duty."""
    return {
        "id": duty.id,
        "name": duty.name,
        "episode": duty.episode,
        "child": duty.child,
        "message": duty.message,
        "delivery": duty.delivery,
        "owed_by": duty.owed_by,
        "because": duty.because,
        "basis": duty.basis,
        "exercise": duty.exercise,
        "met_by": json.dumps(duty.met_by),
        "ends_with_absence": duty.ends_with_absence,
        "state": duty.state,
        "opened_at": duty.opened_at,
        "within": span(duty.within),
        "working_days": duty.working_days,
        "not_before": duty.not_before,
        "starts_at": duty.starts_at,
        "due_at": duty.due_at,
        "ladder": json.dumps(
            {
                "rungs": [[r.after.total_seconds(), r.address, r.silent] for r in duty.rungs],
                "asked": duty.asked,
                "refused": duty.refused,
                "put_off": duty.put_off,
            }
        ),
        "rung": duty.rung,
        "next_at": duty.next_at,
        "our_fault": duty.our_fault,
        "settled_at": duty.settled_at,
        "settled_by": duty.settled_by,
        "settled_why": duty.settled_why,
        "occasion": duty.occasion,
        "until_18": duty.until_18,
        "late_on_arrival": duty.late_on_arrival,
        "working_due_at": duty.working_due_at,
    }


def duty_of(row: Row[Any]) -> Duty:
    """The duty a row holds."""
    ladder = json.loads(row.ladder)
    return Duty(
        id=row.id,
        name=row.name,
        owed_by=row.owed_by,
        because=row.because,
        basis=row.basis,
        met_by=tuple(json.loads(row.met_by)),
        message=row.message,
        opened_at=row.opened_at,
        episode=row.episode,
        child=row.child,
        delivery=row.delivery,
        exercise=row.exercise,
        ends_with_absence=row.ends_with_absence,
        state=row.state,
        within=None if row.within is None else timedelta(microseconds=row.within),
        working_days=row.working_days,
        not_before=row.not_before,
        starts_at=row.starts_at,
        due_at=row.due_at,
        rungs=tuple(Rung(timedelta(seconds=after), *rest) for after, *rest in ladder["rungs"]),
        asked=tuple(ladder["asked"]),
        refused=tuple(ladder["refused"]),
        put_off=ladder["put_off"],
        rung=row.rung,
        next_at=row.next_at,
        our_fault=row.our_fault,
        settled_at=row.settled_at,
        settled_by=row.settled_by,
        settled_why=row.settled_why,
        occasion=row.occasion,
        until_18=row.until_18,
        late_on_arrival=row.late_on_arrival,
        working_due_at=row.working_due_at,
    )


@lru_cache(maxsize=64)
def _writer(table: Table, columns: tuple[str, ...], dialect: Any) -> tuple[str, list[Any]]:
    processors = [
        table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns
    ]
    names = ", ".join(columns)
    if dialect.name == "postgresql":
        return f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)", processors
    marks = ", ".join("?" for _ in columns)
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks})", processors


def bulk(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """
    Insert many rows at the speed of the driver: COPY on PostgreSQL, one statement on SQLite.

    All rows have the same columns in the same order.
    """
    if not rows:
        return
    columns = tuple(rows[0])
    statement, processors = _writer(table, columns, connection.dialect)
    # By column, not by row: most columns go as they are, and the loop stays in C.
    by_column = zip(*(row.values() for row in rows), strict=True)
    values = zip(
        *(
            column if process is None else [None if v is None else process(v) for v in column]
            for process, column in zip(processors, by_column, strict=True)
        ),
        strict=True,
    )
    driver = connection.connection.driver_connection
    assert driver is not None
    cursor = driver.cursor()
    try:
        if connection.dialect.name == "postgresql":
            with cursor.copy(statement) as copy:
                copy.set_types([_BINARY[type(_plain(table.c[name].type))] for name in columns])
                for value in values:
                    copy.write_row(value)
        else:
            cursor.executemany(statement, values)
    except Exception as error:
        raise _translated(connection, table, error) from error
    finally:
        cursor.close()


# What COPY calls the types that the tables are made of.
_BINARY: dict[type, str] = {
    BigInteger: "int8",
    Integer: "int4",
    Boolean: "bool",
    LargeBinary: "bytea",
    String: "text",
    Text: "text",
    Uuid: "uuid",
}


def _plain(kind: Any) -> Any:
    return kind.impl if isinstance(kind, TypeDecorator) else kind


def _translated(connection: Connection, table: Table, error: Exception) -> Exception:
    """The driver's error as SQLAlchemy would raise it, so that callers see one family."""
    from sqlalchemy.exc import DBAPIError

    dbapi = connection.dialect.loaded_dbapi
    if not isinstance(error, dbapi.Error):
        return error
    return DBAPIError.instance(
        str(insert(table)),
        [],
        error,
        dbapi.Error,
        hide_parameters=True,
        connection_invalidated=connection.dialect.is_disconnect(error, None, None),
        dialect=connection.dialect,
    )
