"""
What is owed again and again while a child is missing, such as a meeting each week. Pure.

Each time is a duty of its own, open from when the time before fell due. Homeward owes itself a look
at the end of the last, so that the next one opens though nobody says anything.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from broker.duties import Duty
from broker.episode import Episode
from broker.keys import derived
from broker.looks import look
from broker.policy.model import Clock

LOOK = "look-at-what-comes-again"  # Homeward's own duty


def times(first: Duty, clock: Clock, episode: Episode, now: datetime) -> Iterator[Duty]:
    """
    The duty at each time that has come by now, until the child was back.

    Of what was past already when the absence was heard of, the last alone: nobody could hold the
    others.
    """
    state = episode.state
    began = state.started_at or first.starts_at
    assert began is not None
    starts, found = began, []
    for number, due in enumerate(_due(clock, began), start=1):
        over = state.ended_at is not None and state.ended_at <= starts
        if number > 1 and (starts > now or over):
            break
        found.append(_at(first, str(number), starts, due))
        starts = due
    known = [one for one in found if one.due_at and one.due_at > first.opened_at]
    yield from known or found[-1:]


def _due(clock: Clock, began: datetime) -> Iterator[datetime]:
    assert clock.within is not None
    assert clock.again is not None
    due = began + clock.within
    yield due
    for after in clock.then:
        due = began + after
        yield due
    while True:
        due += clock.again
        yield due


def _at(first: Duty, occasion: str, starts: datetime, due: datetime) -> Duty:
    return replace(
        first,
        id=derived("duty", first.episode, first.name, first.owed_by, occasion),
        occasion=occasion,
        starts_at=starts,
        due_at=due,
        next_at=due,
    )


def to_look(each: Iterable[Duty], episode: Episode, now: datetime) -> Duty | None:
    """Homeward's own duty to look again when the next of these falls due; None: there is none."""
    at = min((one.due_at for one in each if one.due_at and one.due_at > now), default=None)
    if at is None or episode.state.over:
        return None
    return look(LOOK, episode, at, now, ends_with_absence=True)
