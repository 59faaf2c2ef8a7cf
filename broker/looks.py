"""
Homeward's own duty to look at an absence again, when something may be so though nobody says it.

It is owed to no agency, and the timekeeper meets it by looking.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from broker.decision import OPERATIONS, Decision
from broker.duties import Duty, excused
from broker.episode import Episode
from broker.keys import derived

if TYPE_CHECKING:
    from broker.ledger.book import Book


def look(
    name: str,
    episode: Episode,
    at: datetime,
    now: datetime,
    *,
    because: str = "",
    basis: str = "local",
    ends_with_absence: bool = False,
) -> Duty:
    """The look of this name at that time; `because` is the rule that asks for it, if one does."""
    return Duty(
        id=derived("duty", episode.id, name, at.isoformat()),
        name=name,
        owed_by=OPERATIONS,
        because=because or name,
        basis=basis,
        met_by=(),
        message=max(fact.number for fact in episode.facts),
        opened_at=now,
        episode=episode.id,
        child=episode.child,
        exercise=episode.exercise,
        ends_with_absence=ends_with_absence,
        starts_at=now,
        due_at=at,
        next_at=at,
        occasion=at.isoformat(),
    )


def keep(name: str, wanted: Duty | None, episode: Episode, now: datetime, book: "Book") -> None:
    """Let this be the one look of its name that is owed: what stands of others is let go."""
    pending = [duty for duty in book.duties_of(episode.id) if duty.name == name and duty.standing]
    gone = [
        excused(duty, now, "absence-over")
        for duty in pending
        if wanted is None or duty.id != wanted.id
    ]
    new = wanted if wanted and wanted.id not in {duty.id for duty in pending} else None
    if gone or new:
        duties = (*(duty for duty, _ in gone), *([new] if new else []))
        book.apply(Decision(duties=duties, events=tuple(event for _, event in gone)))
