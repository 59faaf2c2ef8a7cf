"""Whether each step of each duty fired once, and at its time, as the ledger tells it."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from tests.chaos.victim import SPEED
from tests.chaos.windows import longest
from tests.examples import THURSDAY_NOON

LIMIT_SECONDS = 15.0  # within which some timekeeper must fire, counted while one and the same can


@dataclass
class Punctuality:
    """What fired, and what was wrong with it."""

    fired: int = 0
    latest_seconds: float = 0.0  # although a timekeeper could work
    late: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Step:
    duty: UUID
    what: str
    due: datetime
    fired: datetime


def punctuality(
    ledger: Ledger, began: datetime, able: list[tuple[float, float]], limit: float = LIMIT_SECONDS
) -> Punctuality:
    """`able` is when a timekeeper and the ledger could work; duties run by a fast clock."""

    def real(at: datetime) -> float:
        return began.timestamp() + (at - THURSDAY_NOON).total_seconds() / SPEED

    found = Punctuality()
    d, e = t.duty.c, t.duty_event.c
    columns = (d.id, d.opened_at, d.due_at, d.working_due_at, d.ladder, d.our_fault, d.rung)
    with ledger.reading() as connection:
        duties = {row.id: row for row in connection.execute(select(*columns))}
        query = select(e.duty, e.at, e.what, e.address, e.detail).order_by(e.number)
        events = defaultdict(list)
        for event in connection.execute(query.where(e.what.in_(("late", "climbed")))):
            events[event.duty].append(event)
    for id, each in events.items():
        found.fired += len(each)
        times = Counter((one.what, one.address if one.what == "climbed" else "") for one in each)
        found.twice += [f"{what} {id} {address}" for (what, address), n in times.items() if n > 1]
        for step in _steps(duties[id], each):
            could = longest(able, real(step.due), real(step.fired))
            found.latest_seconds = max(found.latest_seconds, could)
            if could > limit:
                found.late.append(f"{step.what} of {step.duty}: {could:.1f} s")
    return found


def _steps(duty: Any, events: list[Any]) -> Iterator[_Step]:
    """When each step was due, where the ledger still says it."""
    if duty.our_fault or duty.due_at is None:  # climbed unsent: it was due by no clock of its own
        return
    rungs = [(timedelta(seconds=after), to) for after, to, _ in json.loads(duty.ladder)["rungs"]]
    climbs = [one for one in events if one.what == "climbed"]
    start = duty.working_due_at or duty.due_at
    for one in events:
        if one.what == "late":
            yield _Step(duty.id, "late", max(duty.due_at, duty.opened_at), one.at)
    if len(climbs) != duty.rung:  # rungs were passed over: which one this was is not known
        return
    before = duty.opened_at
    for place, (one, (after, address)) in enumerate(zip(climbs, rungs, strict=False)):
        if one.address != address:  # an answer took it there, or another desk covers it
            return
        gap = after - (rungs[place - 1][0] if place else after)
        yield _Step(duty.id, f"rung {place}", max(start + after, before + gap), one.at)
        before = one.at
