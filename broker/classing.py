"""How a second protocol classes an absence, for a table of its own. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from broker.policy.agreed import LongerThan, Past, Protocol
from broker.working_time import at_clock, london_day


@dataclass(frozen=True, slots=True)
class Classed:
    """The category by the protocol, and since when it is so."""

    category: str
    since: datetime


def classed(
    protocol: Protocol,
    category: str,
    started_at: datetime,
    ended_at: datetime | None,
    as_at: datetime,
) -> Classed:
    """
    The category of an absence by a protocol, as far as it has gone at `as_at`.

    `category` is the last one stated. What no class of the protocol is about stays as it was
    stated; what was not yet so when the child was back never becomes so.
    """
    until = min(ended_at, as_at) if ended_at else as_at
    for one in protocol.classes:
        if category not in one.category:
            continue
        moments = [_moment(each, started_at) for each in one.any] or [started_at]
        reached = [at for at in moments if at <= until]
        if reached:
            return Classed(one.counts_as, min(reached))
    return Classed(category, started_at)


def _moment(after: LongerThan | Past, started_at: datetime) -> datetime:
    """From when on it is so: just after a length of time, or as a clock strikes in London."""
    if isinstance(after, LongerThan):
        return started_at + after.length + timedelta(microseconds=1)
    day = london_day(started_at)
    at = at_clock(day, after.clock)
    return at if at > started_at else at_clock(day + timedelta(days=1), after.clock)
