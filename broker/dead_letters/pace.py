"""
Replaying many dead letters beside the live traffic: slowly, and never on and on.

Ends of absences go first, so that nobody is woken for a child who is known to be back.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from broker.clock import Clock
from broker.dead_letters.replay import REFUSED, Replayed, replay
from broker.decider import Decider
from broker.errors import Unexpected
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.operators import Operator

UNEXPECTED_AGAIN, MANY_REFUSED, BEHIND = "unexpected-again", "many-refused", "behind"
STOPPED = {
    UNEXPECTED_AGAIN: "Homeward still cannot handle one of them: mend that first",
    MANY_REFUSED: "too many were refused: look at why before you go on",
    BEHIND: "deliveries wait longer than a minute to be sent: let what is new go first",
}
RECORDS_A_SECOND, REFUSED_AT_MOST = 20.0, 20
_BEHIND = timedelta(minutes=1)
_AT_ONCE = 100  # the lock is held for one batch at a time
_DRY_AT_ONCE = 500  # what one of them needs of another is seen only together


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast, and how many refusals are borne."""

    records_a_second: float = RECORDS_A_SECOND
    refused_at_most: int = REFUSED_AT_MOST


@dataclass(frozen=True, slots=True)
class Step:
    """One batch that was replayed; `stopped`: why nothing comes after it, a code of `STOPPED`."""

    letters: tuple[Replayed, ...] = ()
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class Replaying:
    """What replaying works with."""

    decider: Decider
    ledger: Ledger
    clock: Clock
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic


def steps(
    numbers: Sequence[int],
    work: Replaying,
    operator: Operator,
    reason: str,
    pace: Pace,
    *,
    dry_run: bool,
) -> Iterator[Step]:
    """
    Replay batch by batch; each is a transaction of its own, and done when it is given out.

    Stops by itself where going on would do harm. What was not reached stays open.
    """
    size = _DRY_AT_ONCE if dry_run else max(1, min(_AT_ONCE, int(pace.records_a_second)))
    refused, began = 0, work.monotonic()
    for first in range(0, len(numbers), size):
        if first and (wait := began + first / pace.records_a_second - work.monotonic()) > 0:
            work.sleep(wait)
        if not dry_run and is_behind(work):
            yield Step(stopped=BEHIND)
            return
        batch = numbers[first : first + size]
        done = replay(work.decider, batch, operator, reason, dry_run=dry_run)
        refused += sum(one.outcome == REFUSED for one in done)
        stopped = ""
        if not dry_run and first + size < len(numbers):
            if any(one.code == Unexpected.code for one in done):
                stopped = UNEXPECTED_AGAIN
            elif refused > pace.refused_at_most:
                stopped = MANY_REFUSED
        yield Step(tuple(done), stopped)
        if stopped:
            return


def is_behind(work: Replaying) -> bool:
    """Whether deliveries that could go out have waited for long."""
    d, i = t.delivery.c, t.inbox.c
    oldest = (
        select(func.min(d.decided_at))
        .join(t.inbox, i.destination == d.destination)
        .where(d.sequence.is_(None), i.parked.is_(None))
    )
    with work.ledger.reading() as connection:
        since = connection.execute(oldest).scalar()
    return since is not None and work.clock.now() - since > _BEHIND
