"""
An absence that goes on may reach a threshold as time goes by: Homeward looks at it again then.

What it does when it looks is in `reaching`, as after every message.
"""

from datetime import datetime
from uuid import UUID

from broker.decision import OPERATIONS, Decision, Moment, Rulebook
from broker.duties import Duty, excused
from broker.episode import CaseKind, Episode, case_kind
from broker.keys import derived
from broker.ledger.book import Book
from broker.thresholds.applying import set_for
from broker.thresholds.counting import next_moment

LOOK = "look-at-thresholds"  # Homeward's own duty


def look_later(child: UUID, moment: Moment, book: Book, rules: Rulebook) -> None:
    """Look again when an absence that goes on may reach a threshold; never at one that is over."""
    for episode in book.episodes_of(child):
        if case_kind(episode) is not CaseKind.absence:
            continue
        if episode.state.over and not book.may_owe(episode.id):
            continue
        wanted = _to_look(episode, moment.now, book, rules)
        pending = [
            duty for duty in book.duties_of(episode.id) if duty.name == LOOK and duty.standing
        ]
        gone = [
            excused(duty, moment.now, "absence-over")
            for duty in pending
            if wanted is None or duty.id != wanted.id
        ]
        new = wanted if wanted and wanted.id not in {duty.id for duty in pending} else None
        if gone or new:
            duties = (*(duty for duty, _ in gone), *([new] if new else []))
            book.apply(Decision(duties=duties, events=tuple(event for _, event in gone)))


def _to_look(episode: Episode, now: datetime, book: Book, rules: Rulebook) -> Duty | None:
    absence = book.absence(episode)
    if absence is None:
        return None
    thresholds = [
        one for about in ("child", "home", "carer") for one in set_for(absence, about, rules)
    ]
    at = next_moment(thresholds, absence, now)
    if at is None:
        return None
    return Duty(
        id=derived("duty", episode.id, LOOK, at.isoformat()),
        name=LOOK,
        owed_by=OPERATIONS,
        because=LOOK,
        basis="local",
        met_by=(),
        message=max(fact.number for fact in episode.facts),
        opened_at=now,
        episode=episode.id,
        child=episode.child,
        exercise=episode.exercise,
        ends_with_absence=False,
        starts_at=now,
        due_at=at,
        next_at=at,
        occasion=at.isoformat(),
    )
